"""Beijing opera: which of four percussion instruments is struck; the five folds of HEAR.

The layout was read in hear-preprocess (`beijing_opera.py`, 610d864), the number of files there and
on hearbenchmark.com; a name, and how many files an instrument has, in notes on its Freesound pack.
"""

from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task, _hear
from tasks._metrics import ACCURACY, BALANCED_ACCURACY
from tasks._tables import LayoutError, index

INSTRUMENTS = ("bangu", "daluo", "naobo", "xiaoluo")
FOLDS = 5


def _clips(folder: Path) -> list[Clip]:
    """Every stroke, in its fold of HEAR."""
    place = folder / "beijing_opera_percussion_instrument_1.0"
    files = sorted(place.glob("*.wav"))
    if not files:
        message = f"{place} holds no <number>__ajaysm__<instrument>-<number>.wav"
        raise LayoutError(message)
    return _hear.clips(files, _instrument, FOLDS)


def _instrument(file: Path) -> int:
    """`naobo` of `205971__ajaysm__naobo-01.wav`."""
    _, _, last = file.stem.rpartition("__")
    return index(last.partition("-")[0], INSTRUMENTS, file)


BEIJING_OPERA = Task(
    name="beijing-opera",
    summary="Which of four percussion instruments of Beijing opera? Single strokes",
    data=DataSet(
        name="beijing-opera",
        licence="of the archive: not known to us; its strokes on Freesound: CC BY 4.0",
        paper=(
            "Tian, Srinivasamurthy, Sandler and Serra, A study of instrument-wise onset detection "
            "in Beijing opera percussion ensembles, ICASSP 2014"
        ),
        how_to_get=(
            "Get beijing_opera_percussion_instrument_1.0.zip from "
            "https://zenodo.org/record/1285212 and unpack it into beijing-opera/, as beijing-opera/"
            "beijing_opera_percussion_instrument_1.0/205972__ajaysm__daluo-01.wav"
        ),
        recorded=True,
        size="236 wav",
    ),
    kind=Kind.MULTICLASS,
    labels=INSTRUMENTS,
    metrics=(ACCURACY, BALANCED_ACCURACY),
    clips=_clips,
    counts={Split.TRAIN: 0, Split.VALIDATION: 0, Split.TEST: 236},
    folds=FOLDS,
    suites=("hear-music",),
    corpora=("beijing-opera",),
    split_from=(
        "the folds of HEAR (Turian et al., 2022), drawn anew by its rule; ids are not pinned, for "
        "no list of them was at hand"
    ),
    grouped_by="nothing: each stroke is a group; the same instruments are played in all folds",
)
