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


def started(words: list[str], cwd: Path, *, processes: int = 1) -> "subprocess.Popen[str]":
    """A real process, or several under torchrun."""
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    before = torchrun if processes > 1 else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *before, "-m", "bench", *words]
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> None:
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


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


@pytest.mark.parametrize(("name", "way"), [("mulap", ()), ("supervised", ("--fsdp",))])
def test_two_processes_train_as_one_with_two_parts(
    toy: Path, base: Path, name: str, way: tuple[str, ...]
) -> None:
    """Each process has the items, the dropout and the normalisation of one part of the batch."""
    more = ("train.steps=3", "train.validate=3")
    words = [*TINY, *settings(base, name, *more), *way, "--out", "two"]
    process = started(words, toy.parent, processes=2)
    parts = recipe(base, name, *more, "train.accumulate=2")
    alone = log(train(parts, base, toy.with_name("one")))
    ended(process)
    together = log(toy.with_name("two"))
    for one, other in zip(alone, together, strict=True):
        for number in ("loss", *OBJECTIVES[name], "gradient", "spread"):
            assert other[number] == pytest.approx(one[number], rel=1e-3)
    running = [rows[-1]["validation"]["loss"] for rows in (alone, together)]
    assert running[1] == pytest.approx(running[0], rel=0.1)  # statistics of one process's share
