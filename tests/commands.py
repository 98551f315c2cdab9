"""A stranger's cards in one file, and calls of the command line."""

import sys

import pytest

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

LINEAR = ("--protocol", "linear-v1", "--include", "toy.py")


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
