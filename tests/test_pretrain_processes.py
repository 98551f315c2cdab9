"""`bench pretrain` in processes of its own: killed and begun again, and several as one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from backbones import pretrained
from bench.pretrain.recipe import OBJECTIVES
from tests.trainings import TINY, log, place, recipe, settings, train

pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(tmp_path_factory.mktemp("place"))


def started(
    words: list[str], cwd: Path, *, processes: int = 1, module: bool = True
) -> "subprocess.Popen[str]":
    """A real process of bench, or of a script, or several under torchrun."""
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    before = torchrun if processes > 1 else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *before, *(("-m", "bench") if module else ()), *words]
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> str:
    """What it says."""
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return err


def test_a_killed_training_goes_on_to_the_same_weights(toy: Path, base: Path) -> None:
    """A real kill, after some random step."""
    more = ("train.steps=40", "train.save=7", "train.validate=0")
    words = [*TINY, *settings(base, "simclr", *more), "--out", "killed"]
    killed = started(words, toy.parent)
    whole = train(recipe(base, "simclr", *more), base, toy.with_name("whole"))
    rows_seen = toy.with_name("killed") / "log.jsonl"
    enough = int(np.random.default_rng().integers(1, 35))
    while not rows_seen.exists() or rows_seen.read_bytes().count(b"\n") < enough:
        assert killed.poll() is None
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not pretrained.is_checkpoint(toy.with_name("killed"))
    ended(started(words, toy.parent))
    weights = toy.with_name("killed") / "weights.safetensors"
    assert weights.read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert [row["step"] for row in log(toy.with_name("killed"))] == list(range(1, 41))


def assert_same_rows(one: Path, other: Path, name: str) -> None:
    for alone, together in zip(log(one), log(other), strict=True):
        for number in ("loss", *OBJECTIVES[name], "gradient", "spread"):
            assert together[number] == pytest.approx(alone[number], rel=1e-3)


def test_two_processes_train_as_one_with_two_parts(toy: Path, base: Path) -> None:
    """Each process has the items, the dropout and the normalisation of one part of the batch."""
    more = ("train.steps=3", "train.validate=3")
    words = [*TINY, *settings(base, "mulap", *more), "--out", "two"]
    process = started(words, toy.parent, processes=2)
    parts = recipe(base, "mulap", *more, "train.accumulate=2")
    one = train(parts, base, toy.with_name("one"))
    assert ended(process).count("was compared with the test clips") == 1
    two = toy.with_name("two")
    assert_same_rows(one, two, "mulap")
    running = [log(out)[-1]["validation"]["loss"] for out in (one, two)]
    assert running[1] == pytest.approx(running[0], rel=0.1)  # statistics of one process's share


WHOLE_AND_CUT = """
import sys
from contextlib import nullcontext
from bench import cli
from bench.pretrain import loop, world

def bench(out):
    sys.argv = ["bench", *words, "--out", out]
    try:
        cli.main()
    except SystemExit as ended:
        assert not ended.code

class PulledError(Exception):
    pass

def pull(training, step, made):
    if step == 3:
        raise PulledError
    return real(training, step, made)

words = sys.argv[1:]
with world.joined("cpu") as processes:
    loop.joined = lambda device: nullcontext(processes)
    bench("whole")
    real, loop.Training._step = loop.Training._step, pull
    try:
        bench("cut")
    except PulledError:
        loop.Training._step = real
        bench("cut")
"""


def test_split_weights_go_on_to_the_same_ones(toy: Path, base: Path) -> None:
    """Saved right after a validation, which leaves the weights whole if nobody splits them."""
    more = ("train.steps=4", "train.validate=1", "train.save=2")
    script = toy.with_name("script.py")
    script.write_text(WHOLE_AND_CUT)
    words = [*TINY, *settings(base, "supervised", *more), "--fsdp"]
    process = started([str(script), *words], toy.parent, processes=2, module=False)
    parts = recipe(base, "supervised", *more, "train.accumulate=2")
    one = train(parts, base, toy.with_name("one"))
    ended(process)
    whole, cut = toy.with_name("whole"), toy.with_name("cut")
    assert_same_rows(one, whole, "supervised")
    weights = [out / "weights.safetensors" for out in (whole, cut)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    untimed = [[{**row, "seconds": 0, "waited": 0} for row in log(out)] for out in (whole, cut)]
    assert untimed[0] == untimed[1]
