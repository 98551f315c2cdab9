"""MTEB's own classification evaluation. For an interpreter that has `mteb`."""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from datasets import Dataset, DatasetDict
from mteb.abstasks.classification import (
    AbsTaskClassification,
)
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models.model_meta import ModelMeta

from benchmarks.peers.exchange import Answer, Embeddings, Matrix, one_hot, serve
from tasks import Split


class Given(AbsTaskClassification):  # type: ignore[misc]
    """A task whose inputs are the numbers of clips, with MTEB's defaults."""

    metadata = TaskMetadata(
        name="Given",
        description="Embeddings made elsewhere.",
        dataset={"path": "given", "revision": "given"},
        type="Classification",
        category="t2c",
        eval_langs=["eng-Latn"],
        main_score="accuracy",
    )


class Encoded:
    """Looks up the vectors of numbered clips."""

    def __init__(self, rows: Mapping[str, Matrix]) -> None:
        self.rows = rows
        self.mteb_model_meta = ModelMeta.create_empty()

    def encode(
        self,
        inputs: Iterable[Mapping[str, Sequence[str]]],
        *,
        task_metadata: object,
        hf_split: str,
        hf_subset: str,
        prompt_type: object = None,
    ) -> Matrix:
        """Vectors of the clips of a split, in the order asked for."""
        del task_metadata, hf_subset, prompt_type
        numbers = [int(number) for batch in inputs for number in batch["text"]]
        return self.rows[hf_split][numbers]

    def similarity(self, embeddings1: Matrix, embeddings2: Matrix) -> Matrix:
        """Part of the protocol of encoders; classification does not call it."""
        raise NotImplementedError

    similarity_pairwise = similarity


def evaluate(given: Embeddings, shots: int | None) -> Answer:
    """Logistic regression on draws of so many examples a label, or on all of them."""
    task = Given()
    if shots is None:
        task.samples_per_label, task.n_experiments = len(given.x[Split.TRAIN]), 1
    splits = {split.value: given.y[split] for split in (Split.TRAIN, Split.TEST)}
    task.dataset = DatasetDict(
        {
            name: Dataset.from_dict({"text": [str(i) for i in range(len(y))], "label": y.tolist()})
            for name, y in splits.items()
        }
    )
    task.data_loaded = True
    model = Encoded({split.value: x for split, x in given.x.items()})
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        found = task.evaluate(model, encode_kwargs={}, prediction_folder=Path(folder))
        seconds = time.process_time() - started
        written = json.loads((Path(folder) / task.prediction_file_name).read_bytes())
    predicted = np.array(written["default"]["test"], dtype=np.int64)
    own = float(found["default"]["main_score"])
    return Answer(one_hot(predicted, given.classes), own, len(predicted), seconds)


if __name__ == "__main__":
    serve({"mteb-8-shot": partial(evaluate, shots=8), "mteb-all": partial(evaluate, shots=None)})
