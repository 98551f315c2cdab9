"""How many planted leaks the audit finds, and how many it finds where there are none.

Run `python -m studies.audit [clips]`; it writes studies/audit.md. Clips of the embedded music are
damaged, written as files, and looked up among all clips of their task, as the audit does. False
alarms are counted over every pair of clips as they are.
"""

import itertools
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import data, registry
from bench.audio import BadAudioError, Samples
from bench.audit.coherence import SAME, compare
from bench.audit.duplicates import candidates, near
from bench.audit.hearing import Heard, Listener, heard, samples
from bench.audit.index import Index
from bench.audit.landmarks import PLAIN
from bench.stretch import Stretch
from studies.damages import DAMAGES, SEED, Damage, write
from tasks import Clip
from tasks._render import read_manifest

TASKS = ("tunes/key", "notes/instrument")
CLIPS = 200
PAGE = Path(__file__).with_suffix(".md")

INTRODUCTION = f"""\
# What the audit finds

Made by `python -m studies.audit {{}}`. A planted leak is found if its landmarks name the clip that
it was made of and the coherence of their waveforms (`bench/audit/coherence.py`) is {SAME} at least.
A clip with fewer than {PLAIN} different landmarks is too plain: a copy may be missed where it
begins elsewhere. Bit rates of MP3 are constant, as measured.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the audit made of one damaged clip.

    Attributes:
        found: whether the clip it was made of is told.
        exact: whether it is told as an exact copy.
        plain: whether either of them is too plain to fingerprint.
        rate: of the file [kb/s].
    """

    found: bool
    exact: bool
    plain: bool
    rate: float


@dataclass(frozen=True, slots=True)
class Target:
    """A clip that is to be found.

    Attributes:
        place: in the index.
        clip: the clip.
        heard: its digest and landmarks.
        index: of all clips.
    """

    place: int
    clip: Clip
    heard: Heard
    index: Index


def look_up(copy: Heard, audio: Samples, target: Target) -> bool:
    """Whether a copy is found to be the clip that it was made of."""
    if copy.digest == target.heard.digest:
        return True
    named = any(each.clip == target.place for each in target.index.candidates(copy.landmarks))
    return named and compare(audio, samples(Stretch.of(target.clip))).score >= SAME


def plant(
    damage: Damage, chosen: Sequence[int], clips: Sequence[Clip], known: Sequence[Heard]
) -> list[Outcome]:
    """Damage the clips at some places and look them up among all; silence is left out."""
    index = Index([each.landmarks for each in known])
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for place in chosen:
            target = Target(place, clips[place], known[place], index)
            path, rate = write(damage, target.clip, Path(folder))
            try:
                copy, audio = heard(Stretch(path), near=True)
            except BadAudioError:
                continue
            plain = copy.landmarks.is_plain or target.heard.landmarks.is_plain
            exact = copy.digest == target.heard.digest
            outcomes.append(Outcome(look_up(copy, audio, target), exact, plain, rate))
    return outcomes


def quiet(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def row(damage: Damage, outcomes: Sequence[Outcome]) -> str:
    """A line of the table."""
    rich = [each for each in outcomes if not each.plain]
    found = sum(each.found for each in outcomes)
    rate = f"{np.median([each.rate for each in outcomes]):.0f}" if damage.level else "–"
    told = f"{found / len(outcomes):.1%} of {len(outcomes)}"
    among = f"{sum(each.found for each in rich) / max(len(rich), 1):.1%} of {len(rich)}"
    exact = sum(each.exact for each in outcomes)
    return f"| {damage.name} | {rate} | {told} | {among} | {exact} |"


def alarms(clips: Sequence[Clip], known: Mapping[str, Heard], listener: Listener) -> list[str]:
    """What is found among clips as they are; pairs of one note of one instrument apart."""
    notes = {
        Path(entry["file"]).stem: (entry.get("instrument"), entry.get("pitch"))
        for entry in read_manifest(clips[0].path.parent)
    }
    found = near(candidates(clips, known, quiet), listener, quiet)
    alike = [f for f in found if None not in notes[f.clip] and notes[f.clip] == notes[f.other]]
    pairs = len(clips) * (len(clips) - 1) // 2
    others = len(found) - len(alike)
    summary = (
        f"- {pairs:,} pairs of {len(clips):,} clips: {len(found)} found, of them {len(alike)} of "
        f"one note on one instrument; {others} others, {1e4 * others / pairs:.3f} in 10,000 pairs."
    )
    return [
        summary,
        *(
            f"    - {f.clip} and {f.other}: {f.score:.3f}, {' '.join(map(str, notes[f.clip]))}"
            for f in alike
        ),
    ]


def speed(clips: Sequence[Clip], known: Sequence[Heard], seconds: float) -> list[str]:
    """How fast clips are heard and looked up, and what a lookup costs as the index grows."""
    lines = [f"- {len(clips) / seconds:.0f} clips/s decoded, digested and fingerprinted."]
    for size in (len(clips) // 4, len(clips) // 2, len(clips)):
        index = Index([each.landmarks for each in known[:size]])
        begun = time.perf_counter()
        named = sum(len(index.candidates(each.landmarks)) - 1 for each in known[:size])
        rate = size / (time.perf_counter() - begun)
        lines.append(
            f"- Index of {size:,} clips: {rate:,.0f} lookups/s, {named / size:.2f} candidates each."
        )
    audio = [samples(Stretch.of(clip)) for clip in clips[:21]]
    begun = time.perf_counter()
    for one, other in itertools.pairwise(audio):
        compare(one, other)
    lines.append(f"- {20 / (time.perf_counter() - begun):.0f} comparisons/s on one thread.")
    return lines


def study(name: str, count: int) -> list[str]:
    """The part of the page that is about a task."""
    entry = registry.find().tasks[name]
    clips = data.clips(entry.card, data.ready(entry, quiet))
    listener = Listener(near=True)
    begun = time.perf_counter()
    listened = listener.hear(map(Stretch.of, clips), quiet)
    seconds = time.perf_counter() - begun
    known = [listened[Stretch.of(clip)] for clip in clips]
    chosen = np.random.default_rng(SEED).choice(len(clips), min(count, len(clips)), replace=False)
    plain = sum(each.landmarks.is_plain for each in known)
    lines = [
        f"## {name}",
        "",
        f"{plain} of {len(clips):,} clips are too plain.",
        "",
        "| planted | kb/s | found | found where neither is too plain | reported as exact copies |",
        "|---|---|---|---|---|",
    ]
    for damage in DAMAGES:
        lines.append(row(damage, plant(damage, chosen.tolist(), clips, known)))
        sys.stdout.write(f"{name} {lines[-1]}\n")
        sys.stdout.flush()
    by_id = {clip.id: each for clip, each in zip(clips, known, strict=True)}
    return [*lines, "", *alarms(clips, by_id, listener), *speed(clips, known, seconds), ""]


def main() -> None:
    """Write the page."""
    count = int(sys.argv[1]) if sys.argv[1:] else CLIPS
    parts = [line for name in TASKS for line in study(name, count)]
    PAGE.write_text("\n".join([INTRODUCTION.format(count), *parts]), encoding="utf-8")


if __name__ == "__main__":
    main()
