"""The making of the `tunes` data set: five-second excerpts of real tunes, rendered."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tasks import Progress
from tasks._abc import Melody, Tune, melody, read
from tasks._arrange import FAMILY, play
from tasks._render import (
    FONT_LICENCES,
    FONT_SOURCES,
    FONTS,
    Job,
    each,
    render,
    workers,
    write_manifest,
)
from tasks._tunes_plan import Candidate, Planned, Preset, candidates, plan, strangers

SECONDS = 5.0
SHORTEST = 12
"""Beats a tune must have: five seconds at the fastest tempo."""

CORPUS = (
    "pkg:pypi/music21@10.5.1?checksum=sha256:"
    "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1#music21/corpus/"
)
SOURCES = (
    *(CORPUS + book for book in ("ryansMammoth", "airdsAirs", "oneills1850")),
    *FONT_SOURCES,
)
LICENCE = (
    "Tunes: public domain; the ABC transcriptions are by volunteers and distributed with music21 "
    f"by their permission. {FONT_LICENCES}"
)


def make(
    preset: Preset,
    folder: Path,
    sources: Sequence[Path],
    progress: Progress,
    processes: int | None = None,
) -> None:
    """Renders a preset: a WAV file a clip, and the manifest.

    Args:
        preset: how much.
        folder: an empty folder.
        sources: what `SOURCES` names, in that order.
        progress: called with steps done and in all; a tune read or a clip rendered is a step.
        processes: one a processor unless given; the bytes do not depend on it.
    """
    *books, tim, merlin = sources
    ryan, aird, oneill = (_tunes(book) for book in books)
    chosen = candidates(ryan + aird, oneill, preset)
    steps = len(chosen) + preset.clips
    with workers((tim, merlin), processes) as pool:
        melodies = each(
            pool, melody, [one.tune for one in chosen], lambda done, _: progress(done, steps)
        )
        planned = plan(strangers(_heard(chosen, melodies)), preset)
        jobs, starts = _jobs(planned, folder, preset.seed)
        digests = each(pool, render, jobs, lambda done, _: progress(len(chosen) + done, steps))
    entries = map(_entry, planned, jobs, starts, digests)
    write_manifest(folder, LICENCE, list(entries))


def _tunes(book: Path) -> list[Tune]:
    return [tune for file in sorted(book.glob("*.abc")) for tune in read(file)]


def _heard(
    chosen: Sequence[Candidate], melodies: Sequence[Melody | None]
) -> list[tuple[Candidate, Melody]]:
    """The tunes that were readable and are long enough."""
    return [
        (one, notes)
        for one, notes in zip(chosen, melodies, strict=True)
        if notes is not None and notes.notes[:, :2].sum(axis=1).max() >= SHORTEST * one.tune.beat
    ]


def _jobs(planned: Sequence[Planned], folder: Path, seed: int) -> tuple[list[Job], list[float]]:
    """What is rendered, and where in its tune each clip begins [quarter notes]."""
    jobs: list[Job] = []
    starts: list[float] = []
    for index, clip in enumerate(planned):
        rng = np.random.default_rng([seed, 2, index])
        lines, start = play(clip.of.tune, clip.melody, clip.how, SECONDS, rng)
        file = folder / f"{clip.of.split}-{index:04}.wav"
        jobs.append(Job(file, lines, clip.font, SECONDS, clip.level))
        starts.append(start)
    return jobs, starts


def _entry(clip: Planned, job: Job, start: float, sha256: str) -> Mapping[str, object]:
    """What the manifest says of a clip."""
    tune, how = clip.of.tune, clip.how
    return {
        "file": job.file.name,
        "split": clip.of.split,
        "title": tune.title,
        "group": clip.of.group,
        "book": tune.book,
        "stratum": clip.of.stratum,
        "meter": tune.meter,
        "in_meter": clip.in_meter,
        "mode": tune.mode,
        "tonic": (tune.tonic + how.shift) % 12,
        "transposition": how.shift,
        "bpm": how.bpm,
        "start": start,
        "texture": how.texture,
        "programs": list(how.programs),
        "families": sorted({FAMILY[program] for program in how.programs}),
        "accent": how.accent,
        "register": how.register,
        "font": FONTS[clip.font],
        "level": clip.level,
        "sha256": sha256,
    }
