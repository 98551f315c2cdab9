"""FMA: one of 8 or 16 genres of 30-s excerpts."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from tasks import Archive, Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY
from tasks._tables import LayoutError, index, reading

SMALL = (
    *("Electronic", "Experimental", "Folk", "Hip-Hop"),
    *("Instrumental", "International", "Pop", "Rock"),
)
MEDIUM = (
    *SMALL,
    *("Blues", "Classical", "Country", "Easy Listening"),
    *("Jazz", "Old-Time / Historic", "Soul-RnB", "Spoken"),
)
SPLITS = {"training": Split.TRAIN, "validation": Split.VALIDATION, "test": Split.TEST}
COLUMNS = {
    "split": ("set", "split"),
    "subset": ("set", "subset"),
    "genre": ("track", "genre_top"),
    "artist": ("artist", "id"),
}


def _tracks(file: Path) -> list[Mapping[str, str]]:
    """Of every track its number and `COLUMNS`; the table has three rows of header."""
    with reading(file), file.open(encoding="utf-8", newline="") as opened:
        reader = csv.reader(opened)
        header = [*zip(next(reader, []), next(reader, []), strict=False)]
        missing = [" ".join(pair) for pair in COLUMNS.values() if pair not in header]
        if missing:
            message = f"{file} has no column {missing[0]!r}: is it tracks.csv of fma_metadata.zip?"
            raise LayoutError(message)
        next(reader, None)
        places = {"id": 0} | {name: header.index(pair) for name, pair in COLUMNS.items()}
        found = list[Mapping[str, str]]()
        for cells in reader:
            if len(cells) != len(header):
                message = f"{file}, line {reader.line_num}, has {len(cells)} cells of {len(header)}"
                raise LayoutError(message)
            found.append({name: cells[place] for name, place in places.items()})
        return found


def _clips(subsets: tuple[str, ...], genres: tuple[str, ...], folder: Path) -> list[Clip]:
    file = folder / "fma_metadata" / "tracks.csv"
    audio = folder / f"fma_{subsets[-1]}"
    found = []
    for track in _tracks(file):
        if track["subset"] in subsets:
            name = track["id"].zfill(6)
            path, genre = audio / name[:3] / f"{name}.mp3", index(track["genre"], genres, file)
            if track["split"] not in SPLITS:
                message = f"{file}: track {name} is in the split {track['split']!r}"
                raise LayoutError(message)
            found.append(Clip(name, SPLITS[track["split"]], path, genre, track["artist"]))
    return found


def _task(
    subsets: tuple[str, ...],
    genres: tuple[str, ...],
    counts: tuple[int, int, int],
    suites: tuple[str, ...],
) -> Task:
    size = subsets[-1]
    return Task(
        name=f"fma/{size}",
        summary=f"Which of {len(genres)} genres? 30-s excerpts of the Free Music Archive",
        data=replace(DATA, archives=tuple(map(_archive, ("metadata", size)))),
        kind=Kind.MULTICLASS,
        labels=genres,
        metrics=(ACCURACY,),
        clips=partial(_clips, subsets, genres),
        counts=dict(zip(Split, counts, strict=True)),
        suites=suites,
        corpora=("fma",),
        split_from="column `set.split` of tracks.csv; no list of ids was at hand to pin it by",
        grouped_by="artist",
    )


SHA1 = {
    "metadata": "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    "small": "ade154f733639d52e35e32f5593efe5be76c6d70",
    "medium": "c67b69ea232021025fca9231fc1c7c1a063ab50b",
}
"""Of the authors' archives, by their README (https://github.com/mdeff/fma)."""


def _archive(part: str) -> Archive:
    address = f"https://os.unil.cloud.switch.ch/fma/fma_{part}.zip"
    return Archive(f"pkg:generic/fma@1?checksum=sha1:{SHA1[part]}&download_url={address}")


DATA = DataSet(
    name="fma",
    licence="audio: Creative Commons, by track; metadata: CC BY 4.0",
    paper="Defferrard et al., FMA: a dataset for music analysis, ISMIR 2017",
    how_to_get=(
        "Get fma_metadata.zip and fma_small.zip or fma_medium.zip from "
        "https://github.com/mdeff/fma and unpack them as fma/fma_metadata/tracks.csv and "
        "fma/fma_small/000/000002.mp3. A few files are shorter than 30 s"
    ),
    recorded=True,
    size="small: 7.2 GiB; medium: 22 GiB; metadata: 342 MiB",
)
FMA_SMALL = _task(("small",), SMALL, (6_400, 800, 800), ("mulap-paper",))
FMA_MEDIUM = _task(("small", "medium"), MEDIUM, (19_922, 2_505, 2_573), ())
