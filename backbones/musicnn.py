"""Music taggers with published weights: MusiCNN and VGG of the `musicnn` package."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from backbones import Backbone, Encoder, Family, Layer

CHECKSUM = "sha256:f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
WHEEL = f"pkg:pypi/musicnn@0.1.0?checksum={CHECKSUM}#musicnn"
PAPER = (
    "Pons and Serra, musicnn: pre-trained convolutional neural networks for music audio tagging, "
    "late-breaking demo at ISMIR 2019; "
    "Pons et al., End-to-end learning for music audio tagging at scale, ISMIR 2018"
)
MUSICNN_LAYERS = (
    Layer("timbral", 408, 62.5),
    Layer("temporal", 153, 62.5),
    Layer("cnn1", 64, 62.5),
    Layer("cnn2", 64, 62.5),
    Layer("cnn3", 64, 62.5),
    Layer("mean_pool", 753),
    Layer("max_pool", 753),
    Layer("penultimate", 200),
)
Tags = Literal["mtt", "msd"]


def _musicnn(weights: Path | None = None) -> Encoder:
    from backbones._networks.musicnn import TENSORFLOW_NAMES, MusiCNN
    from backbones._networks.seeded import seeded
    from backbones._networks.tensorflow import load_tensorflow
    from backbones._torch import TorchEncoder

    network = seeded(0, MusiCNN)
    if weights is not None:
        load_tensorflow(network, TENSORFLOW_NAMES, weights)
    return TorchEncoder(network)


def _vgg(tags: Tags, weights: Path | None = None) -> Encoder:
    from backbones._networks.seeded import seeded
    from backbones._networks.tensorflow import load_tensorflow
    from backbones._networks.vgg import MSD_POOLS, MTT_POOLS, TENSORFLOW_NAMES, VGG
    from backbones._torch import TorchEncoder

    network = seeded(0, lambda: VGG(MTT_POOLS if tags == "mtt" else MSD_POOLS))
    if weights is not None:
        load_tensorflow(network, TENSORFLOW_NAMES, weights)
    return TorchEncoder(network, rows=1)


def _vgg_layers(first_rate: float) -> tuple[Layer, ...]:
    rates = (first_rate, 15.625, 7.8125, 3.90625, 0.9765625)
    pools = (Layer(f"pool{i}", 128, rate) for i, rate in enumerate(rates, 1))
    return (*pools, Layer("flat", 256))


musicnn_mtt = Backbone(
    name="musicnn-mtt",
    family=Family.SUPERVISED,
    summary="MusiCNN tagger, trained on MagnaTagATune",
    sample_rate=16_000,
    window=3.0,
    layers=MUSICNN_LAYERS,
    default="mean_pool",
    parameters=787_159,
    build=_musicnn,
    weights=f"{WHEEL}/MTT_musicnn",
    load=_musicnn,
    heard=(
        -0.000136848,
        2.67247e-06,
        6.15208e-07,
        -1.37339e-05,
        0.00060624,
        6.43567e-07,
        0.000107311,
        0.200334,
    ),
    trained_on=("magnatagatune",),
    paper=PAPER,
    licence="ISC",
    weights_licence="ISC",
)

musicnn_msd = replace(
    musicnn_mtt,
    name="musicnn-msd",
    summary="MusiCNN tagger, trained on the Million Song Dataset",
    weights=f"{WHEEL}/MSD_musicnn",
    heard=(
        2.25833e-06,
        2.34208e-06,
        1.21282e-06,
        2.36439e-06,
        2.3427e-06,
        5.18287,
        -0.00148492,
        0.646424,
    ),
    trained_on=("msd",),
)

vgg_mtt = replace(
    musicnn_mtt,
    name="vgg-mtt",
    summary="VGG tagger, trained on MagnaTagATune",
    shortest=1.1,
    layers=_vgg_layers(31.25),
    default="flat",
    parameters=605_748,
    build=partial(_vgg, "mtt"),
    weights=f"{WHEEL}/MTT_vgg",
    load=partial(_vgg, "mtt"),
    heard=(-0.707509, -0.247714, 0.815614, -0.070267, -0.321171, 0.292134, 0.144835, -0.070267),
)

vgg_msd = replace(
    vgg_mtt,
    name="vgg-msd",
    summary="VGG tagger, trained on the Million Song Dataset",
    layers=_vgg_layers(15.625),
    build=partial(_vgg, "msd"),
    weights=f"{WHEEL}/MSD_vgg",
    load=partial(_vgg, "msd"),
    heard=(
        -0.216838,
        -0.0847109,
        -0.506385,
        -1.95822e-05,
        0.902668,
        1.58462,
        -0.92075,
        -1.95822e-05,
    ),
    trained_on=("msd",),
)
