"""MATPAC: M2D's network, which predicts and classifies what is masked."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer
from backbones._published import states

_STATISTICS = (-7.056, 4.193)
_RELEASES = "https://github.com/aurianworld/matpac/releases/download"


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.m2d import PatchTransformer
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, lambda: PatchTransformer(_STATISTICS, centered=False))
    if weights is not None:
        found = _weights.renamed(_weights.read(weights), {"student_encoder.": ""})
        _weights.fill(
            *(network, found, weights), ignore=("log_mel.*",), own=("mel.*", "norm_stats")
        )
    return TorchEncoder(network)


def _card(name: str, summary: str, corpus: str, weights: str, paper: str) -> Backbone:
    return Backbone(
        name=name,
        family=Family.AUDIO_SSL,
        summary=summary,
        sample_rate=16_000,
        window=6.095,
        layers=(*states(12, 768, 6.25), Layer("embedding", 3840, 6.25)),
        default="embedding",
        parameters=85_400_832,
        build=_encoder,
        weights=f"pkg:generic/{weights}",
        load=_encoder,
        trained_on=(corpus,),
        paper=paper,
        licence="Apache-2.0",
        weights_licence="none stated by github.com/aurianworld/matpac",
    )


matpac = _card(
    "matpac",
    "MATPAC base, masked prediction and classification of the sounds of AudioSet",
    "audioset",
    f"matpac@Initial_release?checksum=first-use&download_url={_RELEASES}/Initial_release/"
    "matpac_10_2048.pt",
    "Quelennec et al., Masked latent prediction and classification for self-supervised audio "
    "representation learning, ICASSP 2025",
)
matpac_plus_music = _card(
    "matpac-plus-music",
    "MATPAC++ base, masked prediction and classification of music",
    "unknown",
    f"matpac@MATPAC%2B%2B?checksum=first-use&download_url={_RELEASES}/MATPAC%252B%252B/"
    "matpac_plus_music_6s_2048_enconly.pt",
    "Quelennec et al., MATPAC++: enhanced masked latent prediction for self-supervised audio "
    "representation learning, 2025, arXiv:2508.12709",
)
