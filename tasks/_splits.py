"""Splits of data that anybody brings: read where they are given, else drawn with a seed."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tasks import DoorError, Kind, Split
from tasks._labels import Labelled

NAMES = {
    **dict.fromkeys(("train", "training"), Split.TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), Split.VALIDATION),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), Split.TEST),
}
"""What a split is called elsewhere."""

PARTS = (Split.TRAIN, Split.TEST, Split.VALIDATION, Split.TRAIN, Split.TRAIN)
"""The split that each fifth of the groups goes to; the first group of a class is trained on."""

LEAST_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """Where clips go, in their order.

    Attributes:
        splits: one a clip.
        folds: one a clip; 0 where there is one split.
        said: who drew them, and how.
    """

    splits: Sequence[Split]
    folds: Sequence[int]
    said: str


def by_fold(names: Sequence[str]) -> Placed:
    """Every fold tested in turn.

    Raises:
        DoorError: there are too few.
    """
    known = sorted(set(names), key=lambda name: (name.zfill(9), name))
    if len(known) < LEAST_FOLDS:
        message = f"there are {len(known)} folds, expected {LEAST_FOLDS} at least"
        raise DoorError(message)
    at = {name: fold for fold, name in enumerate(known, 1)}
    return Placed(
        [Split.TEST] * len(names), [at[name] for name in names], f"{len(known)} folds as given"
    )


def named(names: Sequence[str], remedy: str) -> list[Split]:
    """Splits by what they are called.

    Raises:
        DoorError: a name is that of no split, or there is nothing to train or test on.
    """
    strange = next((name for name in names if name.lower() not in NAMES), None)
    if strange is not None:
        message = f"{strange!r} is no split, expected one of {', '.join(NAMES)}"
        raise DoorError(message)
    splits = [NAMES[name.lower()] for name in names]
    for split in (Split.TRAIN, Split.TEST):
        if split not in splits:
            message = f"no clip is in {split}; {remedy.format(split)}"
            raise DoorError(message)
    return splits


def by_name(given: Sequence[Split], groups: Sequence[str], labelled: Labelled, seed: int) -> Placed:
    """Splits as given; validation is drawn from the training clips where none is given."""
    splits = [*given]
    if Split.VALIDATION in splits:
        return Placed(splits, [0] * len(splits), "as given")
    drawn = drawn_from(
        [i for i, s in enumerate(splits) if s is Split.TRAIN], groups, labelled, seed
    )
    for index, part in drawn.items():
        splits[index] = Split.VALIDATION if PARTS[part] is Split.VALIDATION else Split.TRAIN
    said = f"test as given; validation is a fifth of the training clips, {_how(labelled, seed)}"
    return Placed(splits, [0] * len(splits), said)


def by_lot(groups: Sequence[str], labelled: Labelled, seed: int) -> Placed:
    """Three fifths to train on, one to choose by, one to test on."""
    drawn = drawn_from(range(len(groups)), groups, labelled, seed)
    splits = [PARTS[drawn[index]] for index in range(len(groups))]
    said = f"about 60 / 20 / 20 % of the clips, {_how(labelled, seed)}"
    return Placed(splits, [0] * len(groups), said)


def _how(labelled: Labelled, seed: int) -> str:
    evenly = ", each class evenly" if labelled.kind in {Kind.MULTICLASS, Kind.KEY} else ""
    return f"drawn by whole groups{evenly} with seed {seed}"


def drawn_from(
    indices: Sequence[int], groups: Sequence[str], labelled: Labelled, seed: int
) -> dict[int, int]:
    """Deal the groups of some clips out into `PARTS`; the order of the clips does not matter.

    Groups come in the order of a keyed digest, and each goes where the fewest clips of its most
    common class are, so that every class is spread evenly and no library's generator is needed.

    Returns:
        Index → part.
    """
    members: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for index in indices:
        label = labelled.labels[index]
        members[groups[index]][label if isinstance(label, int) else 0] += 1
    dealt: defaultdict[int, Counter[int]] = defaultdict(Counter)
    parts = {}
    for group in sorted(members, key=lambda name: _lot(name, seed)):
        held = members[group]
        main = min(held, key=lambda label: (-held[label], label))
        parts[group] = min(range(len(PARTS)), key=lambda part: (dealt[main][part], part))
        for label, count in held.items():
            dealt[label][parts[group]] += count
    return {index: parts[groups[index]] for index in indices}


def _lot(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
