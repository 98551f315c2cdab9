"""Records of made-up rows, and the tasks they are of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bench import recording
from leaderboard import records
from leaderboard.records import Predictions, Record
from tasks import DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY

CLIPS = 120
GROUPS = [f"song {i // 2:02}" for i in range(CLIPS)]

FACTS = """{
"backbone": {"name": "%(backbone)s", "family": "random", "summary": "s", "parameters": 1500000,
    "paper": "Doe, 2020", "licence": "MIT", "weights_licence": "CC0", "trained_on": ["mtt"]},
"task": {"name": "%(task)s", "summary": "Which of two? With a | in it", "kind": "multiclass",
    "suites": ["toys"], "recorded": true, "licence": "CC0", "paper": "p", "labels": ["a", "b"],
    "primary": "accuracy"},
"per_class": {}, "variants": [],
"clips": {"train": 1234, "validation": 20},
"search": {"protocol": "tuned-v1", "budget": 60, "seconds": null, "seeds": [0, 1],
    "validation": 0.5, "chosen": {"model": "linear", "c": 0.01}, "trials": []},
"costs": {"encode_seconds": 1234.56, "real_time_factor": 30.0, "probe_seconds": 2.0,
    "peak_memory_mb": null, "device": "cpu"},
"provenance": {"command": "bench run -b %(backbone)s -t %(task)s", "commit": null,
    "machine": "m", "packages": {}, "features": "f", "data": "d", "weights": null,
    "precision": "fp32"}
}"""


ANY_SCORE = {"low": 0.0, "high": 1.0, "error": 0.1, "seeds": [0.5]}


def card(name: str, *corpora: str) -> Task:
    return Task(
        name=name,
        summary="Which of two?",
        data=DataSet(name="toys", licence="CC0", paper="p", how_to_get="", recorded=True),
        kind=Kind.MULTICLASS,
        labels=("a", "b"),
        metrics=(ACCURACY,),
        clips=lambda _folder: [],
        counts=dict.fromkeys(Split, CLIPS),
        suites=("toys",),
        corpora=corpora,
    )


def put(
    folder: Path,
    backbone: str,
    task: str,
    right: float,
    *,
    clips: slice = slice(None),
    leak: Iterable[str] = (),
    skipped: Mapping[str, str] | None = None,
    labels_seed: int = 0,
    groups: Sequence[str] = GROUPS,
    protocol: str = "tuned-v1",
    variants: Mapping[str, float] | None = None,
) -> None:
    """Write the record of a row that gets this share of clips right.

    Its backbone was trained on `leak`, the data set of the task; `variants` have these scores.
    """
    truth = np.random.default_rng(labels_seed).integers(0, 2, CLIPS)[clips]
    rng = np.random.default_rng([*backbone.encode(), *task.encode()])
    guess = np.where(rng.uniform(size=CLIPS)[clips] < right, truth, 1 - truth)
    groups = list(groups)[clips]
    found = Predictions(
        ids=np.array([f"clip {i:03}" for i in range(CLIPS)])[clips],
        groups=np.array(groups),
        truth=truth,
        scores=np.eye(2, dtype=np.float32)[guess][None],
    )
    facts = json.loads(FACTS % {"backbone": backbone, "task": task})
    facts |= {"scores": recording.scores(card(task), found, 2), "leak": tuple(leak)}
    facts["backbone"]["trained_on"] = list(leak) or ["mtt"]
    facts["per_class"] = recording.per_class(card(task), found)
    facts["clips"] |= {"test": len(truth), "groups": len(set(groups)), "skipped": skipped or {}}
    facts["search"]["protocol"] = protocol
    facts["variants"] = [
        {"name": name, "chosen": {}, "validation": 0.5, "score": {**ANY_SCORE, "value": value}}
        for name, value in (variants or {}).items()
    ]
    record = Record.model_validate(facts)
    place = records.place(folder / "results", protocol, task, backbone)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.with_suffix(".npz").write_bytes(found.to_npz())
    place.write_text(record.to_json())
