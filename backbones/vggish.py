"""VGGish, trained on YouTube-8M's videos."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_FRAMES = 100.0
_WIDTHS = (64, 128, 256, 512)


def _encoder(weights: Path | None = None) -> Encoder:
    from backbones import _weights
    from backbones._networks.seeded import seeded
    from backbones._networks.vggish import VGGish
    from backbones._torch import TorchEncoder

    network = seeded(0, VGGish)
    if weights is not None:
        _weights.fill(network, _weights.read(weights), weights)
    return TorchEncoder(network)


vggish = Backbone(
    name="vggish",
    family=Family.SUPERVISED,
    summary="VGGish, trained on the tags of YouTube-8M; its embedding before PCA",
    sample_rate=16_000,
    window=0.975,
    hop=0.96,
    shortest=0.975,
    layers=(
        *(Layer(f"stage{n}", w, _FRAMES / 2**n) for n, w in enumerate(_WIDTHS, 1)),
        Layer("embedding", 128),
    ),
    default="embedding",
    parameters=72_141_184,
    build=_encoder,
    weights="pkg:generic/torchvggish@0.1?checksum=sha256:10086976&download_url="
    "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
    load=_encoder,
    trained_on=("youtube-8m",),
    paper="Hershey et al., CNN architectures for large-scale audio classification, ICASSP 2017",
    licence="Apache-2.0",
    weights_licence="that of github.com/harritaylor/torchvggish",
)
