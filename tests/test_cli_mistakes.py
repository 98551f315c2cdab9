"""A mistake is one line and exit code 2."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.commands import LINEAR, bench


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "-b", "melstat"], "no backbone is named 'melstat'. Did you mean melstats?"),
        (["run", "-t", "tunes/tipe"], "no task is named 'tunes/tipe'. Did you mean tunes/type"),
        (["run", "--suite", "x"], "no suite is named 'x'. Known: "),
        (["run", "--protocol", "tuned"], "no protocol is named 'tuned'. Did you mean tuned-v1"),
        (["run", "--trials", "0"], "Invalid value for '--trials': Input should be greater"),
        (["run", "--device", "gpu"], "no device is named 'gpu'"),
        (["run", "--device", "cpu:x"], "no device is named 'cpu:x'"),
        (["run", "--all", "-b", "chroma"], "--all and --backbone chroma were given; choose one"),
        (["run", "--tirals", "3"], "No such option"),
        (
            ["run", "--protocol", "finetune-v1", "--precision", "bf16"],
            "--precision bf16: finetune-v1 trains in fp32",
        ),
        (["run", "--budget-seconds", "inf"], "--budget-seconds is inf, expected a number"),
        (["run", "--layer", "cnn9"], "no layer is named 'cnn9'. Did you mean cnn3"),
        (["run", "--board", "toy.py"], "--board toy.py is no folder: toy.py is a file"),
        (["run", "--board", "toy.py/in"], "--board toy.py/in is no folder: "),
        (["run", "--board", "/proc/none"], "--board /proc/none cannot be written ("),
        (["run", "-t", "a", "--suite", "b"], "--task a and --suite b were given; choose one"),
        (["show", "melstat"], "no backbone or task is named 'melstat'"),
        (["show", "onxn:x"], "no door is named 'onxn'. Did you mean onnx"),
        (["check", "melstat"], "no backbone or task is named 'melstat'"),
        (["show", "waves/shape"], "'waves/shape'. `bench list` shows the "),
        (["data", "check", "nope"], "one of your own needs --include FILE."),
        (["data", "path", "tune"], "no task is named 'tune'"),
        (["leaderboard", "--board", "none"], "none holds no results folder"),
        (["list", "-i", "none.py"], "--include takes a Python file"),
        (["nothing"], "No such command 'nothing'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], words: Sequence[str], message: str
) -> None:
    code, out, err = bench(*words, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("bench: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("toy")
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
@pytest.mark.parametrize("cached", [False, True])
def test_a_device_that_is_not_there_is_exit_2(
    capsys: pytest.CaptureFixture[str], *, cached: bool
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR)
    if cached:
        bench(*words, capsys=capsys)
    code, _, err = bench(*words, "--device", "cuda:0", capsys=capsys)
    assert code == 2
    assert "bench: device 'cuda:0' was asked for, but torch sees none; see `bench doctor`" in err


def test_an_edited_score_is_not_published(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    path = toy.with_name("leaderboard") / "results" / "linear-v1" / "toys" / "loud" / "level.json"
    record = json.loads(path.read_text())
    record["scores"]["accuracy"]["value"] = 0.123
    path.write_text(json.dumps(record))
    code, _, err = bench("leaderboard", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "level.json says that accuracy, value is 0.123000, its predictions give 1.000000" in err
    path.rename(path.with_name("other.json"))
    code, _, err = bench("leaderboard", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "other.json holds a record of level on toys/loud by linear-v1; move it" in err


def test_a_mistake_is_a_document_for_whoever_asked_for_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = bench("run", "-b", "melstat", "--json", capsys=capsys)
    assert code == 2
    assert json.loads(out)["error"].startswith("no backbone is named 'melstat'")
    assert err.startswith("bench: no backbone is named 'melstat'")


def test_a_plug_in_that_exits_does_not_end_bench_silently(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_text("import sys\nsys.exit(0)\n")
    code, _, err = bench("list", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "toy.py cannot be imported: SystemExit: 0" in err
