"""MULE: contrastive learning of music on a slow and a fast path."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_SLOW, _FAST = (256, 512, 1536, 1536), (32, 64, 192, 192)
_SLOW_RATE, _FAST_RATE = 6.25, 25.0


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _hdf5, _weights
    from backbones._networks.mule import Mule, from_keras
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    encoder = seeded(0, Mule)
    if weights is not None:
        layers, saved = _hdf5.archive(weights)
        gains = [
            each.channels
            for each in layers
            if each.kind == "ScalarMultiply" and each.settings.get("learnable")
        ]
        _weights.fill(encoder.network, from_keras(encoder.network, gains, saved), weights)
    return TorchEncoder(encoder)


mule = Backbone(
    name="mule",
    family=Family.AUDIO_SSL,
    summary="MULE: SF-NFNet-F0, contrastive on Pandora's Musicset of 117,000 hours",
    sample_rate=16_000,
    window=3.0,
    hop=2.0,
    shortest=1.0,
    layers=(
        *(
            Layer(f"{path}{number}", dim, rate)
            for number, dims in enumerate(zip(_SLOW, _FAST, strict=True), 1)
            for path, dim, rate in zip(
                ("slow", "fast"), dims, (_SLOW_RATE, _FAST_RATE), strict=True
            )
        ),
        Layer("embedding", 1728),
    ),
    default="embedding",
    parameters=62_345_742,
    build=_encoder,
    weights="pkg:generic/mule@v1.1.2?checksum=sha256:"
    "1da111d619bac0d422e41f153cbfb903f7ec3c5d3b2768f5d68f04452ed18180&download_url=https://"
    "github.com/PandoraMedia/music-audio-representations/raw/v1.1.2/supporting_data/model/"
    "model.keras",
    load=_encoder,
    extra="hdf5",
    trained_on=("musicset",),
    paper="McCallum et al., Supervised and unsupervised learning of audio representations for "
    "music understanding, ISMIR 2022",
    licence="Apache-2.0",
    weights_licence="CC BY-NC 4.0",
)
