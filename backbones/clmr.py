"""CLMR: contrastive learning from raw waveforms of music."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_RATE = 22_050
_WIDTHS = (128, 128, 128, 256, 256, 256, 256, 256, 256, 512)


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.samplecnn import SampleCnn
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, SampleCnn)
    if weights is not None:
        found = _weights.renamed(_weights.read(weights), {"encoder.": ""})
        _weights.fill(network, found, weights, ignore=("projector.*",))
    return TorchEncoder(network)


clmr = Backbone(
    name="clmr",
    family=Family.AUDIO_SSL,
    summary="CLMR: SampleCNN, contrastive on the waveforms of MagnaTagATune",
    sample_rate=_RATE,
    window=3**10 / _RATE,
    shortest=3**10 / _RATE,
    layers=(
        *(Layer(f"conv{n}", w, _RATE / 3**n) for n, w in enumerate(_WIDTHS, 1)),
        Layer("embedding", 512),
    ),
    default="embedding",
    parameters=2_368_512,
    build=_encoder,
    weights="pkg:generic/clmr@2.0?checksum=first-use&download_url=https://github.com/Spijkervet/"
    "CLMR/releases/download/2.0/clmr_checkpoint_10000.zip#clmr_checkpoint_10000.pt",
    load=_encoder,
    trained_on=("magnatagatune",),
    paper="Spijkervet and Burgoyne, Contrastive learning of musical representations, ISMIR 2021",
    licence="Apache-2.0",
    weights_licence="Apache-2.0",
)
