"""The command that a row keeps makes that row again, in the folder that it was made in."""

import json
import shlex
from pathlib import Path

import pytest

from tests import doors
from tests.commands import LINEAR, bench


def kept(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The command of the one row that a command makes."""
    code, out, err = bench("run", *words, "--json", capsys=capsys)
    assert code == 0, err
    (outcome,) = json.loads(out)["outcomes"]
    return str(outcome["record"]["provenance"]["command"])


def again(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The command of the row that a kept command makes."""
    _, _, *words = shlex.split(command)
    return kept(*words, capsys=capsys)


def test_a_card_s_file_is_named_from_the_working_directory(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deeper = toy.parent / "my cards"
    deeper.mkdir()
    toy.rename(deeper / "toy.py")
    words = ("-b", "level", "-t", "toys/loud", "--protocol", "linear-v1")
    command = kept(*words, "-i", str(deeper / "toy.py"), capsys=capsys)
    assert "run --backbone level --task toys/loud " in command
    assert command.endswith("--include 'my cards/toy.py'")
    assert again(command, capsys) == command


def test_a_file_elsewhere_is_named_in_full(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (toy.parent / "here").mkdir()
    monkeypatch.chdir(toy.parent / "here")
    words = ("-b", "level", "-t", "toys/loud", "--protocol", "linear-v1", "-i", "../toy.py")
    command = kept(*words, capsys=capsys)
    assert command.endswith(f"--include {toy.resolve()}")


@pytest.mark.usefixtures("toy")
def test_a_door_s_backbone_is_named_by_what_the_door_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"{doors.torchscript(tmp_path)}&shortest=0.5"
    command = kept("-b", asked, "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert shlex.quote(asked) in command
    assert again(command, capsys) == command
