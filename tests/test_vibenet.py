"""VibeNet: its front end as librosa has it, its network as torchvision has it."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from backbones import Audio, WeightsError
from backbones._networks.efficientnet import EfficientNet
from backbones.vibenet import vibenet
from bench.testing import noise

onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
models = pytest.importorskip("torchvision.models", reason="the extra `timm` is not installed")


class Reference(nn.Module):
    """The published network, made of torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = models.efficientnet_b0(weights=None)
        self.backbone.classifier = nn.Identity()
        hidden = (nn.LayerNorm(1280), nn.Linear(1280, 256), nn.GELU())
        self.trunk = nn.Sequential(*hidden)
        self.heads = nn.ModuleDict({"valence": nn.Linear(256, 1)})

    def forward(self, mel: Tensor) -> Tensor:
        found: Tensor = self.backbone(mel[:, None].repeat(1, 3, 1, 1))
        return found


def heard() -> Audio:
    """Two windows of noise, one of them quiet at first."""
    audio = noise(vibenet, 2, 2.0)
    audio[0, :8000] *= 1e-3
    return audio


def decibel(audio: Audio) -> Tensor:
    """Frames of 640 samples every 320, none beyond an end: (mels, frames)."""
    window = np.hanning(641)[:-1]
    frames = librosa.util.frame(audio, frame_length=640, hop_length=320, axis=0) * window
    power = np.abs(np.fft.rfft(frames, 1024)) ** 2
    mel = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=128, fmin=0, fmax=8000) @ power.T
    return torch.from_numpy(librosa.power_to_db(mel, ref=1.0, top_db=80).astype(np.float32))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """With random weights, normalised by what it hears, so that its signals live."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        made = Reference().train()
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        made(torch.stack([decibel(row) for row in heard()]))
    return made.eval()


def exported(network: nn.Module, file: Path, *, without: str = "") -> Path:
    """The weights as an ONNX file names them, beside constants of the graph."""
    state = {name: x.numpy() for name, x in network.state_dict().items() if name != without}
    kept = {name: x for name, x in state.items() if not name.endswith("num_batches_tracked")}
    constants = {"val_1": np.zeros(16, np.float32), "val_2": np.array([2, 3])}
    tensors = [onnx.numpy_helper.from_array(x, n) for n, x in (kept | constants).items()]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "made", [], [], tensors)), file)
    return file


def test_it_is_the_published_network(reference: Reference, tmp_path: Path) -> None:
    audio = heard()
    mel = torch.stack([decibel(row) for row in audio])
    assert vibenet.load is not None
    found = vibenet.load(exported(reference, tmp_path / "net.onnx")).encode(audio)
    with torch.no_grad():
        stages = reference.backbone.features[:8](mel[:, None].repeat(1, 3, 1, 1))
        embedding = reference(mel)
        trunk = reference.trunk(embedding)
    np.testing.assert_allclose(EfficientNet().mel(torch.from_numpy(audio)), mel, atol=2e-3)
    np.testing.assert_allclose(found["stage7"], stages.mean(2).mT, atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(found["embedding"][:, 0], embedding, atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(found["trunk"][:, 0], trunk, atol=1e-4)
    assert float(embedding.std(0).mean()) > 0.01


def test_weights_are_loaded_whole_or_not_at_all(reference: Reference, tmp_path: Path) -> None:
    gone = "backbone.features.3.0.block.2.fc1.weight"
    file = exported(reference, tmp_path / "net.onnx", without=gone)
    assert vibenet.load is not None
    with pytest.raises(WeightsError, match=rf"net\.onnx does not fit: {gone} is missing"):
        vibenet.load(file)
    file.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"net\.onnx is no ONNX file"):
        vibenet.load(file)


def test_the_card_has_the_size_of_the_network() -> None:
    assert sum(x.numel() for x in EfficientNet().parameters()) == vibenet.parameters
