"""VibeNet: what a listener hears in a recording, distilled into a small network."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_FRAMES = 50.0
_STAGES = ((16, 2), (24, 4), (40, 8), (80, 16), (112, 16), (192, 32), (320, 32))
"""Channels, and frames of the spectrogram that are one of theirs."""


def _encoder(wheel: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.efficientnet import EfficientNet
    from backbones._networks.seeded import seeded
    from backbones._onnx import initializers
    from backbones._torch import TorchEncoder

    network = seeded(0, EfficientNet)
    if wheel is not None:
        _weights.fill(
            *(network, initializers(wheel), wheel),
            ignore=("heads.*", "val_*"),
            own=("*.num_batches_tracked",),
        )
    return TorchEncoder(network)


vibenet = Backbone(
    name="vibenet",
    family=Family.SUPERVISED,
    summary="EfficientNet-B0 for valence, energy and five more, taught by a tagger's embeddings",
    sample_rate=16_000,
    window=10.0,
    shortest=1.0,
    layers=(
        *(Layer(f"stage{n}", dim, _FRAMES / step) for n, (dim, step) in enumerate(_STAGES, 1)),
        Layer("embedding", 1280),
        Layer("trunk", 256),
    ),
    default="embedding",
    parameters=4_338_044,
    build=_encoder,
    weights="pkg:pypi/vibenet@0.1.0?checksum=sha256:"
    "3474fd65a9723f0f58f511e77d1641ea937f11b8d75e906bcda2da9cad3094f5"
    "#vibenet/artifacts/efficientnet_model.onnx",
    load=_encoder,
    extra="onnx",
    trained_on=("fma",),
    paper="Shim, VibeNet: music emotion prediction, 2025, github.com/jaeheonshim/vibenet; "
    "Tan and Le, EfficientNet: rethinking model scaling for convolutional neural networks, "
    "ICML 2019",
    licence="Apache-2.0",
    weights_licence="GPL-3.0-or-later",
)
