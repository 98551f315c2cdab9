"""The making of the `notes` data sets: three-second notes of acoustic instruments.

`notes` is learnt on one sound font and tested on another. The two fonts have material in common:
216 samples are identical, and of the marimba, the harmonica, the oboe, plucked strings, the brass
section and others both have the same recording, edited. Only instruments are used of which they
have none in common: the timbres of the test were never heard. `notes-recorded` is tested on
recorded notes.
"""

import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from tasks import Progress, Split
from tasks._abc import NATURALS
from tasks._render import (
    FONT_LICENCES,
    FONTS,
    Job,
    Line,
    each,
    record,
    render,
    workers,
    write_manifest,
)

SECONDS = 3.0
LEVELS = (-26.0, -18.0)
VELOCITIES = (60.0, 110.0)
HELD = (1.5, 3.0)
RANGE = range(55, 91)
"""MIDI pitches of `notes`, G3 to F#6: the same for all, so that register names no instrument."""

INSTRUMENTS = {
    "piano": 0,
    "glockenspiel": 9,
    "music box": 10,
    "xylophone": 13,
    "tubular bells": 14,
    "accordion": 21,
    "nylon guitar": 24,
    "steel guitar": 25,
    "violin": 40,
    "viola": 41,
    "cello": 42,
    "tremolo strings": 44,
    "harp": 46,
    "string ensemble": 48,
    "slow strings": 49,
    "voice": 53,
    "trumpet": 56,
    "French horn": 60,
    "alto saxophone": 65,
    "tenor saxophone": 66,
    "clarinet": 71,
    "flute": 73,
    "pan flute": 75,
    "fiddle": 110,
}
"""General MIDI programs, the first being 0. The fonts have none of their recordings in common."""

SILENT = {"alto saxophone": frozenset({64})}
"""Pitches of `RANGE` at which one of the fonts has no sound."""

RECORDED = {
    "bass-electric": (33, range(28, 61)),
    "bassoon": (70, range(34, 73)),
    "cello": (42, range(36, 77)),
    "clarinet": (71, range(50, 92)),
    "contrabass": (43, range(28, 61)),
    "flute": (73, range(60, 97)),
    "french-horn": (60, range(34, 78)),
    "guitar-acoustic": (25, range(40, 81)),
    "guitar-electric": (27, range(40, 85)),
    "guitar-nylon": (24, range(40, 81)),
    "harmonium": (20, range(36, 85)),
    "harp": (46, range(28, 97)),
    "organ": (19, range(36, 97)),
    "piano": (0, range(21, 109)),
    "saxophone": (65, range(65, 82)),
    "trombone": (57, range(40, 73)),
    "trumpet": (56, range(54, 85)),
    "tuba": (58, range(28, 61)),
    "violin": (40, range(55, 101)),
    "xylophone": (13, range(65, 109)),
}
"""Of each recorded instrument the program it is learnt from, and the range it usually has."""

LICENCE = FONT_LICENCES
RECORDED_LICENCE = f"Recorded notes, tonejs-instruments: CC BY 3.0. Sound fonts: {FONT_LICENCES}"


@dataclass(frozen=True, slots=True)
class Note:
    """A clip to be.

    Attributes:
        split: where.
        instrument: a name of `INSTRUMENTS` or of `RECORDED`.
        program: General MIDI program, the first being 0.
        pitch: MIDI pitch.
        font: index into `FONTS`.
        velocity: MIDI velocity.
        held: until the key is released [s].
        level: see `Job`.
    """

    split: Split
    instrument: str
    program: int
    pitch: int
    font: int
    velocity: float
    held: float
    level: float


@dataclass(frozen=True, slots=True)
class Preset:
    """How much is rendered.

    Attributes:
        seed: of every random choice.
        instruments: names of `INSTRUMENTS`.
        notes: of an instrument in each split; of training and validation no more than there
            are pitches, as no pitch is in both.
    """

    seed: int
    instruments: tuple[str, ...]
    notes: Mapping[Split, int]


FULL = Preset(
    seed=1,
    instruments=tuple(INSTRUMENTS),
    notes={Split.TRAIN: 26, Split.VALIDATION: 6, Split.TEST: 9},
)
TINY = Preset(
    seed=1,
    instruments=("piano", "violin", "nylon guitar", "flute"),
    notes={Split.TRAIN: 15, Split.VALIDATION: 6, Split.TEST: 12},
)
RECORDED_NOTES = {Split.TRAIN: 32, Split.VALIDATION: 8}


def make(
    preset: Preset,
    folder: Path,
    sources: Sequence[Path],
    progress: Progress,
    processes: int | None = None,
) -> None:
    """Renders a preset of `notes`: a WAV file a clip, and the manifest.

    Args:
        preset: how much.
        folder: an empty folder.
        sources: what `FONT_SOURCES` names, in that order.
        progress: called with clips done and clips in all.
        processes: one a processor unless given; the bytes do not depend on it.
    """
    notes = list(_notes(preset))
    with workers(sources, processes) as pool:
        jobs = [_job(folder, index, note) for index, note in enumerate(notes)]
        digests = each(pool, render, jobs, progress)
    write_manifest(folder, LICENCE, list(map(_entry, notes, jobs, digests)))


def make_recorded(
    seed: int,
    folder: Path,
    sources: Sequence[Path],
    progress: Progress,
    processes: int | None = None,
) -> None:
    """Makes `notes-recorded`: training and validation are rendered, the test is recordings.

    Args:
        seed: of every random choice.
        folder: an empty folder.
        sources: the two fonts, then an npm package (.tgz) for each of `RECORDED`, in that order.
        progress: called with clips done and clips in all.
        processes: one a processor unless given.
    """
    fonts, packages = sources[: len(FONTS)], sources[len(FONTS) :]
    notes = list(_for_recorded(seed))
    recordings = list(_recordings(seed, dict(zip(RECORDED, packages, strict=True))))
    steps = len(notes) + len(recordings)
    with workers(fonts, processes) as pool:
        jobs = [_job(folder, index, note) for index, note in enumerate(notes)]
        digests = each(pool, render, jobs, lambda done, _: progress(done, steps))
        copies = [
            (package, name, _job(folder, len(jobs) + index, note))
            for index, (package, name, note) in enumerate(recordings)
        ]
        digests += each(pool, record, copies, lambda done, _: progress(len(jobs) + done, steps))
    notes += [note for *_, note in recordings]
    jobs += [job for *_, job in copies]
    write_manifest(folder, RECORDED_LICENCE, list(map(_entry, notes, jobs, digests)))


def _notes(preset: Preset) -> Iterator[Note]:
    """Training and validation on the first font, no pitch in both; the test on the second."""
    for number, name in enumerate(preset.instruments):
        rng = np.random.default_rng([preset.seed, number])
        silent = SILENT.get(name, frozenset())
        learn, test = _pitches(rng, silent), _pitches(rng, silent)
        for split, count in preset.notes.items():
            font, pitches = (1, test) if split is Split.TEST else (0, learn)
            for pitch in islice(pitches, count):
                yield _drawn(rng, Note(split, name, INSTRUMENTS[name], pitch, font, 0, 0, 0))


def _pitches(rng: np.random.Generator, silent: AbstractSet[int]) -> Iterator[int]:
    """Every pitch of `RANGE` that is not silent, once, twelve pitch classes in turn."""
    octaves = rng.permuted(np.tile(np.arange(len(RANGE) // 12), (12, 1)), axis=1)
    for turn in octaves.T:
        for step in rng.permutation(12):
            pitch = RANGE[12 * int(turn[step]) + int(step)]
            if pitch not in silent:
                yield pitch


def _for_recorded(seed: int) -> Iterator[Note]:
    """Training on one font and validation on the other: the choice is made across timbres."""
    for number, (name, (program, pitches)) in enumerate(RECORDED.items()):
        rng = np.random.default_rng([seed, number])
        for font, (split, count) in enumerate(RECORDED_NOTES.items()):
            for pitch in rng.choice(pitches, count):
                yield _drawn(rng, Note(split, name, program, int(pitch), font, 0, 0, 0))


def _recordings(seed: int, packages: Mapping[str, Path]) -> Iterator[tuple[Path, str, Note]]:
    """Each recording's archive and name in it, and the note it holds: the name says its pitch."""
    for number, (instrument, package) in enumerate(packages.items()):
        rng = np.random.default_rng([seed, len(RECORDED) + number])
        with tarfile.open(package) as archive:
            names = sorted(name for name in archive.getnames() if name.endswith(".mp3"))
        for name in names:
            written = re.match(r"([A-G])(s?)(\d)", PurePosixPath(name).name)
            if written is None:
                message = f"{name} in {package} has no pitch such as As3 in its name"
                raise ValueError(message)
            pitch = 12 + 12 * int(written[3]) + NATURALS[written[1]] + len(written[2])
            program, _ = RECORDED[instrument]
            note = Note(Split.TEST, instrument, program, pitch, len(FONTS), 0, 0, 0)
            yield package, name, _drawn(rng, note)


def _drawn(rng: np.random.Generator, note: Note) -> Note:
    """The note with a velocity, length and level at random."""
    velocity, held, level = (
        round(float(rng.uniform(*bounds)), 2) for bounds in (VELOCITIES, HELD, LEVELS)
    )
    return replace(note, velocity=velocity, held=held, level=level)


def _job(folder: Path, index: int, note: Note) -> Job:
    key = np.array([[0.0, note.held, note.pitch, note.velocity]])
    file = folder / f"{note.split}-{index:04}.wav"
    return Job(file, (Line(note.program, key),), note.font, SECONDS, note.level)


def _entry(note: Note, job: Job, sha256: str) -> Mapping[str, object]:
    """What the manifest says of a clip."""
    return {
        "file": job.file.name,
        "split": note.split,
        "instrument": note.instrument,
        "program": note.program,
        "pitch": note.pitch,
        "font": (*FONTS, "recorded")[note.font],
        "velocity": note.velocity,
        "held": note.held,
        "level": note.level,
        "sha256": sha256,
    }
