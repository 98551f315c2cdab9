"""MTG-Jamendo: tags of whole tracks, split 0: the 50 most frequent, genres, instruments, moods."""

import csv
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._jamendo_tags import GENRES, INSTRUMENTS, MOODS, TOP50
from tasks._metrics import PR_AUC, ROC_AUC
from tasks._tables import LayoutError, pin

PLACE = (
    "https://raw.githubusercontent.com/MTG/mtg-jamendo-dataset/"
    "1b4fa8c32e076c73b5175c1703ae805b4109309d/data/splits/split-0"
)
PARTS = ("train", "validation", "test")
FIXED = 5
"""Columns before the tags: track, artist, album, path, duration."""


def _clips(prefix: str, tags: tuple[str, ...], folder: Path, *lists: Path) -> list[Clip]:
    """Tracks in full quality, or those in low quality where there is no other folder."""
    low = not (folder / "audio").is_dir()
    found = []
    for split, file in zip(Split, lists, strict=True):
        with file.open(encoding="utf-8", newline="") as opened:
            table = list(csv.reader(opened, delimiter="\t"))
        for name, artist, _, path, _, *said in (row for row in table[1:] if len(row) > FIXED):
            names = [tag.removeprefix(prefix) for tag in said]
            strangers = set(names) - set(tags)
            if strangers:
                message = f"{file} tags {name} {min(strangers)!r}, which is no tag of the card"
                raise LayoutError(message)
            where = folder / "audio-low" / path.replace(".mp3", ".low.mp3")
            where = where if low else folder / "audio" / path
            label = tuple(float(tag in names) for tag in tags)
            found.append(Clip(name, split, where, label, artist))
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


def _task(
    name: str,
    prefix: str,
    tags: tuple[str, ...],
    counts: tuple[int, int, int],
    digest: str,
    checksums: tuple[str, str, str],
) -> Task:
    subset = {"top50": "top50tags"}.get(name, name)
    pins = (
        pin(f"jamendo-{subset}-{part}", checksum, f"{PLACE}/autotagging_{subset}-{part}.tsv")
        for part, checksum in zip(PARTS, checksums, strict=True)
    )
    return Task(
        name=f"jamendo/{name}",
        summary=f"{len(tags)} tags of whole tracks that are under Creative Commons: {name}",
        data=DATA,
        kind=Kind.MULTILABEL,
        labels=tags,
        metrics=(ROC_AUC, PR_AUC),
        clips=partial(_clips, prefix, tags),
        counts=dict(zip(Split, counts, strict=True)),
        digest=digest,
        suites=("mulap-paper", "marble"),
        corpora=("jamendo",),
        lists=tuple(pins),
        split_from="the authors' split 0",
        grouped_by="artist",
    )


TOP_50 = _task(
    "top50",
    "",
    TOP50,
    (32_136, 10_888, 11_356),
    "71cfde2ec40623e39899f7f7fdc07f625772e39f5a960a3fd6b75735cbbe375d",
    (
        "6dee445ddd1901286184c2059d3d5eef7486f083ae80de9011705f852a850dde",
        "4f5f0f0a7662f523b45727476f67d799d6e98151b2c585a8e94e19d980ad93c1",
        "3ede06a35e6cb27e1dbe8cfc84708a607622e30e5cd0a7199fce6c081124bc35",
    ),
)
GENRE = _task(
    "genre",
    "genre---",
    GENRES,
    (32_572, 11_043, 11_479),
    "2a63c301f90eccd3287856ca90df639fad734e4674f8ddaf56cb535f81d64e0d",
    (
        "c1cddb195ef94a07e67e227bf38e2a79389c1820950702b8c8894a2096f21e54",
        "3e203b4c573db6ec63a06c7066cf678dcf673a68ad5694c8fed22637c270dbcf",
        "cf917388eebfa7d17d363c2fca037e2379ac027e31aa6dbe92e8dbf409ac5098",
    ),
)
INSTRUMENT = _task(
    "instrument",
    "instrument---",
    INSTRUMENTS,
    (14_395, 5_466, 5_115),
    "1ad7531891815a27edf79fbd7dbc515bc11566c8b22bf2732ed511f4025b2e5e",
    (
        "f844a85f0b40bb31a5d5b448ddfc10a68d7b38ecc760673d23df2bd6e7ca0f4c",
        "a5060020013ac5ba65c6470ee83fc2a9785db1fe554b55065de08aa9b0cca70d",
        "8c1ab86f3212b6484106baf2e78f70dd5520b917607487ac98999adbd5d7ab1a",
    ),
)
MOODTHEME = _task(
    "moodtheme",
    "mood/theme---",
    MOODS,
    (9_949, 3_802, 4_231),
    "60aedbda7a2c40b97be1c0211f6fbabf7525dc4bf787e395caa2dc8a8330b24a",
    (
        "e5e9e798364b34bd241b773e5011809b24429edf471f27cf21dd8181077ba2d4",
        "ecaa279367153476884d84d686479e566234cef1814bd6892a8755ba0a550dbf",
        "4341b5586bb3e5a80a882ce9ef33cb8b1bdaa7df856246ecc5de188dfe1cf394",
    ),
)
