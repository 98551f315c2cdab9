"""PANNs: CNN14, a tagger of AudioSet."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_FRAMES = 100.0
_WIDTHS = (64, 128, 256, 512, 1024, 2048)
_UNUSED = ("spectrogram_extractor.*", "logmel_extractor.*", "fc_audioset.*")
"""Front end, which is made here, and the tag layer."""


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.cnn14 import Cnn14
    from backbones._networks.seeded import seeded
    from backbones._torch import TorchEncoder

    network = seeded(0, Cnn14)
    if weights is not None:
        tensors = _weights.read(weights, "model")
        _weights.fill(network, tensors, weights, ignore=_UNUSED, own=("mel.*",))
    return TorchEncoder(network)


cnn14 = Backbone(
    name="panns-cnn14",
    family=Family.SUPERVISED,
    summary="CNN14 of PANNs, trained on the tags of AudioSet",
    sample_rate=32_000,
    window=10.0,
    shortest=1.0,
    layers=(
        *(Layer(f"block{n}", w, _FRAMES / 2 ** min(n, 5)) for n, w in enumerate(_WIDTHS, 1)),
        Layer("embedding", 2048),
    ),
    default="embedding",
    parameters=79_673_792,
    build=_encoder,
    weights="pkg:generic/panns-cnn14@3987831?checksum=md5:541141fa2ee191a88f24a3219fff024e&file_name="
    "Cnn14_mAP=0.431.pth&download_url=https://zenodo.org/record/3987831/files/Cnn14_mAP%253D0.431.pth",
    load=_encoder,
    trained_on=("audioset",),
    paper="Kong et al., PANNs: large-scale pretrained audio neural networks for audio pattern "
    "recognition, IEEE/ACM TASLP 28, 2020",
    licence="MIT",
    weights_licence="that of Zenodo record 3987831",
)
