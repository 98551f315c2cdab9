"""Constant-Q and chroma statistics: what a learned representation has to beat on pitch and key."""

from backbones import Backbone, Encoder, Family, Layer


def _build() -> Encoder:
    from backbones._networks.statistics import ChromaStatistics
    from backbones._torch import TorchEncoder

    return TorchEncoder(ChromaStatistics(), rows=1, mixed=False)


chroma = Backbone(
    name="chroma",
    family=Family.HANDCRAFTED,
    summary="mean and deviation of 12 pitch classes and of an 84-bin log constant-Q transform",
    sample_rate=24_000,
    window=None,
    layers=(Layer("chroma", 24), Layer("cqt", 168)),
    default="chroma",
    build=_build,
    paper="Cheuk et al., nnAudio: an on-the-fly GPU audio to spectrogram conversion toolbox, "
    "IEEE Access 8, 2020; Brown and Puckette, JASA 92(5), 1992",
    licence="Apache-2.0",
)
