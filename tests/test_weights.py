"""Weights of strangers: no code of theirs is run, and nothing is left random."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from backbones import WeightsError, _weights


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_weights_go_in_and_come_out(suffix: str, tmp_path: Path) -> None:
    source, target, file = network(), network(), tmp_path / f"w.{suffix}"
    if suffix == "pt":
        torch.save({"model": {"old." + k: v for k, v in source.state_dict().items()}}, file)
    else:
        save_file({"old." + k: v for k, v in source.state_dict().items()}, file)
    held = _weights.read(file, "model" if suffix == "pt" else "")
    _weights.fill(target, _weights.renamed(held, {"old.": ""}), file)
    assert all(torch.equal(x, target.state_dict()[k]) for k, x in source.state_dict().items())


class Exploit:
    """Pickled, it leaves a file when it is read."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.witness),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, *, zipped: bool) -> None:
    file, witness = tmp_path / "w.bin", tmp_path / "witness"
    held = {"a": torch.zeros(1), "b": Exploit(witness)}
    if zipped:
        torch.save(held, file)
    else:
        file.write_bytes(pickle.dumps(held, protocol=2))
    with pytest.raises(WeightsError, match=r"w.bin is refused, for reading it could run code \(i"):
        _weights.read(file)
    assert not witness.exists()
    if zipped:
        torch.load(file, weights_only=False)  # the exploit is a real one
        assert witness.exists()


def test_what_does_not_fit_is_all_named(tmp_path: Path) -> None:
    held = network().state_dict() | {"0.weight": torch.zeros(1), "head.weight": torch.zeros(1)}
    del held["1.bias"]
    with pytest.raises(WeightsError, match="does not fit") as raised:
        _weights.fill(network(), held, tmp_path)
    for words in (
        "0.weight is (1,), expected (3, 2); ",
        "1.bias is missing, expected (1,); ",
        "head.weight is (1,), expected none such",
    ):
        assert words in str(raised.value)
    with pytest.raises(WeightsError) as raised:
        _weights.fill(network(), held, tmp_path, ignore=("head.*", "0.*", "1.*"))
    assert "head" not in str(raised.value)
    assert "0.weight is (1,)" in str(raised.value)
    with pytest.raises(WeightsError, match=", and 1 more"):
        _weights.fill(network(), {"x": torch.zeros(1)}, tmp_path)


def test_names_that_collide_are_refused() -> None:
    with pytest.raises(WeightsError, match="two weights would be named a"):
        _weights.renamed({"a": torch.zeros(1), "old.a": torch.zeros(1)}, {"old.": ""})


def test_files_that_hold_no_weights_are_named(tmp_path: Path) -> None:
    file = tmp_path / "w"
    for held, inside, message in (
        ({"epoch": 1}, "", "epoch is int, no tensor: say where weights are"),
        ({"epoch": 1}, "model", "holds no weights at 'model'; it holds epoch"),
        ([1], "", "holds no weights at 'its top'; it holds list"),
    ):
        torch.save(held, file)
        with pytest.raises(WeightsError, match=message):
            _weights.read(file, inside)
    file.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(WeightsError, match="w cannot be read: "):
        _weights.read(file)
    file.write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="w cannot be read: "):
        _weights.read(file)
    with pytest.raises(WeightsError, match="none cannot be read: "):
        _weights.read(tmp_path / "none")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (torch.tensor([float("nan")]), "is damaged or of another network: 1.bias holds NaN"),
        (torch.tensor([1 + 2j]), "does not fit: 1.bias is complex, expected real numbers"),
        (torch.zeros(1).to_sparse(), "1.bias is sparse; save it as a plain tensor"),
        (torch.zeros(1, device="meta"), "1.bias has no numbers; save it as a plain tensor"),
    ],
)
def test_what_is_no_plain_number_is_refused(tmp_path: Path, given: Tensor, said: str) -> None:
    file = tmp_path / "w.pt"
    torch.save({**network().state_dict(), "1.bias": given}, file)
    with pytest.raises(WeightsError, match=said):
        _weights.fill(network(), _weights.read(file), file)


def test_a_byte_of_a_pickle_is_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"\x80")
    with pytest.raises(WeightsError, match=r"w cannot be read: .*; fetch it again"):
        _weights.read(tmp_path / "w")
