"""Vectors of clips, from the windows in the feature store."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from backbones import Backbone
from bench.probes import EVERY_LAYER, Indices, Matrix, Pooling
from bench.store import Rows, Store
from tasks import Split


class StoredFeatures:
    """Pools the windows of a task's clips; keeps the last few results.

    Args:
        store: holds every clip.
        card: names the layers, in the order in which the store keeps them.
        keys: clip keys of each split, in the order of the task's clips.
    """

    def __init__(self, store: Store, card: Backbone, keys: Mapping[Split, Sequence[str]]) -> None:
        self._store, self._keys = store, keys
        ends = np.cumsum([layer.dim for layer in card.layers]).tolist()
        self._columns = {
            layer.name: slice(end - layer.dim, end)
            for layer, end in zip(card.layers, ends, strict=True)
        }
        self._columns[EVERY_LAYER] = slice(0, ends[-1])
        self._windows = lru_cache(maxsize=8)(self._read)
        self.pooled = lru_cache(maxsize=32)(self._pooled)

    @property
    def several_windows(self) -> bool:
        """Whether any training clip has more than one, so that pooling makes a difference."""
        layer = next(iter(self._columns))
        return any(len(rows) > 1 for rows in self._windows(Split.TRAIN, layer))

    def owners(self, split: Split) -> Indices:
        """See `ClipFeatures.owners`."""
        counts = [len(rows) for rows in self._windows(split, next(iter(self._columns)))]
        return np.repeat(np.arange(len(counts)), counts)

    def _read(self, split: Split, layer: str) -> list[Rows]:
        return self._store.read(self._keys[split], self._columns[layer])

    def _pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """(clips, dim); (clips, 2·dim) for mean and deviation; (windows, dim) for windows."""
        clips = self._windows(split, layer)
        if pooling is Pooling.WINDOWS:
            return np.concatenate(clips)
        if pooling is Pooling.MAX:
            return np.stack([rows.max(0) for rows in clips])
        # In double: a mean of k equal windows would depend on k, which is how long a clip is.
        mean = np.stack([rows.mean(0, dtype=np.float64) for rows in clips]).astype(np.float32)
        if pooling is Pooling.MEAN:
            return mean
        deviation = np.stack([rows.std(0, dtype=np.float64) for rows in clips])
        return np.concatenate([mean, deviation.astype(np.float32)], axis=1)
