"""IRMAS: which of eleven instruments are predominant; learnt from one label, tested on several.

The layout, and the numbers of excerpts, were read in mirdata's loader (`irmas`); that every test
text is of the codes below, one a line, in the md5s of its index 1.0.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import PR_AUC, ROC_AUC
from tasks._tables import LayoutError, index, lines, share
from tasks._zenodo import zenodo

INSTRUMENTS = {
    "cel": "cello",
    "cla": "clarinet",
    "flu": "flute",
    "gac": "acoustic guitar",
    "gel": "electric guitar",
    "org": "organ",
    "pia": "piano",
    "sax": "saxophone",
    "tru": "trumpet",
    "vio": "violin",
    "voi": "voice",
}
CODES = tuple(INSTRUMENTS)
RECORDING = re.compile(r".*\](\d+)__\d")
"""`0020` of `031__[cel][nod][cla]0020__1`; the genre and the drums are of no use here."""

VALIDATING = 15  # percent


def _clips(folder: Path) -> list[Clip]:
    return [*_training(folder / "IRMAS-TrainingData"), *_test(folder)]


def _training(place: Path) -> list[Clip]:
    """One instrument each; three excerpts at most of a recording."""
    files = sorted(place.glob("*/*.wav"))
    groups = [_recording(file) for file in files]
    kept = share(groups, VALIDATING)
    return [
        Clip(
            f"{file.parent.name}/{file.stem}",
            Split.VALIDATION if group in kept else Split.TRAIN,
            file,
            _label([file.parent.name], file),
            group,
        )
        for file, group in zip(files, groups, strict=True)
    ]


def _recording(file: Path) -> str:
    named = RECORDING.fullmatch(file.stem)
    if named is None:
        message = f"{file} is named otherwise than [cel][cla]0001__1.wav"
        raise LayoutError(message)
    return f"recording {named[1]}"


def _test(folder: Path) -> list[Clip]:
    """Several instruments an excerpt, in a text beside it; a song is a group."""
    files = sorted(folder.glob("IRMAS-TestingData-Part*/*/*.wav"))
    texts = [file.with_suffix(".txt") for file in files]
    return [
        Clip(file.stem, Split.TEST, file, _label(lines(text), text), file.stem.rpartition("-")[0])
        for file, text in zip(files, texts, strict=True)
    ]


def _label(codes: Sequence[str], where: Path) -> tuple[float, ...]:
    if not codes:
        message = f"{where} names no instrument: is it whole?"
        raise LayoutError(message)
    heard = {index(code, CODES, where) for code in codes}
    return tuple(float(place in heard) for place in range(len(CODES)))


IRMAS = Task(
    name="irmas",
    summary="Which of eleven instruments are predominant? Learnt from excerpts with one label",
    data=DataSet(
        name="irmas",
        licence="CC BY-NC-SA 3.0",
        paper=(
            "Bosch, Janer, Fuhrmann and Herrera, A comparison of sound segregation techniques for "
            "predominant instrument recognition in musical audio signals, ISMIR 2012"
        ),
        how_to_get=(
            "Get the four archives of https://zenodo.org/record/1290750 and unpack them as "
            "irmas/IRMAS-TrainingData/cel/[cel][cla]0001__1.wav, "
            "irmas/IRMAS-TestingData-Part1/Part1/….wav with its .txt, "
            "irmas/IRMAS-TestingData-Part2/IRTestingData-Part2/ and "
            "irmas/IRMAS-TestingData-Part3/Part3/"
        ),
        recorded=True,
        archives=(
            zenodo(1_290_750, "IRMAS-TrainingData.zip", "4fd9f5ed5a18d8e2687e6360b5f60afe"),
            zenodo(1_290_750, "IRMAS-TestingData-Part1.zip", "5a2e65520dcedada565dff2050bb2a56"),
            zenodo(1_290_750, "IRMAS-TestingData-Part2.zip", "afb0c8ea92f34ee653693106be95c895"),
            zenodo(1_290_750, "IRMAS-TestingData-Part3.zip", "9b3fb2d0c89cdc98037121c25bd5b556"),
        ),
        size="6,705 wav of 3 s to train on, 2,874 wav to test on",
    ),
    kind=Kind.MULTILABEL,
    labels=tuple(INSTRUMENTS.values()),
    metrics=(PR_AUC, ROC_AUC),
    clips=_clips,
    counts=dict(zip(Split, (5_700, 1_005, 2_874), strict=True)),
    corpora=("irmas",),
    split_from=(
        "training and test are the authors'; 15 % of the training excerpts validate, in whole "
        "recordings by sha1 of their number, so probes are chosen by excerpts with one label. "
        "Published scores are F1 at a threshold, ours need none. Ids are not pinned, for no whole "
        "list was at hand"
    ),
    grouped_by="recording to train on, song to test on, both as names tell them",
)
