"""The training loop: the same for every objective."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from backbones import pretrained
from bench.pretrain import checkpoint, state, texts
from bench.pretrain.building import build, build_trunk, refused
from bench.pretrain.corpus import Corpus, Reader, check, check_classes
from bench.pretrain.loader import Part, batches, validation
from bench.pretrain.log import Log, Row
from bench.pretrain.manifest import CorpusError
from bench.pretrain.objectives import Batch, Need
from bench.pretrain.recipe import Recipe
from bench.pretrain.state import StateError
from bench.pretrain.step import Stepper, TrainingError
from bench.pretrain.views import Views
from bench.pretrain.world import World, joined
from bench.progress import Reporter

TRAINING, VALIDATION = 1, 2
"""Tell the draws of views apart."""


def pretrain(
    recipe: Recipe,
    corpus: Corpus,
    folder: Path,
    reporter: Reporter,
    *,
    device: str = "cpu",
    sharded: bool = False,
    tensorboard: bool = False,
) -> bool:
    """Train a trunk until its checkpoint is in the folder; goes on from where it stopped.

    Args:
        recipe: how.
        corpus: on what.
        folder: of the checkpoint, the log, and the state to resume from.
        reporter: of the first process.
        device: `cpu`, `cuda` or another of torch's names.
        sharded: see `World.wrap`.
        tensorboard: write the log for TensorBoard too.

    Returns:
        Whether this is the first process.

    Raises:
        CorpusError: the corpus lacks what the objectives need, or audio cannot be used.
        OccupiedError: the folder is of another training.
        StateError: the state is damaged, or the corpus has changed since.
        TrainingError: the loss is not finite, or features have collapsed.
    """
    with joined(device) as world, _alone(folder, world):
        if world.is_first:
            checkpoint.claim(folder, recipe)
        world.wait()
        if pretrained.is_checkpoint(folder):
            with refused():
                pretrained.verified(folder)
            if world.is_first:
                reporter.say(f"{folder} is finished: nothing is left to do")
        else:
            with torch.random.fork_rng():
                training = Training(recipe, corpus, folder, world, sharded=sharded)
                training.run(reporter, tensorboard=tensorboard)
        return world.is_first


@contextmanager
def _alone(folder: Path, world: World) -> Iterator[None]:
    """Hold the folder against other trainings."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0) if world.is_first else nullcontext():
            yield
    except Timeout:
        message = f"another process trains in {folder}; wait for it, or choose another --out"
        raise TrainingError(message) from None


class Training:
    """A training between its beginning, or where it stopped, and its end.

    Args:
        recipe: how.
        corpus: on what.
        folder: of the training.
        world: all processes.
        sharded: see `World.wrap`.

    Raises:
        CorpusError: the corpus lacks what the objectives need.
        StateError: the state is damaged, or the corpus has changed since.
        TrainingError: the processes cannot share a batch evenly.
    """

    def __init__(
        self, recipe: Recipe, corpus: Corpus, folder: Path, world: World, *, sharded: bool
    ) -> None:
        pieces = recipe.train.accumulate
        if recipe.train.batch % (world.size * pieces):
            message = (
                f"train.batch {recipe.train.batch} cannot be split evenly over {world.size} "
                f"processes of train.accumulate {pieces} parts each"
            )
            raise TrainingError(message)
        self.recipe, self.corpus, self.folder, self.world = recipe, corpus, folder, world
        self.start = checkpoint.Start.of(recipe)
        self.trunk = build_trunk(recipe)
        objective = build(recipe, self.trunk, len(corpus.tags)).to(world.device)
        self.needs = objective.needs
        check(corpus, self.needs, recipe.train.batch)
        if Need.TAGS in self.needs and recipe.supervised.exclusive:
            check_classes(corpus)
        self.stepper = Stepper(recipe, objective, self.trunk, world, sharded=sharded)
        self.reader = Reader(recipe.corpus.longest, recipe.corpus.cache)
        reads = {Need.CAPTION, Need.FUSION} & self.needs
        self.words = texts.load_words(recipe.text) if reads else None
        self.before: tuple[str, ...] = ()
        self.done = self._resume()

    @property
    def heard(self) -> tuple[str, ...]:
        """Digests of the corpus' audio, each time that it changed; those of before first."""
        now = self.corpus.audio
        return self.before if now in self.before[-1:] else (*self.before, now)

    def run(self, reporter: Reporter, *, tensorboard: bool) -> None:
        """Train, and write the checkpoint."""
        train, first = self.recipe.train, self.world.is_first
        if first and self.before and self.heard != self.before:
            name = self.corpus.name
            reporter.say(f"{name}: its audio is not what was heard before; the record names all")
        part = Part(self.world.rank, self.world.size, train.accumulate)
        steps = range(self.done, train.steps)
        views = self._views(TRAINING)
        made = batches(views, steps, train.batch, part, train.workers)
        since = f" from step {self.done:,}" if self.done else ""
        title = f"training {self.recipe.name}{since}"
        with (
            closing(made),
            Log(self.folder, self.done, tensorboard=tensorboard) if first else nullcontext() as log,
            reporter.step(title, "steps") if first else nullcontext() as progress,
        ):
            for step in steps:
                row = self._step(step, made)
                if log and progress:
                    log.add(row)
                    progress(step + 1 - self.done, len(steps))
                if (step + 1) % train.save == 0 and step + 1 < train.steps:
                    self._save(step + 1)
        self._finish()

    def _batch(self, step: int, made: Iterator[list[Batch]]) -> list[Batch]:
        """The next; where an item of it cannot be used, the steps before it are not lost."""
        try:
            return next(made)
        except CorpusError:
            if self.world.size == 1 and step > self.done:
                self._save(step)
            raise

    def _step(self, step: int, made: Iterator[list[Batch]]) -> Row:
        """A step, with a validation where one is due: its row of the log."""
        train, begun = self.recipe.train, time.perf_counter()
        pieces = self._batch(step, made)
        waited = time.perf_counter() - begun
        found = self.stepper.train(step, pieces, self.folder)
        seconds = time.perf_counter() - begun
        row: dict[str, float | Row] = {"step": step + 1, **found}
        row |= {"seconds": seconds, "waited": waited}
        if train.validate and ((step + 1) % train.validate == 0 or step + 1 == train.steps):
            size = train.batch // self.world.size // train.accumulate
            row["validation"] = self.stepper.validate(validation(self._views(VALIDATION), size))
        return row

    def _views(self, stream: int) -> Views:
        items = self.corpus.train if stream == TRAINING else self.corpus.validation
        return Views(
            *(items, self.reader, self.recipe, self.needs, self.corpus.tags, self.words, stream)
        )

    def _resume(self) -> int:
        """Take up the state, if there is one; the number of steps done."""
        facts = state.load(self.folder, self.stepper.objective, self.stepper.optimiser)
        if facts is None:
            return 0
        if facts["corpus"] != self.corpus.digest():
            message = (
                f"the corpus is not the one that {self.folder} was trained on so far; bring that "
                "back, or choose another --out"
            )
            raise StateError(message)
        if facts["start"] != self.start.weights:
            message = (
                f"{self.recipe.trunk.start} is not the checkpoint that {self.folder} was started "
                "from; bring that back, or choose another --out"
            )
            raise StateError(message)
        self.before = tuple(facts["heard"])
        self.stepper.scaler.load_state_dict(facts["scaler"])
        return int(facts["step"])

    def _save(self, done: int) -> None:
        tensors = state.capture(self.stepper.objective, self.stepper.optimiser)
        if self.world.is_first:
            scaler = self.stepper.scaler.state_dict()
            facts = {"step": done, "corpus": self.corpus.digest(), "heard": self.heard}
            facts |= {"start": self.start.weights, "scaler": scaler}
            state.write(self.folder, tensors, facts)

    def _finish(self) -> None:
        tensors = {name: state.whole(x) for name, x in self.trunk.state_dict().items()}
        if self.world.is_first:
            parameters = sum(p.numel() for p in self.trunk.parameters())
            trained = checkpoint.Trained(tensors, parameters, self.start, self.heard)
            checkpoint.finish(self.folder, self.recipe, self.corpus, trained)
