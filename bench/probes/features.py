"""Vectors of clips, from the windows in the feature store."""

from collections.abc import Mapping, Sequence

import numpy as np
from cachetools import LRUCache, cachedmethod

from backbones import Backbone
from bench.probes import EVERY_LAYER, Indices, Matrix, Pooling
from bench.store import Rows, Store
from tasks import Split

MEMORY = 2**30
"""Of the results that are kept [bytes]; a larger one is made again where it is asked for again."""

AT_ONCE = 256
"""Clips whose windows are read before they are pooled."""


class StoredFeatures:
    """Pools the windows of a task's clips; keeps the last results.

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
        self._kept: LRUCache[tuple[Split, str, Pooling], Matrix] = LRUCache(
            MEMORY, getsizeof=lambda matrix: matrix.nbytes
        )

    @property
    def several_windows(self) -> bool:
        """Whether any training clip has more than one, so that pooling makes a difference."""
        return any(count > 1 for count in self._store.windows(self._keys[Split.TRAIN]))

    def owners(self, split: Split) -> Indices:
        """See `ClipFeatures.owners`."""
        counts = self._store.windows(self._keys[split])
        return np.repeat(np.arange(len(counts)), counts)

    @cachedmethod(lambda self: self._kept)
    def pooled(self, split: Split, layer: str, pooling: Pooling) -> Matrix:
        """(clips, dim); (clips, 2·dim) for mean and deviation; (windows, dim) for windows."""
        keys, columns = self._keys[split], self._columns[layer]
        parts = [
            _pooled(self._store.read(keys[first : first + AT_ONCE], columns), pooling)
            for first in range(0, len(keys), AT_ONCE)
        ]
        return np.concatenate(parts)


def _pooled(clips: Sequence[Rows], pooling: Pooling) -> Matrix:
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
