"""Folders of transformers' models: another's configuration, missing weights, harmful pickles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from backbones import Backbone, WeightsError
from bench.registry import PluginError, Registry
from bench.testing import noise
from tests.miniatures import written

if TYPE_CHECKING:
    from transformers.modeling_utils import PreTrainedModel

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")


def as_pickle(folder: Path) -> None:
    """The same weights as their authors published them, with the names of PyTorch before 2.1."""
    from safetensors.torch import load_file

    file = folder / "model.safetensors"
    older = {"parametrizations.weight.original0": "weight_g"}
    older["parametrizations.weight.original1"] = "weight_v"
    tensors = load_file(file)
    for new, old in older.items():
        tensors = {name.replace(new, old): x for name, x in tensors.items()}
    assert sum(name.endswith(("weight_g", "weight_v")) for name in tensors) == 2
    torch.save(tensors, folder / "pytorch_model.bin")
    file.unlink()


def write_mert(folder: Path, card: Backbone, **settings: object) -> "PreTrainedModel":
    """HuBERT with the config.json of a MERT, whose code is elsewhere."""
    mert = {"model_type": "mert_model", "auto_map": {"AutoConfig": "configuration_MERT.MERTConfig"}}
    plain = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}
    return written(folder, card, {**mert, **plain, **settings})


def hears_as(card: Backbone, made: "PreTrainedModel", folder: Path) -> None:
    """The files of a folder, loaded by the card, give the hidden states of the model itself."""
    audio = noise(card, 1, 1.0)
    front = transformers.AutoFeatureExtractor.from_pretrained(folder)
    inputs = front([audio[0]], sampling_rate=card.sample_rate, return_tensors="pt")
    with torch.inference_mode():
        expected = made(inputs["input_values"], output_hidden_states=True).hidden_states
    assert card.load is not None
    found = card.load(folder).encode(audio)
    for x, y in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(x, y.numpy(), atol=1e-4)


@pytest.mark.parametrize(("name", "relaxed"), [("mert-v1-95m", -1.0), ("mert-v1-330m", 32.0)])
def test_mert_is_read_without_its_code(
    name: str, relaxed: float, cards: Registry, tmp_path: Path
) -> None:
    card = cards.backbones[name].card
    made = write_mert(tmp_path, card, attention_relax=relaxed)
    as_pickle(tmp_path)
    hears_as(card, made, tmp_path)


def test_a_mert_with_parts_of_its_own_is_refused(cards: Registry, tmp_path: Path) -> None:
    card = cards.backbones["mert-v1-95m"].card
    write_mert(tmp_path, card, deepnorm=True, feature_extractor_cqt=True)
    with pytest.raises(PluginError, match="MERT with feature_extractor_cqt, deepnorm, which Hu"):
        cards.backbones.matching([f"hf:{tmp_path}"])


def test_a_vocabulary_that_is_a_path_is_passed_over(cards: Registry, tmp_path: Path) -> None:
    """As in music2vec's config.json."""
    card = cards.backbones["music2vec-v1"].card
    made = written(tmp_path, card, {"vocab_size": "/data/dict.txt"})
    hears_as(card, made, tmp_path)


def test_a_setting_of_another_type_is_named(cards: Registry, tmp_path: Path) -> None:
    written(tmp_path, cards.backbones["music2vec-v1"].card, {"hidden_size": "wide"})
    with pytest.raises(PluginError, match="Field 'hidden_size' expected int, got str"):
        cards.backbones.matching([f"hf:{tmp_path}"])


@pytest.mark.parametrize(
    ("settings", "rate", "said"),
    [
        ({"model_type": []}, 16_000, "config.json is not the configuration of a model, with its"),
        ({"num_hidden_layers": 0}, 16_000, "config.json makes a network without hidden layers"),
        ({"num_attention_heads": -2}, 16_000, "config.json makes no network that runs: RuntimeE"),
        ({"model_type": "mert_model", "hidden_size": "x"}, 1, "config.json is of no MERT: .*'hid"),
        ({}, 0, "preprocessor_config.json: sampling_rate is 0, expected Hz"),
        ({}, "16k", "preprocessor_config.json: sampling_rate is '16k', expected Hz"),
    ],
)
def test_settings_that_are_damaged_are_told_with_their_file(
    cards: Registry, tmp_path: Path, settings: dict[str, object], rate: object, said: str
) -> None:
    written(tmp_path, cards.backbones["hubert-base"].card, settings)
    file = tmp_path / "preprocessor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "sampling_rate": rate}))
    with pytest.raises(PluginError, match=said):
        cards.backbones.matching([f"hf:{tmp_path}"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b""),
        ("pytorch_model.bin", b""),
        ("model.safetensors.index.json", b"{}"),
        ("config.json", b"null"),
    ],
)
def test_a_damaged_file_of_a_folder_is_told(
    cards: Registry, tmp_path: Path, name: str, content: bytes
) -> None:
    card = cards.backbones["hubert-base"].card
    written(tmp_path, card)
    if name != "config.json":
        (tmp_path / "model.safetensors").unlink()
    (tmp_path / name).write_bytes(content)
    assert card.load is not None
    with pytest.raises(WeightsError, match=rf"/{name} (cannot be loaded|is not the|is no index)"):
        card.load(tmp_path)


def test_weights_outside_what_the_door_knows_are_refused(cards: Registry, tmp_path: Path) -> None:
    card = cards.backbones["hubert-base"].card
    folder = tmp_path / "model"
    written(folder, card)
    (folder / "model.safetensors").rename(tmp_path / "other.safetensors")
    index = {"metadata": {}, "weight_map": {"a": "../other.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert card.load is not None
    with pytest.raises(WeightsError, match=r"names '\.\./other\.safetensors', expected model-<n>"):
        card.load(folder)


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_weight_that_is_missing_is_no_random_weight(cards: Registry, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    card = cards.backbones["hubert-base"].card
    written(tmp_path, card)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "attention" in name)
    save_file({key: x for key, x in tensors.items() if key != name}, file, {"format": "pt"})
    assert card.load is not None
    with pytest.raises(WeightsError, match=f"missing.*{name}"):
        card.load(tmp_path)


def test_a_pickle_that_would_run_code_is_refused(cards: Registry, tmp_path: Path) -> None:
    card = cards.backbones["hubert-base"].card
    written(tmp_path, card)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"weight": Harmful(tmp_path / "ran")}, tmp_path / "pytorch_model.bin")
    assert card.load is not None
    with pytest.raises(WeightsError, match=r"is refused, for reading it could run code \(it names"):
        card.load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_code_of_a_folder_is_refused_without_asking(
    cards: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being told, transformers asks at the terminal whether to run it."""
    written(tmp_path, cards.backbones["hubert-base"].card)
    front = {"auto_map": {"AutoFeatureExtractor": "own.Own"}, "feature_extractor_type": "Own"}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(front))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    with pytest.raises(
        PluginError, match=r"extractor .* run with trust-remote-code=1 alone"
    ) as told:
        cards.backbones.matching([f"hf:{tmp_path}"])
    assert not (tmp_path / "ran").exists()
    assert "\n" not in str(told.value)
