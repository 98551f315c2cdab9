"""Where a task's data lie, and how they come to be there."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from bench import assets, digests, downloads, places, provenance
from bench.archives import COMPRESSED, is_here
from bench.claims import DataError, verify
from bench.digests import Digests
from bench.progress import Reporter
from bench.registry import Entry
from bench.store import write_atomically
from tasks import Clip, Progress, Task

__all__ = [
    "DataError",
    "clips",
    "fetched",
    "folder",
    "is_ready",
    "listed",
    "read",
    "ready",
    "where",
]


def folder(entry: Entry[Task]) -> Path:
    """Where the task's data set lies or would lie.

    A data set that is made has its sources and the code that makes it in its name, so another
    version never passes for this one.

    Raises:
        SettingsError: the file of settings is damaged, or places a data set that is made.
        PlaceError: see `packed.folder`.
    """
    data = entry.card.data
    if data.make is None:
        return data.place or _placed(data.name, places.of(data.name))
    places.refuse(data.name)
    made_from = [data.name, data.version, data.sources, provenance.code_digest(entry.file)]
    return assets.cache_folder() / "made" / f"{data.name}-{provenance.digest(made_from)[:16]}"


def _placed(name: str, said: Sequence[str]) -> Path:
    """The folder of a data set that users place, or its archives as if they were unpacked.

    Raises:
        PlaceError: see `packed.folder`.
    """
    if len(said) == 1 and Path(said[0]).is_dir():
        return Path(said[0])
    from bench import packed

    return packed.folder(name, said)


def where(entry: Entry[Task], place: Path) -> str:
    """Where a task's data set lies or would lie, in words.

    Args:
        entry: the task.
        place: its `folder`.
    """
    return str(place) if is_here(place) else ", ".join(places.of(entry.card.data.name))


def is_ready(entry: Entry[Task]) -> bool:
    """Whether the data set is there and, if it was made, as it was made."""
    place = folder(entry)
    return place.is_dir() and (entry.card.data.make is None or _is_whole(place))


def ready(entry: Entry[Task], progress: Progress) -> Path:
    """The data set's folder; made first, or again where it is damaged, if it can be made.

    Raises:
        DataError: it must be placed by hand.
        AssetError: a source cannot be fetched.
    """
    data, place = entry.card.data, folder(entry)
    make = data.make
    if is_ready(entry):
        return place
    if make is None:
        size = f" It takes {data.size}." if data.size else ""
        message = (
            f"{data.name} is not at {where(entry, place)}. {places.misspelt(data.name)}"
            f"{_packed(place)}{_remedy(entry.card)}"
            f"{data.how_to_get.rstrip('.')}.{size}"
        )
        raise DataError(message)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_suffix(".lock")):
        if not is_ready(entry):
            for unfinished in place.parent.glob(f".{place.name}.*"):
                shutil.rmtree(unfinished, ignore_errors=True)
            sources = [assets.fetch(source) for source in data.sources]
            shutil.rmtree(place, ignore_errors=True)
            _make(place, lambda unfinished: make(unfinished, sources, progress))
    return place


def fetched(entry: Entry[Task], reporter: Reporter) -> Path:
    """The data set's folder, after what can be downloaded or made has been.

    Raises:
        DataError: it must be placed by hand.
        AssetError: a source cannot be fetched.
        RoomError: the disk is too small.
    """
    archives, place = entry.card.data.archives, folder(entry)
    if archives and is_here(place):
        downloads.bring(archives, place, reporter)
    with reporter.step(f"data of {entry.card.name}", "steps") as step:
        return ready(entry, step)


def _packed(place: Path) -> str:
    """What to do where the archive lies beside the place that its content belongs to."""
    found = [place.with_name(place.name + kind) for kind in COMPRESSED]
    archive = next((path for path in found if path.is_file()), None)
    return "" if archive is None else f"{archive} is there: unpack it into {place}. "


def _remedy(task: Task) -> str:
    return f"`bench data fetch {task.name}` downloads it. " if task.data.archives else ""


def _make(place: Path, make: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it, so that `place` is whole or absent."""
    unfinished = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        make(unfinished)
        made = {path.relative_to(unfinished).as_posix(): path for path in _files(unfinished)}
        found = {name: digests.of_file(path) for name, path in made.items()}
        write_atomically(_inventory(place), json.dumps(found).encode())
        unfinished.rename(place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file())


def _inventory(place: Path) -> Path:
    """The digest of every file as it was made, beside the folder."""
    return place.parent / f"{place.name}.json"


def _is_whole(place: Path) -> bool:
    """Whether every file is what was made; a folder without an inventory is not."""
    try:
        made: dict[str, str] = json.loads(_inventory(place).read_bytes())
    except (OSError, ValueError):
        return False
    known = Digests(assets.cache_folder() / "digests.sqlite").of(_files(place))
    return {path.relative_to(place).as_posix(): sha for path, sha in known.items()} == made


def listed(task: Task, place: Path) -> list[Clip]:
    """The task's clips, be they what its card says or not.

    Raises:
        AssetError: a list of its splits cannot be fetched.
    """
    return list(task.clips(place, *(assets.fetch(each) for each in task.lists)))


def clips(task: Task, place: Path) -> list[Clip]:
    """The task's clips in the order of their ids, checked against its card.

    Raises:
        DataError: they are not those that the card counts and digests.
    """
    found = read(task, place)
    verify(task, place, found)
    return found


def read(task: Task, place: Path) -> list[Clip]:
    """The task's clips in the order of their ids, be they what its card says or not.

    Raises:
        DataError: they cannot be listed.
    """
    try:
        return sorted(listed(task, place), key=lambda clip: clip.id)
    except assets.AssetError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        message = f"{task.name} cannot be read from {place}: {reason}. {task.data.how_to_get}"
        raise DataError(message) from error
