"""scikit-learn's classifiers with their default settings, after scaling."""

import math
import time
from functools import partial
from typing import Protocol, cast

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.peers.exchange import Answer, Embeddings, Labels, Matrix, repeated, serve
from tasks import Split

GRID, FOLDS = 10, 5
"""Of `LogisticRegressionCV`; one more fit follows on all of the examples."""


class Classifier(Protocol):
    """What is used of scikit-learn's."""

    def fit(self, x: Matrix, y: Labels) -> object:
        """Learn."""

    def predict_proba(self, x: Matrix) -> Matrix:
        """(clips, classes)."""


def answered(model: object, fits: int, given: Embeddings, splits: tuple[Split, ...]) -> Answer:
    """Scaled, fitted on the splits, and tested."""
    whole = cast("Classifier", make_pipeline(StandardScaler(), model))
    x = np.concatenate([given.x[split] for split in splits])
    y = np.concatenate([given.y[split] for split in splits])
    started = time.process_time()
    whole.fit(x, y)
    scores = whole.predict_proba(given.x[Split.TEST])
    seconds = time.process_time() - started
    return Answer(scores[None].astype(np.float32), math.nan, fits, seconds)


def logistic(given: Embeddings) -> Answer:
    """Ten penalties, five folds of the training split."""
    return answered(LogisticRegressionCV(), GRID * FOLDS + 1, given, (Split.TRAIN,))


def logistic_on_both(given: Embeddings) -> Answer:
    """The same, with the validation split as further examples, for it has no other use of it."""
    splits = (Split.TRAIN, Split.VALIDATION)
    return answered(LogisticRegressionCV(), GRID * FOLDS + 1, given, splits)


def network(given: Embeddings, seed: int) -> Answer:
    """One hidden layer of 100 units."""
    return answered(MLPClassifier(random_state=seed), 1, given, (Split.TRAIN,))


if __name__ == "__main__":
    serve(
        {
            "sklearn-logistic": logistic,
            "sklearn-logistic-both": logistic_on_both,
            "sklearn-mlp": partial(repeated, network),
        }
    )
