"""Splits of HEAR: the same files as with the libraries that its own pipeline calls."""

import hashlib
import random

import numpy as np
import pandas as pd
import pytest

from tasks import _hear
from tasks._tables import LayoutError

NAMES = [f"bass_electronic_{n % 7:03}-{n:03}-075" for n in range(103)]


def test_folds_are_even_parts_of_the_published_shuffle() -> None:
    shuffled = sorted(NAMES)
    random.Random("split_k_folds").shuffle(shuffled)  # noqa: S311 — the published draw
    parts = [set(map(str, part)) for part in np.array_split(shuffled, 5)]
    drawn = _hear.folds(dict.fromkeys(reversed(NAMES), 0), 5)
    assert [{n for n in NAMES if drawn[n] == fold} for fold in range(1, 6)] == parts
    assert [len(part) for part in parts] == [21, 21, 21, 20, 20]


def test_a_draw_that_leaves_a_fold_without_a_class_is_drawn_again() -> None:
    first = _hear.folds(dict.fromkeys(NAMES, 0), 5)
    together = [name for name in NAMES if first[name] == 1][:5]
    drawn = _hear.folds({name: int(name in together) for name in NAMES}, 5)
    assert drawn != first
    assert {drawn[name] for name in together} == {1, 2, 3, 4, 5}


def test_a_class_with_fewer_files_than_folds_is_refused() -> None:
    with pytest.raises(LayoutError, match="no draw of 103 files gives each of 5 folds"):
        _hear.folds({name: int(name == NAMES[0]) for name in NAMES}, 5)


def test_a_sample_is_the_one_that_pandas_draws() -> None:
    seed = int(hashlib.sha1(b"SubsampleSplit(valid)", usedforsecurity=False).hexdigest(), 16)
    frame = pd.DataFrame({"name": sorted(NAMES)})
    kept = frame.sample(frac=1, random_state=seed % (2**32 - 1))["name"][:40]
    assert _hear.sample(reversed(NAMES), "valid", 40) == set(kept)
    assert _hear.sample(NAMES, "test", 40) != set(kept)
    assert _hear.sample(NAMES, "test", 1_000) == set(NAMES)
