"""Mel and MFCC statistics: what a learned representation has to beat on timbre."""

from backbones import Backbone, Encoder, Family, Layer


def _build() -> Encoder:
    from backbones._networks.statistics import MelStatistics
    from backbones._torch import TorchEncoder

    return TorchEncoder(MelStatistics(), rows=2, mixed=False)


melstats = Backbone(
    name="melstats",
    family=Family.HANDCRAFTED,
    summary="mean and deviation of 128 log-mel bands, 20 MFCC and their deltas",
    sample_rate=24_000,
    window=None,
    layers=(Layer("mel", 512), Layer("mfcc", 80), Layer("both", 592)),
    default="both",
    build=_build,
    paper="Tzanetakis and Cook, Musical genre classification of audio signals, "
    "IEEE Transactions on Speech and Audio Processing 10(5), 2002",
    licence="Apache-2.0",
)
