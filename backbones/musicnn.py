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
)

vgg_msd = replace(
    vgg_mtt,
    name="vgg-msd",
    summary="VGG tagger, trained on the Million Song Dataset",
    layers=_vgg_layers(15.625),
    build=partial(_vgg, "msd"),
    weights=f"{WHEEL}/MSD_vgg",
    load=partial(_vgg, "msd"),
    trained_on=("msd",),
)
