"""OpenL3: does this sound belong to this picture?"""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_FRAMES = 48_000 / 242
_WIDTHS = ((64, 2), (128, 4), (256, 8), (512, 8))
"""Channels, and frames of the spectrogram that are one of theirs."""
_COMMIT = "c2321e8c1e68213357431f1868380a0ef224ce03"
_BLOB = "15e483646fa3d4091a463f0affbb706e6bbbb098"
"""What git calls the file in the tree of that commit, of the branch `models`."""


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._hdf5 import saved_weights
    from backbones._networks.openl3 import OpenL3, from_keras
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, OpenL3)
    if weights is not None:
        found = from_keras(network, saved_weights(weights))
        _weights.fill(network, found, weights, own=("*.num_batches_tracked",))
    return TorchEncoder(network)


music = Backbone(
    name="openl3-music",
    family=Family.CROSS_MODAL,
    summary="OpenL3 of 256 mel bands, trained on sound and picture of videos of music",
    sample_rate=48_000,
    window=1.0,
    shortest=1.0,
    layers=(
        *(Layer(f"block{n}", w, _FRAMES / step) for n, (w, step) in enumerate(_WIDTHS, 1)),
        Layer("embedding", 512),
        Layer("embedding-6144", 6144),
    ),
    default="embedding",
    parameters=4_687_042,
    build=_encoder,
    weights=f"pkg:generic/openl3@{_COMMIT}?checksum=gitblob:{_BLOB}&download_url=https://"
    f"raw.githubusercontent.com/marl/openl3/{_COMMIT}/openl3_audio_mel256_music-v0_4_0.h5.gz",
    load=_encoder,
    extra="hdf5",
    trained_on=("audioset",),
    paper="Cramer et al., Look, listen, and learn more: design choices for deep audio "
    "embeddings, ICASSP 2019",
    licence="MIT",
    weights_licence="CC BY 4.0",
)
