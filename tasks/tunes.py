"""Reels, jigs, hornpipes and other tunes of three old books: real scores, rendered audio.

Five questions about one set of five-second excerpts. Learnt on Ryan's Mammoth Collection and
Aird's Airs, tested on O'Neill's Music of Ireland; no title and no phrase of sixteen intervals is
in both. Sound font, instruments, register, loudness, tempo and transposition are drawn at random,
so they say nothing of a tune.

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
from tasks._tunes_plan import FULL, KINDS, PHRASE, TINY, VALIDATION_SHARE, Preset

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


SPLIT_FROM = (
    "the books: O'Neill's is the test; each title of the others is validation with probability "
    f"{VALIDATION_SHARE:g}, drawn with seed {FULL.seed}; no title and no phrase of {PHRASE} "
    "intervals is in two splits"
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
        "aaa8cd6a161bbf21a1c97b3ee3d2b16abd0ba695d17a1163b143dede57bb6031",
    ),
    "tunes/meter": (
        (619, 116, 217),
        "5196ca06022ed2fa2c8e25af6fef13758fe988580c245057e13e0300ef902072",
    ),
    "tunes/key": (
        (861, 158, 295),
        "4e6f1772751674d81db69bab36ca21c409b9c8e4dcb7142d1cf2bf059e3926d3",
    ),
    "tunes/tempo": (
        (861, 158, 295),
        "f939bbe1a887d9b57d7c7610a379e3e207f5b7b8e0b1bff88421396b32d70e99",
    ),
    "tunes/tags": (
        (861, 158, 295),
        "96f61f5d4621174b7df95dc1c90c7da66b8c26da5ae189a6b72cb15e68d24d2f",
    ),
    "tunes/type@tiny": (
        (39, 15, 30),
        "2f031008b3a9d4a24a36bb4ce6215a019a10c07dba4400d18a63ab03e592e112",
    ),
    "tunes/meter@tiny": (
        (42, 18, 36),
        "0452d0b6fcad213c1becfee43b30db77ed78e111446481f22669e54c39d37a26",
    ),
    "tunes/key@tiny": (
        (60, 24, 48),
        "180964e99d9881744a3b2c6e4d4bf9d8d3a6e3377c4cc1aaf0f3344ef313997c",
    ),
    "tunes/tempo@tiny": (
        (60, 24, 48),
        "e3b76cb28947577b4fab29dc1e75d814cb6378c62f35e5b3ae2adecd5bc81877",
    ),
    "tunes/tags@tiny": (
        (60, 24, 48),
        "6794ca52195a3765e8b902c8547b31708532161d4c81c8297b5a1a1ca55f38f3",
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
        split_from=SPLIT_FROM,
        grouped_by="tune: all that share a title",
    )


EMBEDDED = tuple(_task(question, TUNES, "", "embedded") for question in QUESTIONS)
PRESET = tuple(_task(question, TINY_TUNES, "@tiny", "tiny") for question in QUESTIONS)
