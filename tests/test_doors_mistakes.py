"""What a stranger gives a door by mistake is one line that says what to do."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench import registry, selection
from bench.registry import PluginError
from tests import doors
from tests.commands import LINEAR, bench


class Labels(nn.Module):
    def forward(self, audio: Tensor) -> Tensor:
        return audio[:, :6].argmax(1, keepdim=True)


class Nothing(nn.Module):
    def forward(self, audio: Tensor) -> Tensor:
        return audio[:, :0]


class Samples(nn.Module):
    def forward(self, audio: Tensor) -> Tensor:
        return audio[:, 0]


def refusal(asked: str) -> str:
    with pytest.raises(PluginError) as caught:
        registry.find().backbones.open(asked)
    said = str(caught.value)
    assert "\n" not in said
    return said


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Labels(), "output is (1, 1) of torch.int64, expected floats, (batch, dim) or"),
        (Nothing(), "output is (1, 0) of torch.float32, expected floats"),
        (Samples(), "output is (1,) of torch.float32, expected floats"),
    ],
    ids=["labels", "nothing", "samples"],
)
def test_outputs_that_are_no_features_are_named(
    network: nn.Module, said: str, tmp_path: Path
) -> None:
    torch.jit.save(torch.jit.script(network), tmp_path / "net.pt")
    assert said in refusal(f"torchscript:{tmp_path / 'net.pt'}?rate=16000")


def test_an_output_that_is_no_tensor_is_named() -> None:
    from backbones import DoorError, _given

    with pytest.raises(DoorError, match="output is str, expected a tensor"):
        _given.named("text", "output")


@pytest.mark.parametrize("operator", ["ArgMax", "Shape"])
def test_outputs_of_an_exported_network_are_looked_at_too(operator: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    exchange = pytest.importorskip("onnx")
    helper, kinds = exchange.helper, exchange.TensorProto
    graph = helper.make_graph(
        [helper.make_node(operator, ["audio"], ["found"])],
        "tiny",
        [helper.make_tensor_value_info("audio", kinds.FLOAT, ["n", "t"])],
        [helper.make_tensor_value_info("found", kinds.INT64, None)],
    )
    opset = helper.make_opsetid("", 18)
    exchange.save(
        helper.make_model(graph, opset_imports=[opset], ir_version=9), tmp_path / "net.onnx"
    )
    said = refusal(f"onnx:{tmp_path / 'net.onnx'}?rate=16000")
    assert "of int64, expected floats, (batch, dim) or (batch, frames, dim)" in said


def test_a_fixed_batch_of_several_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    said = refusal(doors.onnx(tmp_path, 4, 8000))
    assert said.endswith("takes batches of 4; export it with a batch of 1 or of any size")


@pytest.mark.parametrize("option", ["window", "shortest"])
def test_an_option_without_an_effect_is_refused(option: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    said = refusal(f"{doors.onnx(tmp_path, 1, 8000)}&{option}=2")
    assert f"takes 0.5 s and nothing else; leave ?{option}= out" in said


def test_what_torch_saved_is_told_from_torchscript(tmp_path: Path) -> None:
    torch.save(doors.Tiny(), tmp_path / "zip.pt")
    torch.save(doors.Tiny(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("zip.pt", "old.pt"):
        said = refusal(f"torchscript:{tmp_path / name}?rate=16000")
        assert f"{name} is no TorchScript file: `torch.save` wrote it; save" in said


def test_an_option_is_given_once_and_a_rate_is_whole(tmp_path: Path) -> None:
    asked = doors.torchscript(tmp_path)
    assert "gives rate more than once; give each option once" in refusal(f"{asked}&rate=8000")
    assert "rate is 16000.5, expected a whole number [Hz]" in refusal(f"{asked}.5")


@pytest.mark.parametrize("revision", ["", f"@{'c' * 40}"])
def test_a_model_that_is_known_to_be_broken_is_refused_with_the_reason(revision: str) -> None:
    said = refusal(f"hf:laion/larger_clap_music{revision}")
    assert "laion/larger_clap_music is broken: its text side gives nearly the same vector" in said


def test_a_name_without_ascii_asks_for_another(tmp_path: Path) -> None:
    doors.torchscript(tmp_path)
    file = (tmp_path / "traced.pt").rename(tmp_path / "音.pt")
    said = refusal(f"torchscript:{file}?rate=16000")
    assert "has no ASCII letter or digit to name a row by; add ?name=my-model" in said
    assert "'楽' has no ASCII" in refusal(f"torchscript:{file}?rate=16000&name=楽")
    card = registry.find().backbones[f"torchscript:{file}?rate=16000&name=oto"].card
    assert card.name == "torchscript-oto"


def test_a_data_set_that_no_card_knows_is_told_with_near_names(tmp_path: Path) -> None:
    asked = f"{doors.torchscript(tmp_path)}&trained-on="
    cards = registry.find()
    entry = cards.backbones[f"{asked}msd,magnatagatun,my-own-songs&name=a"]
    near, own = selection.unknown_corpora(cards, [entry, cards.backbones["melstats"]])
    marked = "it was trained on, so no row is marked for it"
    assert near.startswith(
        f"torchscript-a: no card knows the data set 'magnatagatun' {marked}. Did"
    )
    assert near.endswith("mean magnatagatune?")
    assert own.endswith(f"'my-own-songs' {marked}")
    assert selection.unknown_corpora(cards, [cards.backbones[asked.partition("&")[0]]]) == []


@pytest.mark.usefixtures("toy")
def test_a_run_says_which_data_sets_no_card_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"{doors.torchscript(tmp_path)}&trained-on=toyz&shortest=0.5"
    code, _, err = bench("run", "-b", asked, "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 0
    assert "no card knows the data set 'toyz' it was trained on" in err
    assert "Did you mean toys?" in err


@pytest.mark.parametrize("command", ["check", "show"])
def test_check_and_show_say_so_too(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"{doors.torchscript(tmp_path)}&trained-on=msd,magnatagatun"
    code, out, err = bench(command, asked, capsys=capsys)
    assert (code, "torchscript-traced" in out) == (0, True)
    said = "no card knows the data set 'magnatagatun' it was trained on, so no row is marked for it"
    assert err == f"torchscript-traced: {said}. Did you mean magnatagatune?\n"
