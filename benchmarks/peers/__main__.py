"""Our probes beside those of other benchmarks, on the same vectors.

    python -m benchmarks.peers [--tasks tunes/type ...] [--backbones melstats ...] [--splits 4]
                               [--out FOLDER]

Writes docs/comparison.md. The peers' environments and answers lie in `--out`.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backbones import Backbone
from bench import assets, provenance, registry
from bench.probes.protocols import PROTOCOLS
from bench.registry import Entry
from benchmarks.peers import dealing, environments, ours, page
from benchmarks.peers.environments import PINS, ROOT, PeerError
from benchmarks.peers.exchange import Answer
from benchmarks.peers.page import Cell, Compared
from tasks import Kind, Split, Task

PAGE = ROOT / "docs" / "comparison.md"
TASKS = ("tunes/type", "tunes/meter", "notes/instrument", "notes/pitch")
BACKBONES = ("melstats", "musicnn-msd")
DRIVERS = {"with_xares": "xares", "with_mteb": "mteb", "with_sklearn": None}
"""Driver → the peer whose environment it needs; None for our own."""
SPLITS = 4
"""How often the clips are dealt into other splits than the published ones."""


def parsed() -> tuple[argparse.Namespace, str]:
    """Arguments, and the command that the page names: the folder is left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES))
    parser.add_argument("--splits", type=int, default=SPLITS, help="more, of the same clips")
    parser.add_argument("--out", type=Path, default=assets.cache_folder() / "peers")
    given = parser.parse_args()
    if given.splits < 0:
        parser.error("--splits is 0 or more")
    words = ["python -m benchmarks.peers"]
    for name, default in (("tasks", TASKS), ("backbones", BACKBONES)):
        asked = getattr(given, name)
        words += [f"--{name} {' '.join(asked)}"] if asked != list(default) else []
    words += [f"--splits {given.splits}"] if given.splits != SPLITS else []
    return given, " ".join(words)


def interpreters(folder: Path) -> Iterator[tuple[str, Path | str]]:
    """For each driver its interpreter, or why there is none."""
    for driver, peer in DRIVERS.items():
        try:
            found = environments.interpreter(peer, folder) if peer else Path(sys.executable)
        except PeerError as error:
            yield driver, f"{peer} cannot be installed: {error}"
        else:
            yield driver, found


def compared(
    backbone: Entry[Backbone],
    task: Entry[Task],
    split: int,
    pythons: Mapping[str, Path | str],
    out: Path,
) -> Compared:
    """Every method on a pair; split 0 is the published one, others are drawn by lot."""
    pair = ours.pair(backbone, task, split)
    folder = out / "answers" / task.card.name / backbone.card.name / str(split)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npz"):
        old.unlink()
    given = folder / "embeddings.npz"
    pair.embeddings.save(given)
    for name in page.OURS:
        ours.probe(pair.job, PROTOCOLS[name]).save(folder / f"{name}.npz")
    failures = {driver: drive(pythons[driver], driver, given) for driver in DRIVERS}
    truth = pair.embeddings.y[Split.TEST]
    cells: dict[str, Cell | str] = {}
    for name in page.METHODS:
        path = folder / f"{name}.npz"
        if path.is_file():
            answer = Answer.load(path)
            cells[name] = page.cell(task.card.primary, truth, pair.groups, answer)
        else:
            cells[name] = failures[f"with_{name.partition('-')[0]}"] or "no answer"
    clips = {split: len(labels) for split, labels in pair.embeddings.y.items()}
    return Compared(backbone.card.name, task.card.name, clips, pair.groups, cells)


def drive(python: Path | str, driver: str, given: Path) -> str | None:
    """Run a driver; why it gave no answers, if it gave none."""
    if isinstance(python, str):
        return python
    try:
        environments.drive(python, driver, given, given.parent)
    except PeerError as error:
        return f"{driver}: {error}"
    return None


def chosen(names: Sequence[str], catalogue: registry.Catalogue[Task]) -> list[Entry[Task]]:
    """Tasks by name.

    Raises:
        SystemExit: the peers cannot evaluate one.
    """
    entries = [catalogue[name] for name in names]
    for entry in entries:
        if entry.card.kind is not Kind.MULTICLASS or not all(map(entry.card.counts.get, Split)):
            message = f"the peers need classes and three splits, which {entry.card.name} has not"
            raise SystemExit(message)
    return entries


def main() -> None:
    """Encode, compare, write the page."""
    given, command = parsed()
    cards = registry.find()
    tasks = chosen(given.tasks, cards.tasks)
    backbones = [cards.backbones[name] for name in given.backbones]
    given.out.mkdir(parents=True, exist_ok=True)
    pythons = dict(interpreters(given.out))
    ours.encode(backbones, tasks, given.out / "board")
    found = []
    for task, backbone in itertools.product(tasks, backbones):
        print(f"{backbone.card.name} on {task.card.name}", flush=True)
        splits = range(given.splits + 1)
        found.append([compared(backbone, task, split, pythons, given.out) for split in splits])
    pins = ", ".join(pin for pins in PINS.values() for pin in pins[:1])
    published = [splits[0] for splits in found]
    text = page.render(published, command=command, pins=pins, machine=provenance.machine())
    if given.splits:
        text += f"\n## And on other splits of the same clips?\n\n{dealing.section(found)}\n"
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE} written")


if __name__ == "__main__":
    main()
