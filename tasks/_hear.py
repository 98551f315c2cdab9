"""Splits of HEAR (Turian et al., 2022), found again from the names of the files alone.

The rules were read in `pipeline.py` of github.com/hearbenchmark/hear-preprocess (610d864). They
depend on every name of a data set: with one file more or less, all folds are others.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tasks import Clip, Split
from tasks._tables import LayoutError, lot

DRAWS = 1_000


def folds(labels: Mapping[str, int], count: int) -> dict[str, int]:
    """The fold of every file, from 1: the sorted names are shuffled and cut into even parts.

    Where a part lacks a class, they are shuffled with another seed.

    Args:
        labels: name of a file, without its ending → class.
        count: of folds.

    Raises:
        LayoutError: no draw gives every fold every class.
    """
    for seed in _seeds():
        names = sorted(labels)
        random.Random(seed).shuffle(names)  # noqa: S311 — the published draw
        drawn = {
            name: fold
            for fold, part in enumerate(np.array_split(np.arange(len(names)), count), 1)
            for name in names[part[0] : part[-1] + 1]
        }
        if len({(fold, labels[name]) for name, fold in drawn.items()}) == count * len(
            set(labels.values())
        ):
            return drawn
    message = f"no draw of {len(labels)} files gives each of {count} folds every class"
    raise LayoutError(message)


def clips(files: Sequence[Path], label: Callable[[Path], int], count: int) -> list[Clip]:
    """A clip of every file, in its fold.

    Args:
        files: of the data set, all of them.
        label: the class of one.
        count: of folds.
    """
    labels = {file.stem: label(file) for file in files}
    drawn = folds(labels, count)
    return [
        Clip(file.stem, Split.TEST, file, labels[file.stem], file.stem, fold=drawn[file.stem])
        for file in files
    ]


def _seeds() -> Iterator[str]:
    yield "split_k_folds"
    yield from (f"split_k_folds_retry_{number}" for number in range(DRAWS - 1))


def sample(names: Iterable[str], part: str, count: int) -> set[str]:
    """The files that a part of a large data set is cut down to.

    Args:
        names: of files, without their endings.
        part: `train`, `valid` or `test`.
        count: of files kept; all where there are fewer.
    """
    ordered = sorted(names)
    rng = np.random.RandomState(lot(f"SubsampleSplit({part})", 2**32 - 1))
    return {ordered[place] for place in rng.permutation(len(ordered))[:count]}
