"""Which excerpts of which tunes are rendered, in which split.

Training and validation are tunes of Ryan's Mammoth Collection and, for the metres and keys it
hardly has, of Aird's Airs; reels, jigs and hornpipes are Ryan's alone. The test is O'Neill's
Music of Ireland. A title that occurs on both sides is dropped from both, and of the tunes that
are left those are dropped from the test that share a phrase with a training tune: the books
often have one melody under two names. Only tunes in major or minor are used: a modal one has no
place among 24 keys.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import TypeAlias

import numpy as np

from tasks import Split
from tasks._abc import Melody, Tune
from tasks._arrange import Arrangement, draw
from tasks._render import FONTS

KINDS = {"reel": "2/4", "jig": "6/8", "hornpipe": "2/4"}
"""The dances that are asked for, and the metre each is in."""

TEMPI = (60.0, 140.0)
LEVELS = (-26.0, -18.0)
VALIDATION_SHARE = 0.16
MINOR_SHARE = 1 / 3
EXCERPTS_OF_A_TUNE = 3
PHRASE = 16
"""Intervals in a row that make two tunes the same."""

SPARE = 1.4
"""Tunes read for each one needed: some turn out unreadable, or the same as another."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How much is rendered.

    Attributes:
        seed: of every random choice.
        quotas: clips of each `stratum`, for each split.
        in_meter: how many of the reels, and of the hornpipes, the question of metre uses.
    """

    seed: int
    quotas: Mapping[Split, Mapping[str, int]]
    in_meter: Mapping[Split, int]

    @property
    def clips(self) -> int:
        """Clips in all."""
        return sum(sum(quota.values()) for quota in self.quotas.values())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tune that may be used.

    Attributes:
        split: where.
        stratum: as which; see `stratum`.
        group: normalised title; tunes that share any title share it.
        tune: what the book says.
    """

    split: Split
    stratum: str
    group: str
    tune: Tune


Heard: TypeAlias = tuple[Candidate, Melody]


@dataclass(frozen=True, slots=True)
class Planned:
    """A clip to be.

    Attributes:
        of: the tune.
        melody: its notes.
        how: it is played.
        font: index into `FONTS`.
        level: see `Job`.
        in_meter: whether the question of metre uses it.
    """

    of: Candidate
    melody: Melody
    how: Arrangement
    font: int
    level: float
    in_meter: bool


def quota(dance: int, duple: int, compound: int, triple: int) -> dict[str, int]:
    """Clips of each dance, and of other tunes in 2/4, in 6/8, and in each of 9/8 and 3/4."""
    dances = dict.fromkeys(KINDS, dance)
    return dances | {"2/4": duple, "6/8": compound, "9/8": triple, "3/4": triple}


FULL = Preset(
    seed=1,
    quotas={
        Split.TRAIN: quota(201, 60, 30, 84),
        Split.VALIDATION: quota(36, 12, 6, 16),
        Split.TEST: quota(67, 20, 10, 32),
    },
    in_meter={Split.TRAIN: 80, Split.VALIDATION: 15, Split.TEST: 28},
)
TINY = Preset(
    seed=1,
    quotas={
        Split.TRAIN: quota(13, 7, 4, 5),
        Split.VALIDATION: quota(5, 3, 2, 2),
        Split.TEST: quota(10, 6, 4, 4),
    },
    in_meter={Split.TRAIN: 4, Split.VALIDATION: 2, Split.TEST: 4},
)


def stratum(tune: Tune) -> str | None:
    """Reel, jig or hornpipe, and of all other tunes the metre; None if it is not used.

    Not used are modal tunes, dances in an unusual metre, and Aird's few dances.
    """
    if tune.mode not in {"major", "minor"}:
        return None
    if tune.kind == "jig" and tune.meter == "9/8":
        return "9/8"
    if tune.kind in KINDS:
        usual = tune.meter == KINDS[tune.kind] and tune.book != "airdsAirs"
        return tune.kind if usual else None
    return tune.meter


def candidates(learn: Sequence[Tune], test: Sequence[Tune], preset: Preset) -> list[Candidate]:
    """The tunes worth reading, in random order, some more than are needed.

    Args:
        learn: for training and validation.
        test: for the test.
        preset: how many.
    """
    rng = np.random.default_rng([preset.seed, 0])
    shared = {name for tune in learn for name in tune.names} & {
        name for tune in test for name in tune.names
    }
    known = [*_known(learn, shared, Split.TRAIN), *_known(test, shared, Split.TEST)]
    groups = sorted({one.group for one in known if one.split is Split.TRAIN})
    validation = {group for group in groups if rng.uniform() < VALIDATION_SHARE}
    pool = [known[index] for index in rng.permutation(len(known))]
    return list(_enough((_placed(one, validation) for one in pool), preset))


def strangers(found: Sequence[Heard]) -> list[Heard]:
    """Without tunes that share a phrase with one of an earlier split, in whatever key."""
    kept: list[Heard] = []
    known: set[tuple[int, ...]] = set()
    for split in Split:
        phrases = [(heard, _phrases(heard[1])) for heard in found if heard[0].split is split]
        new = [(heard, own) for heard, own in phrases if known.isdisjoint(own)]
        kept += [heard for heard, _ in new]
        known.update(*(own for _, own in new))
    return kept


def plan(found: Sequence[Heard], preset: Preset) -> list[Planned]:
    """The clips: each stratum to its quota, keys and sound fonts evenly over all of them.

    Minor tunes, which are few, fill up to `MINOR_SHARE` of a stratum and are heard up to
    `EXCERPTS_OF_A_TUNE` times; the others as often as the quota asks.
    """
    rng = np.random.default_rng([preset.seed, 1])
    clips: list[Planned] = []
    for split, quotas in preset.quotas.items():
        tonics = {mode: _evenly(12, rng) for mode in ("major", "minor")}
        fonts = _evenly(len(FONTS), rng)
        for name, wanted in quotas.items():
            limit = preset.in_meter[split] if name in {"reel", "hornpipe"} else wanted
            pool = [
                heard for heard in found if heard[0].split == split and heard[0].stratum == name
            ]
            for number, (one, melody) in enumerate(_picked(pool, wanted)):
                shift = (next(tonics[one.tune.mode]) - one.tune.tonic + 6) % 12 - 6
                how = draw(rng, TEMPI, shift)
                level = round(float(rng.uniform(*LEVELS)), 1)
                clips.append(Planned(one, melody, how, next(fonts), level, number < limit))
    return clips


def _phrases(melody: Melody) -> set[tuple[int, ...]]:
    intervals = np.diff(melody.notes[:, 2]).astype(int).tolist()
    return {tuple(intervals[at : at + PHRASE]) for at in range(len(intervals) - PHRASE + 1)}


def _known(tunes: Iterable[Tune], shared: set[str], split: Split) -> Iterator[Candidate]:
    """Tunes with a stratum and without a title of the other side; not those of two groups."""
    group_of: dict[str, str] = {}
    for tune in tunes:
        groups = {group_of[name] for name in tune.names if name in group_of} or {tune.names[0]}
        name = stratum(tune)
        if name is None or len(groups) > 1 or not shared.isdisjoint(tune.names):
            continue
        group = groups.pop()
        group_of.update(dict.fromkeys(tune.names, group))
        yield Candidate(split, name, group, tune)


def _placed(one: Candidate, validation: set[str]) -> Candidate:
    moves = one.split is Split.TRAIN and one.group in validation
    return replace(one, split=Split.VALIDATION) if moves else one


def _enough(pool: Iterable[Candidate], preset: Preset) -> Iterator[Candidate]:
    """Of each stratum and mode no more than its quota, and some to spare."""
    taken: Counter[tuple[str, str, str]] = Counter()
    for one in pool:
        kind = (one.split, one.stratum, one.tune.mode)
        share = MINOR_SHARE if one.tune.mode == "minor" else 1.0
        if taken[kind] < math.ceil(preset.quotas[one.split][one.stratum] * share * SPARE):
            taken[kind] += 1
            yield one


def _picked(pool: Sequence[Heard], wanted: int) -> list[Heard]:
    """As many as wanted; a tune again only when all have been taken.

    Raises:
        ValueError: there is no tune to take.
    """
    minor = [one for one in pool if one[0].tune.mode == "minor"]
    major = [one for one in pool if one[0].tune.mode == "major"]
    if not major:
        message = f"no tune in major is left for one stratum, {wanted} clips were wanted"
        raise ValueError(message)
    few = min(round(wanted * MINOR_SHARE), EXCERPTS_OF_A_TUNE * len(minor))
    return [*islice(cycle(minor), few), *islice(cycle(major), wanted - few)]


def _evenly(count: int, rng: np.random.Generator) -> Iterator[int]:
    """0 … count - 1 in random order, again and again."""
    while True:
        yield from (int(index) for index in rng.permutation(count))
