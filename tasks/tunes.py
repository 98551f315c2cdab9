"""Reels, jigs, hornpipes and other tunes of three old books: real scores, rendered audio.

Five questions about one set of five-second excerpts. Learnt on Ryan's Mammoth Collection and
Aird's Airs, tested on O'Neill's Music of Ireland; no title is in both. Sound font, instruments,
register, loudness, tempo and transposition are drawn at random, so they say nothing of a tune.

A beat is half a bar in 2/4 and 6/8 and a third of one in 3/4 and 9/8. Reels that one book
writes in 2/4 another writes in cut time, note for note twice as long: simple duple times are one
metre here, and its beat is half a bar in all of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tasks import Clip, DataSet, Kind, Label, Metric, Split, Task
from tasks._metrics import (
    ACCURACY,
    KEY_ACCURACY,
    KEY_WEIGHTED,
    KEY_WEIGHTED_MIREX2017,
    KEYS,
    PR_AUC,
    R2,
    ROC_AUC,
)
from tasks._render import read_manifest
from tasks._tunes_data import LICENCE, SOURCES, make
from tasks._tunes_plan import FULL, KINDS, TINY, Preset

Entry = Mapping[str, Any]

DANCES = tuple(KINDS)
METERS = ("2/4", "3/4", "6/8", "9/8")
FAMILIES = ("bowed string", "brass", "flute or reed", "free reed", "keyboard", "plucked")
TEXTURES = ("solo", "octaves", "drone", "chords")
SPEEDS = {"slow": (0.0, 80.0), "medium": (80.0, 105.0), "fast": (105.0, math.inf)}
TAGS = (*FAMILIES, *TEXTURES, *SPEEDS, *METERS, *DANCES, "minor")


def _type(entry: Entry) -> Label | None:
    dance = str(entry["stratum"])
    return DANCES.index(dance) if dance in DANCES else None


def _meter(entry: Entry) -> Label | None:
    return METERS.index(str(entry["meter"])) if entry["in_meter"] else None


def _key(entry: Entry) -> Label | None:
    minor: bool = entry["mode"] == "minor"
    return int(entry["tonic"]) + 12 * minor


def _tempo(entry: Entry) -> Label | None:
    return (round(math.log2(entry["bpm"]), 6),)


def _tags(entry: Entry) -> Label | None:
    """0 or 1 a tag; a dance is not known of tunes in 2/4 or 6/8 that the book gives no dance."""
    speed = [low <= entry["bpm"] < high for low, high in SPEEDS.values()]
    known = entry["stratum"] not in {"2/4", "6/8"}
    return (
        *(float(family in entry["families"]) for family in FAMILIES),
        *(float(texture == entry["texture"]) for texture in TEXTURES),
        *map(float, speed),
        *(float(meter == entry["meter"]) for meter in METERS),
        *(float(dance == entry["stratum"]) if known else math.nan for dance in DANCES),
        float(entry["mode"] == "minor"),
    )


def _clips(label: Callable[[Entry], Label | None], folder: Path) -> list[Clip]:
    """The clips that have an answer; a group is a tune, by its normalised title."""
    return [
        Clip(
            id=Path(entry["file"]).stem,
            split=Split(entry["split"]),
            path=folder / entry["file"],
            label=answer,
            group=entry["group"],
        )
        for entry in read_manifest(folder)
        if (answer := label(entry)) is not None
    ]


def _data(name: str, preset: Preset) -> DataSet:
    return DataSet(
        name=name,
        licence=LICENCE,
        paper=(
            "Scores: M. S. Cuthbert and C. Ariza, music21: A toolkit for computer-aided musicology "
            "and symbolic music data, ISMIR 2010. Books: Ryan's Mammoth Collection (Boston, 1883); "
            "J. Aird, A Selection of Scotch, English, Irish and Foreign Airs (Glasgow, from 1782); "
            "F. O'Neill, O'Neill's Music of Ireland (Chicago, 1903)."
        ),
        how_to_get="It is rendered at first use, from packages on PyPI.",
        recorded=False,
        sources=SOURCES,
        make=partial(make, preset),
    )


TUNES = _data("tunes", FULL)
TINY_TUNES = _data("tunes-tiny", TINY)


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    summary: str
    kind: Kind
    labels: tuple[str, ...]
    metrics: tuple[Metric, ...]
    label: Callable[[Entry], Label | None]


QUESTIONS = (
    _Question(
        "type",
        "Reel, jig or hornpipe? Rendered excerpts of real tunes, tested on another book",
        Kind.MULTICLASS,
        DANCES,
        (ACCURACY,),
        _type,
    ),
    _Question(
        "meter",
        "Simple duple, 3/4, 6/8 or 9/8? Rendered excerpts of real tunes, not dances alone",
        Kind.MULTICLASS,
        METERS,
        (ACCURACY,),
        _meter,
    ),
    _Question(
        "key",
        "Which of 24 keys? Rendered excerpts of real tunes, transposed at random",
        Kind.KEY,
        KEYS,
        (KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017, KEY_ACCURACY),
        _key,
    ),
    _Question(
        "tempo",
        "How fast, 60 to 140 beats a minute? Rendered excerpts of real tunes, tempo at random",
        Kind.REGRESSION,
        ("log2 of beats a minute",),
        (R2,),
        _tempo,
    ),
    _Question(
        "tags",
        "Instruments, texture, speed, metre, dance and mode of rendered excerpts of real tunes",
        Kind.MULTILABEL,
        TAGS,
        (ROC_AUC, PR_AUC),
        _tags,
    ),
)

PUBLISHED: dict[str, tuple[tuple[int, int, int], str]] = {
    "tunes/type": (
        (603, 108, 201),
        "f8f7f1a8dea5e80ab08b72615ecaa9619f3f74024b8d5a7db8d63ac2a2f239ec",
    ),
    "tunes/meter": (
        (619, 116, 217),
        "429a239d6e23dff7c8908dd145141cdbe67e3982d0f3798792febd67d0453fb0",
    ),
    "tunes/key": (
        (861, 158, 295),
        "ec63560fa9af4d0d1393e3dc82c9f862a6f2c0dc6f73f432ebf199985fbecd25",
    ),
    "tunes/tempo": (
        (861, 158, 295),
        "33d29c707a244f383192ee8178b15c8ee0a1c6102678f4946ec9b554e26a33a4",
    ),
    "tunes/tags": (
        (861, 158, 295),
        "552a0721d4cdead4d3f4106629f1da411899f736a0f1c474ad08e51a8ffedafe",
    ),
    "tunes/type@tiny": (
        (39, 15, 30),
        "c01bdf94681c0f17560d23ffd68d2f528da9aebfbe471ae226fead5e1069c802",
    ),
    "tunes/meter@tiny": (
        (42, 18, 36),
        "9c0a94da605021a4906ea13361730d599071183cb509ffbf77691bd0d81d557c",
    ),
    "tunes/key@tiny": (
        (60, 24, 48),
        "72f281111a67b9c3c15856c44bd3dc3be4ff1b09970439c9f64e04aff20f767d",
    ),
    "tunes/tempo@tiny": (
        (60, 24, 48),
        "79ddd61aee5f6159e7de513b9eefa32f475e96a4e2eecbf12d3fd1ead7461656",
    ),
    "tunes/tags@tiny": (
        (60, 24, 48),
        "5ee87e030b0d44575093dbc5473df6be9440db57b66e481ffc5bb5ff3e05e055",
    ),
}
"""Clips a split, and digest, of each task."""


def _task(question: _Question, data: DataSet, suffix: str, suite: str) -> Task:
    name = f"tunes/{question.name}{suffix}"
    counts, digest = PUBLISHED[name]
    return Task(
        name=name,
        summary=question.summary,
        data=data,
        kind=question.kind,
        labels=question.labels,
        metrics=question.metrics,
        clips=partial(_clips, question.label),
        counts=dict(zip(Split, counts, strict=True)),
        digest=digest,
        suites=(suite,),
        corpora=("tunes",),
    )


EMBEDDED = tuple(_task(question, TUNES, "", "embedded") for question in QUESTIONS)
PRESET = tuple(_task(question, TINY_TUNES, "@tiny", "tiny") for question in QUESTIONS)
