"""Trains and scores, by the project's own command line; what is there already is left alone."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from backbones import pretrained
from bench.pretrain.log import FILE as LOG
from bench.pretrain.presets import Preset
from bench.store import write_atomically
from studies.same_backbone.plan import Name, Training

RECIPES = Path(__file__).parents[2] / "recipes" / "small"
TRAININGS, BOARD = "trainings", "board"
KEPT = (pretrained.RECIPE, pretrained.RECORD, LOG)
"""Files of a training that are published: all but weights and states."""

VALIDATIONS = 5
"""In a training."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a study is made.

    Attributes:
        out: the folder.
        preset: size of trunk, corpus and tasks.
        jobs: trainings at once.
    """

    out: Path
    preset: Preset
    jobs: int

    def folder(self, name: Name) -> Path:
        """Of a training."""
        return self.out / TRAININGS / str(name)

    def train(self, wanted: Sequence[tuple[Training, Name]]) -> list[Name]:
        """Train what is not finished.

        Returns:
            Those that could not be; why is in `logs`.
        """
        waiting = [each for each in wanted if not pretrained.is_checkpoint(self.folder(each[1]))]
        print(
            f"{len(wanted) - len(waiting)} of {len(wanted)} trainings are in {self.out}", flush=True
        )
        with ThreadPoolExecutor(self.jobs) as pool:
            done = list(pool.map(lambda each: self._train(*each), waiting))
        return [name for (_, name), well in zip(waiting, done, strict=True) if not well]

    def _train(self, training: Training, name: Name) -> bool:
        recipe = RECIPES / f"{training.recipe}.toml"
        every = max(1, name.steps // VALIDATIONS)
        settings = [f"name={name}", f"seed={name.seed}", f"train.steps={name.steps}"]
        settings += [f"train.validate={every}", *training.changes]
        words = ["pretrain", "--recipe", str(recipe), "--preset", self.preset]
        words += ["--out", f"{TRAININGS}/{name}"]
        words += [word for setting in settings for word in ("--set", setting)]
        return self._call(words, str(name), max(1, (os.cpu_count() or 1) // self.jobs))

    def score(self, names: Sequence[Name], tasks: Sequence[str], protocol: str) -> bool:
        """Bring a row of each onto the board; whether all of them are there.

        Args:
            names: of finished trainings.
            tasks: patterns; none for the embedded suite.
            protocol: of the probes.
        """
        if not names:
            return True
        words = ["run", "--board", BOARD, "--protocol", protocol]
        words += [word for name in names for word in ("--backbone", str(name))]
        words += [word for task in tasks for word in ("--task", task)]
        words += [] if tasks else ["--suite", "embedded"]
        if self.preset is Preset.TINY:
            words += ["--preset", "tiny", "--trials", "2", "--seeds", "1"]
        return self._call(words, "rows", None)

    def _call(self, words: Sequence[str], title: str, threads: int | None) -> bool:
        """Run `bench` in the folder, where its checkpoints are known by name."""
        log = self.out / "logs" / f"{title}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "BENCH_CHECKPOINTS": TRAININGS}
        environment |= {"OMP_NUM_THREADS": str(threads)} if threads else {}
        print(f"{title} …", flush=True)
        with log.open("a", encoding="utf-8") as file:
            called = subprocess.run(
                [sys.executable, "-m", "bench", *words],
                cwd=self.out,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        last = log.read_text("utf-8").strip().rpartition("\n")[2]
        print(f"{title}: {'done' if called.returncode == 0 else last}", flush=True)
        return called.returncode == 0

    def publish(self, results: Path) -> None:
        """Copy records, recipes and logs, which the page is made of.

        A training that runs takes the place of one that ended only when it ends itself.
        """
        rows = self.out / BOARD / "results"
        files = [path for path in rows.rglob("*") if path.suffix in {".json", ".npz"}]
        for training in (self.out / TRAININGS).glob("*/"):
            ended = (results / TRAININGS / training.name / pretrained.RECORD).is_file()
            if (training / pretrained.RECORD).is_file() or not ended:
                files += [path for path in training.iterdir() if path.name in KEPT]
        for path in files:
            target = results / path.relative_to(self.out)
            if not target.is_file() or target.read_bytes() != path.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(target, path.read_bytes())
