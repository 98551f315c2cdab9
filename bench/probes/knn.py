"""Nearest neighbours by cosine: every label's share among them, or the mean of targets."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.probes import Problem
from tasks import Scores, Truth

Vectors = npt.NDArray[np.float64]


def fit(x: Vectors, y: Truth, problem: Problem, neighbours: int) -> Callable[[Vectors], Scores]:
    """Remember the training rows.

    Args:
        x: (rows, dim).
        y: (rows,) classes, or (rows, tags or targets); NaN where a tag is not known.
        problem: says what `y` is.
        neighbours: that vote; all rows where there are fewer.

    Returns:
        (queries, dim) → (queries, outputs): the share of each class or tag among the neighbours
        that are labelled, weighted by cosine similarity + 1; targets alike. A tag that no
        neighbour is labelled for has its share of all rows; one that none is, a half.
    """
    from sklearn.neighbors import NearestNeighbors  # takes longer than other protocols' imports

    votes = np.eye(problem.outputs)[y.astype(int)] if y.ndim == 1 else y.astype(np.float64)
    known = ~np.isnan(votes)
    votes = np.nan_to_num(votes)
    usual = np.where(known.any(0), votes.sum(0) / np.maximum(known.sum(0), 1), 0.5)
    index = NearestNeighbors(n_neighbors=min(neighbours, len(x)), metric="cosine").fit(unit(x))

    def predict(queries: Vectors) -> Scores:
        distance, nearest = index.kneighbors(unit(queries))
        weight = (2 - distance)[:, :, None] * known[nearest]
        total = weight.sum(1)
        mean = (weight * votes[nearest]).sum(1) / np.maximum(total, 1e-12)
        return np.asarray(np.where(total > 0, mean, usual))

    return predict


def unit(x: Vectors) -> Vectors:
    """Rows of length 1; one that is 0 stays, as far from everything."""
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))
