"""MTG-Jamendo: tags of whole tracks: the 50 most frequent, genres, instruments, moods."""

import csv
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Door, DoorError, Kind, Split, Task
from tasks._jamendo_splits import COMMIT, LISTS
from tasks._jamendo_tags import GENRES, INSTRUMENTS, MOODS, TOP50
from tasks._metrics import PR_AUC, ROC_AUC
from tasks._tables import LayoutError, pin

PLACE = f"https://raw.githubusercontent.com/MTG/mtg-jamendo-dataset/{COMMIT}/data/splits"
PARTS = ("train", "validation", "test")
FIXED = 5
"""Columns before the tags: track, artist, album, path, duration."""


def _clips(prefix: str, tags: tuple[str, ...], folder: Path, *lists: Path) -> list[Clip]:
    """Tracks in full quality, or those in low quality where there is no other folder."""
    low = not (folder / "audio").is_dir()
    places = {tag: place for place, tag in enumerate(tags)}
    found = []
    for split, file in zip(Split, lists, strict=True):
        with file.open(encoding="utf-8", newline="") as opened:
            table = list(csv.reader(opened, delimiter="\t"))
        for name, artist, _, path, _, *said in (row for row in table[1:] if len(row) > FIXED):
            names = {tag.removeprefix(prefix) for tag in said}
            strangers = names - places.keys()
            if strangers:
                message = f"{file} tags {name} {min(strangers)!r}, which is no tag of the card"
                raise LayoutError(message)
            where = folder / "audio-low" / path.replace(".mp3", ".low.mp3")
            where = where if low else folder / "audio" / path
            label = [0.0] * len(tags)
            for tag in names:
                label[places[tag]] = 1.0
            found.append(Clip(name, split, where, tuple(label), artist))
    return found


DATA = DataSet(
    name="jamendo",
    licence="audio: Creative Commons, by track; lists: CC BY-NC-SA 4.0",
    paper=(
        "Bogdanov et al., The MTG-Jamendo dataset for automatic music tagging, "
        "Machine Learning for Music Discovery Workshop, ICML 2019"
    ),
    how_to_get=(
        "Run the download script of https://github.com/MTG/mtg-jamendo-dataset and place the "
        "audio as jamendo/audio/15/215.mp3 (raw_30s/audio), or in low quality as "
        "jamendo/audio-low/15/215.low.mp3"
    ),
    recorded=True,
    size="55,701 tracks: 508 GB, in low quality 156 GB",
)


SETS = {
    "top50": ("top50tags", "", TOP50),
    "genre": ("genre", "genre---", GENRES),
    "instrument": ("instrument", "instrument---", INSTRUMENTS),
    "moodtheme": ("moodtheme", "mood/theme---", MOODS),
}
"""Name → what the lists call it, what stands before its tags there, and the tags."""


def _task(name: str, split: int = 0) -> Task:
    subset, prefix, tags = SETS[name]
    lists = LISTS[name, split]
    files = [f"split-{split}/autotagging_{subset}-{part}" for part in PARTS]
    pins = (
        pin(f"jamendo-{file.replace('/', '-')}", checksum, f"{PLACE}/{file}.tsv")
        for file, checksum in zip(files, lists.checksums, strict=True)
    )
    return Task(
        name=f"jamendo/{name}" if split == 0 else f"jamendo/{name}-split{split}",
        summary=f"{len(tags)} tags of whole tracks that are under Creative Commons: {name}",
        data=DATA,
        kind=Kind.MULTILABEL,
        labels=tags,
        metrics=(ROC_AUC, PR_AUC),
        clips=partial(_clips, prefix, tags),
        counts=dict(zip(Split, lists.counts, strict=True)),
        digest=lists.digest,
        suites=("mulap-paper", "marble") if split == 0 else (),
        corpora=("jamendo",),
        lists=tuple(pins),
        split_from=f"the authors' split {split}",
        grouped_by="artist",
    )


def _open(rest: str) -> Task:
    """The task of another split: `<tags>?split=<1 to 4>`."""
    name, _, asked = rest.partition("?split=")
    if not asked.isdigit() or (name, int(asked)) not in LISTS or int(asked) == 0:
        message = f"names {rest!r}, expected {'|'.join(SETS)} and ?split=1 to 4; split 0 is "
        message += "jamendo/<tags>"
        raise DoorError(message)
    return _task(name, int(asked))


TOP_50 = _task("top50")
GENRE = _task("genre")
INSTRUMENT = _task("instrument")
MOODTHEME = _task("moodtheme")

door = Door(
    prefix="jamendo",
    summary="the authors' other splits of MTG-Jamendo, 1 to 4",
    example="jamendo:top50?split=1",
    open=_open,
)
