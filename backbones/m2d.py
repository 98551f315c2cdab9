"""M2D: two networks, each of which models what the other does not see."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer
from backbones._published import states

_NAME = "m2d_vit_base-80x608p16x16-221006-mr7_enconly"
_STATISTICS = (-7.1, 4.2)
"""Mean and deviation of a spectrogram, where a file of 2022 does not hold them."""


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.m2d import PatchTransformer
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, lambda: PatchTransformer(_STATISTICS))
    if weights is not None:
        found = {"norm_stats": network.get_buffer("norm_stats"), **_weights.read(weights)}
        _weights.fill(network, found, weights, own=("mel.*",))
    return TorchEncoder(network)


base = Backbone(
    name="m2d-base",
    family=Family.AUDIO_SSL,
    summary="M2D/0.7 base, masked modelling of the sounds of AudioSet",
    sample_rate=16_000,
    window=6.08,
    layers=(*states(12, 768, 6.25), Layer("embedding", 3840, 6.25)),
    default="embedding",
    parameters=85_400_832,
    build=_encoder,
    weights="pkg:generic/m2d@v0.1.0?checksum=first-use&download_url=https://github.com/nttcslab/"
    f"m2d/releases/download/v0.1.0/{_NAME}.zip#{_NAME}/checkpoint-300.pth",
    load=_encoder,
    trained_on=("audioset",),
    paper="Niizumi et al., Masked modeling duo: learning representations by encouraging both "
    "networks to model the input, ICASSP 2023; Masked modeling duo: towards a universal audio "
    "pre-training framework, IEEE/ACM TASLP 32, 2024",
    licence="Apache-2.0",
    weights_licence="NTT's, of github.com/nttcslab/m2d: internal, non-commercial evaluation",
)
