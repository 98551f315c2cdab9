"""Tiny networks as files, one for each door."""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from onnx import ModelProto

RATE = 16_000
TINY = "tunes/type@tiny"
MTEB = f"mteb:mteb/baseline-random-encoder?rate={RATE}&trust-remote-code=1"
DIM = 6

HEAR = """
import torch

class Model(torch.nn.Module):
    sample_rate = 16000
    scene_embedding_size = timestamp_embedding_size = 6

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 6, 400, 160)

def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.load_state_dict(torch.load(model_file_path, weights_only=True))
    return model

def get_timestamp_embeddings(audio, model):
    frames = torch.relu(model.conv(audio[:, None])).transpose(1, 2)
    stamps = (torch.arange(frames.shape[1]) * 10.0).expand(len(audio), -1)
    return frames, stamps

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].amax(1)
"""

XARES = """
import torch

class TinyEncoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.sampling_rate, self.hop_size_in_ms, self.output_dim = 16000, 10, 6
        self.conv = torch.nn.Conv1d(1, 6, 400, 160)

    def forward(self, audio):
        return torch.relu(self.conv(audio[:, None])).transpose(1, 2)
"""


class Tiny(nn.Module):
    """(batch, samples) → frames: (batch, frames, 6), clip: (batch, 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, DIM, 400, 160)

    def forward(self, audio: torch.Tensor) -> dict[str, torch.Tensor]:
        frames = torch.relu(self.conv(audio[:, None])).transpose(1, 2)
        return {"frames": frames, "clip": frames.amax(1)}


def torchscript(folder: Path) -> str:
    """A traced network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Tiny()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        traced = torch.jit.trace(network, torch.zeros(1, RATE), strict=False)
        torch.jit.save(traced, folder / "traced.pt")
    return f"torchscript:{folder / 'traced.pt'}?rate={RATE}"


def onnx(folder: Path, rows: int | None = None, samples: int | None = None) -> str:
    """An exported network, of one shape or of any."""
    import onnx as exchange

    file = folder / f"exported-{rows}-{samples}.onnx"
    exchange.save(_graph(rows or "n", samples or "t"), file)
    return f"onnx:{file}?rate={RATE}"


def _graph(rows: int | str, samples: int | str) -> "ModelProto":
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.random.default_rng(0).normal(0, 0.1, (DIM, 1, 400)).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["audio", "axis"], ["mono"]),
        helper.make_node("Conv", ["mono", "kernel"], ["filtered"], strides=[160]),
        helper.make_node("Relu", ["filtered"], ["bands"]),
        helper.make_node("Transpose", ["bands"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("ReduceMax", ["frames", "axis"], ["clip"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [rows, samples])],
        [
            helper.make_tensor_value_info("frames", TensorProto.FLOAT, [rows, None, DIM]),
            helper.make_tensor_value_info("clip", TensorProto.FLOAT, [rows, DIM]),
        ],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def timm(folder: Path) -> str:
    """A network for pictures, as timm saves one for the hub."""
    import timm as pictures
    from timm.models import save_for_hf

    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_for_hf(
            pictures.create_model("test_resnet"), str(folder / "resnet"), safe_serialization=True
        )
    return f"timm:{folder / 'resnet'}"


def hf(folder: Path) -> str:
    """A HuBERT with random weights."""
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    config = HubertConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        HubertModel(config).save_pretrained(folder / "hubert")
    Wav2Vec2FeatureExtractor().save_pretrained(folder / "hubert")
    return f"hf:{folder / 'hubert'}"


def hear(folder: Path) -> str:
    """A module of the HEAR API."""
    (folder / "listening.py").write_text(HEAR)
    return f"hear:{folder / 'listening.py'}"


def xares(folder: Path) -> str:
    """A file with an encoder of X-ARES."""
    (folder / "tiny_encoder.py").write_text(XARES)
    return f"xares:{folder / 'tiny_encoder.py'}"


def fill(folder: Path, clips: int, *, scale: float = 1.0) -> None:
    """What a user adds to a folder that `bench data export` has made."""
    vectors = np.random.default_rng(0).normal(0, scale, (clips, DIM)).astype(np.float32)
    np.save(folder / "vectors.npy", vectors)
    said = json.loads((folder / "manifest.json").read_text())
    said |= {"name": "mine", "family": "supervised", "summary": "s", "trained_on": ["msd"]}
    said |= {"paper": "none", "licence": "MIT"}
    (folder / "manifest.json").write_text(json.dumps(said))
