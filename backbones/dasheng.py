"""Dasheng: a masked autoencoder of general audio."""

from pathlib import Path

from backbones import Backbone, Encoder, Family
from backbones._published import states


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.dasheng import Dasheng
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, Dasheng)
    if weights is not None:
        found = _weights.renamed(_weights.read(weights), {"encoder.": ""})
        _weights.fill(network, found, weights, own=("mel.*",))
    return TorchEncoder(network)


base = Backbone(
    name="dasheng-base",
    family=Family.AUDIO_SSL,
    summary="Dasheng base, a masked autoencoder of sounds, speech and music",
    sample_rate=16_000,
    window=10.0,
    layers=states(12, 768, 25.0),
    default="layer-12",
    parameters=85_447_808,
    build=_encoder,
    weights="pkg:huggingface/mispeech/dasheng-base@d29a721c75b996ffa49e2a1f985349d191a4ae5e"
    "?checksum=sha256:adaa439ebec13933501242364a29b7912c2695d0354061b278c873438b2736c3"
    "#model.safetensors",
    load=_encoder,
    trained_on=("acav100m", "audioset", "jamendo", "vggsound"),
    paper="Dinkel et al., Scaling up masked audio encoder learning for general audio "
    "classification, Interspeech 2024",
    licence="Apache-2.0",
    weights_licence="Apache-2.0",
)
