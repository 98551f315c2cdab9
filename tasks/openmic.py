"""OpenMIC-2018: which of twenty instruments sound in 10-s excerpts; most labels are not known."""

import math
from collections import defaultdict
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import PR_AUC, ROC_AUC
from tasks._tables import index, lines, lot, number, row, rows
from tasks._zenodo import zenodo

INSTRUMENTS = (
    *("accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar"),
    *("mallet_percussion", "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone"),
    *("trumpet", "ukulele", "violin", "voice"),
)
LIKELY = 0.5
"""Relevance from which on an instrument counts as heard, as in the authors' baseline."""

VALIDATING = 3  # of twenty


def _clips(folder: Path) -> list[Clip]:
    file = folder / "openmic-2018-aggregated-labels.csv"
    labels: dict[str, list[float]] = defaultdict(lambda: [math.nan] * len(INSTRUMENTS))
    for said in rows(file, ("sample_key", "instrument", "relevance")):
        likely = number(said["relevance"], file) >= LIKELY
        labels[said["sample_key"]][index(said["instrument"], INSTRUMENTS, file)] = float(likely)
    found = []
    for part, splits in (("train", (Split.TRAIN, Split.VALIDATION)), ("test", (Split.TEST,) * 2)):
        for key in lines(folder / "partitions" / f"split01_{part}.csv"):
            track = key.partition("_")[0]
            path = folder / "audio" / key[:3] / f"{key}.ogg"
            label = tuple(row(key, labels, file))  # every excerpt has one at least
            found.append(Clip(key, splits[lot(track, 20) < VALIDATING], path, label, track))
    return found


OPENMIC = Task(
    name="openmic",
    summary="Which of twenty instruments sound? 10-s excerpts; a label is known for a few each",
    data=DataSet(
        name="openmic",
        licence="CC BY 4.0",
        paper=(
            "Humphrey, Durand and McFee, OpenMIC-2018: an open dataset for multiple instrument "
            "recognition, ISMIR 2018"
        ),
        how_to_get=(
            "Get openmic-2018-v1.0.0.tgz from https://zenodo.org/record/1432913 and unpack it as "
            "openmic/openmic-2018-aggregated-labels.csv, openmic/partitions/split01_train.csv and "
            "openmic/audio/000/000046_3840.ogg"
        ),
        recorded=True,
        archives=(
            zenodo(
                1_432_913,
                "openmic-2018-v1.0.0.tgz",
                "e4ccf187e2bb5ab2e115416e8aafe7f4",
                inside="openmic-2018",
            ),
        ),
        size="20,000 ogg, 10 s each",
    ),
    kind=Kind.MULTILABEL,
    labels=INSTRUMENTS,
    metrics=(PR_AUC, ROC_AUC),
    clips=_clips,
    counts=dict(zip(Split, (12_713, 2_202, 5_085), strict=True)),
    suites=("core",),
    corpora=("openmic", "fma"),
    split_from=(
        "the authors' split01; three twentieths of its training part validate, by sha1 of the "
        "track. Labels are not pinned, for no copy of them was at hand"
    ),
    grouped_by="track: no two excerpts are of one",
)
