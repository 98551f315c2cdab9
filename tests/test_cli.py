"""What the command line says, to whom, and how it exits."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from bench import cli

TOY = """
import numpy as np
import soundfile
from pathlib import Path
from backbones import Backbone, Encoder, Family, Layer
from tasks import Clip, DataSet, Kind, Metric, Split, Task
from tasks._metrics import ACCURACY

class Level(Encoder):
    def encode(self, audio):
        if PATIENCE.exists():
            raise RuntimeError("out of patience")
        return {"level": np.abs(audio).mean(1)[:, None, None].astype(np.float32)}

PATIENCE = Path(__file__).with_name("patience")

level = Backbone(
    name="level", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=0.5,
    layers=(Layer("level", 1),), default="level", build=Level, paper="p", licence="l",
    trained_on=("toys",),
)

def make(folder, sources, progress):
    for number in range(60):
        wave = np.random.default_rng(number).normal(0, (0.01, 0.1)[number % 2], 8000)
        soundfile.write(folder / f"{number:02}.wav", wave, 8000)
        progress(number + 1, 60)

def clips(folder):
    splits = (Split.TRAIN, Split.VALIDATION, Split.TEST)
    return [
        Clip(f"{n:02}", splits[n // 20], folder / f"{n:02}.wav", n % 2, str(n)) for n in range(60)
    ]

toys = DataSet(name="toys", licence="l", paper="p", how_to_get="Made.", recorded=False, make=make)
loud = Task(
    name="toys/loud", summary="s", data=toys, kind=Kind.MULTICLASS, labels=("soft", "loud"),
    metrics=(ACCURACY,), clips=clips, corpora=("toys",), suites=("toys",),
    counts={Split.TRAIN: 20, Split.VALIDATION: 20, Split.TEST: 20},
)
when = Task(
    name="toys/when", summary="s", data=toys, kind=Kind.FRAMES, labels=("a",),
    metrics=(ACCURACY,), clips=clips, suites=("toys",), counts=loud.counts,
)
placed = Task(
    name="placed/loud", summary="s", kind=Kind.MULTICLASS, labels=("soft", "loud"),
    data=DataSet(name="placed", licence="l", paper="p", how_to_get="Ask.", recorded=True),
    metrics=(ACCURACY,), clips=clips, counts=loud.counts,
)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a backbone and tasks, in a folder with a cache of its own."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "toy.py"
    file.write_text(TOY)
    return file


def bench(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    before = sys.argv
    sys.argv = ["bench", *words]
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


LINEAR = ("--protocol", "linear-v1", "--include", "toy.py")


def test_a_run_prints_the_board_and_writes_it(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR)
    code, out, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "level" in out
    assert "encoding with level" in err
    page = toy.with_name("leaderboard") / "README.md"
    assert "| level " in page.read_text(encoding="utf-8")


def test_a_second_run_encodes_nothing_and_scores_the_same(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--json")
    _, first, _ = bench(*words, capsys=capsys)
    toy.with_name("patience").touch()
    code, second, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "encoding" not in err
    (before,), (after,) = json.loads(first)["outcomes"], json.loads(second)["outcomes"]
    assert (before["status"], after["status"]) == ("done", "kept")
    assert before["record"] == after["record"]


def test_json_is_one_document(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("list", "--json"),
        ("list", "tasks", "--json", "-i", str(toy)),
        ("show", "toys/loud", "--json", "-i", str(toy)),
        ("show", "musicnn-msd", "--json"),
        ("data", "check", "toys/loud", "--json", "-i", str(toy)),
        ("doctor", "--json"),
    ):
        code, out, err = bench(*words, capsys=capsys)
        assert code == 0, err
        json.loads(out)


def test_show_has_the_counts_of_a_split(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("show", "toys/loud", "--json", "-i", str(toy), capsys=capsys)
    assert json.loads(out)["counts"] == {"train": 20, "validation": 20, "test": 20}


def test_a_leak_is_recorded(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--json", capsys=capsys)
    assert json.loads(out)["outcomes"][0]["record"]["leak"] == ["toys"]
    assert "†" in (toy.with_name("leaderboard") / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("toy")
def test_a_mismatch_is_a_skipped_row(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("run", "-b", "level", "--suite", "toys", *LINEAR, capsys=capsys)
    assert code == 0
    reason = "toys/when asks about time, level gives one vector a window"
    assert f"level × toys/when: skipped ({reason})" in out


def test_a_failure_is_a_failed_row_and_exit_1(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.with_name("patience").touch()
    words = ("run", "-b", "level", "-b", "melstats", "-t", "toys/loud", *LINEAR)
    code, out, err = bench(*words, capsys=capsys)
    assert code == 1
    assert "level × toys/loud: failed (RuntimeError: out of patience (traceback in " in out
    assert "Traceback" not in out + err
    assert "melstats" in out


def test_missing_data_are_a_failed_row(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("run", "-b", "level", "-t", "placed/loud", *LINEAR, capsys=capsys)
    place = toy.parent / "cache" / "data" / "placed"
    assert code == 1
    assert f"failed (placed is not at {place}. Ask.)" in " ".join(out.split())


def damage(toy: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Make the data, then spoil two files; where they are."""
    _, out, _ = bench("data", "path", "toys/loud", "-i", str(toy), capsys=capsys)
    bench("data", "fetch", "toys/loud", "-i", str(toy), capsys=capsys)
    folder = Path(out.strip())
    (folder / "07.wav").write_bytes(b"")
    (folder / "45.wav").unlink()
    return folder


def test_bad_audio_stops_the_run_and_names_every_file(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = damage(toy, capsys)
    code, _, err = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 2
    assert f"{folder / '07.wav'}: empty file" in err
    assert f"{folder / '45.wav'}: missing" in err
    assert "2 audio files cannot be used" in err
    assert not (toy.with_name("leaderboard") / "results").exists()


def test_bad_audio_can_be_left_out_and_is_counted(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(toy, capsys)
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--on-bad-audio", "skip", "--json")
    code, out, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "07.wav: empty file, left out" in err
    clips = json.loads(out)["outcomes"][0]["record"]["clips"]
    assert clips["skipped"] == {"07": "empty file", "45": "missing"}
    assert (clips["train"], clips["validation"], clips["test"]) == (19, 20, 19)
    assert "2 clips left out" in (toy.with_name("leaderboard") / "README.md").read_text("utf-8")


def test_data_check_lists_every_bad_file(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(toy, capsys)
    code, out, _ = bench("data", "check", "toys/loud", "--json", "-i", str(toy), capsys=capsys)
    assert code == 1
    (report,) = json.loads(out)
    assert [(each["clip"], each["reason"]) for each in report["unusable"]] == [
        ("07", "empty file"),
        ("45", "missing"),
    ]
    code, out, _ = bench("data", "check", "toys/loud", "-i", str(toy), capsys=capsys)
    assert code == 1
    assert "45.wav: missing" in out


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
        (["run", "--tirals", "3"], "No such option"),
        (["run", "-t", "a", "--suite", "b"], "--task a and --suite b were given; choose one"),
        (["show", "melstat"], "no backbone or task is named 'melstat'"),
        (["check", "melstat"], "no backbone or task is named 'melstat'"),
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
def test_a_device_that_is_not_there_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--device", "cuda:0")
    code, _, err = bench(*words, capsys=capsys)
    assert code == 2
    assert "bench: device 'cuda:0' was asked for, but torch sees none; see `bench doctor`" in err


def test_a_stale_page_is_exit_1(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    words = ("leaderboard", "--check", "-i", str(toy))
    assert bench(*words, capsys=capsys)[0] == 0
    with (toy.with_name("leaderboard") / "README.md").open("a") as page:
        page.write("edited\n")
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 1
    assert "stale" in out
    assert bench("leaderboard", "-i", str(toy), capsys=capsys)[0] == 0
    assert bench(*words, capsys=capsys)[0] == 0


def test_check_runs_the_contracts(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("check", "level", "-i", str(toy), capsys=capsys)
    assert code == 0
    assert "ok     features are finite" in out
    toy.with_name("patience").touch()
    code, out, _ = bench("check", "level", "-i", str(toy), capsys=capsys)
    assert code == 1
    assert "FAILED features are finite RuntimeError: out of patience" in out


def test_check_of_a_task_says_when_its_data_are_not_there(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = bench("check", "toys/loud", "-i", str(toy), capsys=capsys)
    assert code == 0
    assert "only the card is checked" in out
    bench("data", "fetch", "toys/loud", "-i", str(toy), capsys=capsys)
    _, out, _ = bench("check", "toys/loud", "-i", str(toy), capsys=capsys)
    assert "ok     files are there" in out


def test_ctrl_c_says_how_to_go_on(toy: Path) -> None:
    """A real interrupt of a real process in the middle of encoding."""
    slow = toy.read_text().replace(
        "        return {",
        '        Path("begun").touch(); import time; time.sleep(60)\n        return {',
    )
    toy.write_text(slow)
    words = [sys.executable, "-m", "bench", "run", "-b", "level", "-t", "toys/loud", *LINEAR]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=toy.parent)
    while not toy.with_name("begun").exists():
        assert process.poll() is None
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted. What is finished is kept; the same command goes on from there." in err
    assert "Traceback" not in err


def test_workers_end_with_a_parent_that_is_killed(toy: Path) -> None:
    """A real kill of a real run while its processes probe."""
    slow = (
        TOY + "\nimport multiprocessing, os, time\n"
        "if multiprocessing.parent_process() is not None:\n"
        "    Path(__file__).with_name(f'{os.getpid()}.pid').touch()\n"
        "    time.sleep(60)\n"
    )
    toy.write_text(slow)
    words = [sys.executable, "-m", "bench", "run", "-b", "level", "-t", "toys/loud", *LINEAR]
    parent = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd=toy.parent)
    while not list(toy.parent.glob("*.pid")):
        assert parent.poll() is None
        time.sleep(0.1)
    (worker,) = (int(path.stem) for path in toy.parent.glob("*.pid"))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(worker)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_included_file_finds_its_neighbours_and_prints_nothing_of_ours(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.with_name("beside_toy.py").write_text("print('hello')\nRATE = 8000\n")
    toy.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from beside_toy import RATE\n@dataclass\nclass Mine:\n    rate: int = RATE\n" + TOY
    )
    code, out, err = bench("list", "tasks", "--json", "-i", str(toy), "-i", str(toy), capsys=capsys)
    assert code == 0, err
    assert "toys/loud" in {task["name"] for task in json.loads(out)["tasks"]}
    assert "hello" in err


@pytest.mark.parametrize("label", ["0.9", "2", "-1", "True", "(0, 1)"])
def test_a_label_that_is_no_class_is_refused(
    toy: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    toy.write_text(TOY.replace("n % 2, str(n)", f"{label} if n == 7 else n % 2, str(n)"))
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert f"07 has the label {label}, expected an int from 0 to 1" in " ".join(out.split())


def test_an_edited_score_is_not_published(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    path = toy.with_name("leaderboard") / "results" / "toys" / "loud" / "level.json"
    record = json.loads(path.read_text())
    record["scores"]["accuracy"]["value"] = 0.123
    path.write_text(json.dumps(record))
    code, _, err = bench("leaderboard", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "level.json says 0.123000, its predictions give" in err
    path.rename(path.with_name("other.json"))
    code, _, err = bench("leaderboard", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "other.json holds a record of level on toys/loud; move it" in err
