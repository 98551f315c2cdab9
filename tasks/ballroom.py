"""Ballroom: eight dances, beats and tempo of 30-s excerpts; five folds.

The layout and the names are those that mirdata's loader (index 1.0) puts together: the audio of the
ISMIR 2004 tempo contest, beats of Krebs et al. and tempi beside it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Label, Metric, Split, Task
from tasks._metrics import ACCURACY, BEAT_F, TEMPO_ACCURACY_1, TEMPO_ACCURACY_2
from tasks._tables import LayoutError, beats, index, log_tempo, lot

DANCES = ("ChaChaCha", "Jive", "Quickstep", "Rumba", "Samba", "Tango", "VienneseWaltz", "Waltz")
FOLDS = 5


def _clips(label: Callable[[Path, Path], Label], folder: Path) -> list[Clip]:
    """Every excerpt, in the fold that its album draws."""
    place = folder / "B_1.0" / "audio"
    files = sorted(place.glob("*/*.wav"))
    if not files:
        message = f"{place} holds no <dance>/<name>.wav"
        raise LayoutError(message)
    return [
        Clip(
            file.stem,
            Split.TEST,
            file,
            label(folder, file),
            group=_album(file),
            fold=lot(_album(file), FOLDS) + 1,
        )
        for file in files
    ]


def _album(file: Path) -> str:
    """`Albums-Latin_Jam3` of `Albums-Latin_Jam3-07`; an excerpt of `Media` is by itself."""
    album, _, _ = file.stem.rpartition("-")
    return file.stem if album == "Media" else album


def _dance(_folder: Path, file: Path) -> Label:
    """Three folders are of rumba: international, American and misc."""
    return index(file.parent.name.partition("-")[0], DANCES, file)


def _beats(folder: Path, file: Path) -> Label:
    return beats(folder / "B_1.0" / "annotations" / "beats" / f"{file.stem}.beats")


def _tempo(folder: Path, file: Path) -> Label:
    return log_tempo(folder / "B_1.0" / "annotations" / "tempo" / f"{file.stem}.bpm")


DATA = DataSet(
    name="ballroom",
    licence="audio: commercial recordings, no licence stated; annotations: none stated",
    paper=(
        "Gouyon et al., An experimental comparison of audio tempo induction algorithms, IEEE TASLP "
        "2006; beats: Krebs, Böck and Widmer, Rhythmic pattern modeling for beat and downbeat "
        "tracking in musical audio, ISMIR 2013"
    ),
    how_to_get=(
        "Get https://mtg.upf.edu/ismir2004/contest/tempoContest/data1.tar.gz and the annotations, "
        "for example with `mirdata.initialize('ballroom').download()`, and place them as "
        "ballroom/B_1.0/audio/Waltz/Media-105901.wav, "
        "ballroom/B_1.0/annotations/beats/Media-105901.beats and …/tempo/Media-105901.bpm"
    ),
    recorded=True,
    size="698 excerpts of 30 s",
)


def _task(
    name: str,
    summary: str,
    kind: Kind,
    labels: tuple[str, ...],
    metrics: tuple[Metric, ...],
    label: Callable[[Path, Path], Label],
    digest: str | None = None,
) -> Task:
    return Task(
        name=f"ballroom/{name}",
        summary=summary,
        data=DATA,
        kind=kind,
        labels=labels,
        metrics=metrics,
        clips=partial(_clips, label),
        counts={Split.TRAIN: 0, Split.VALIDATION: 0, Split.TEST: 698},
        digest=digest,
        folds=FOLDS,
        corpora=("ballroom",),
        split_from="sha1 of the album modulo 5; some excerpts are known to be there twice, under "
        "two names, and `bench audit` finds them",
        grouped_by="album, as far as names tell it",
    )


DANCE = _task(
    "genre",
    "Which of eight dances? 30-s excerpts",
    Kind.MULTICLASS,
    DANCES,
    (ACCURACY,),
    _dance,
    "05e1769a7f820eb380fb46f024292473343b5ec49dbaead6cfe03eb4d62b3cda",
)
TEMPO = _task(
    "tempo",
    "How many beats a minute? 30-s excerpts of dances",
    Kind.REGRESSION,
    ("log2 of beats a minute",),
    (TEMPO_ACCURACY_1, TEMPO_ACCURACY_2),
    _tempo,
)
BEATS = _task(
    "beats",
    "When are the beats? 30-s excerpts of dances",
    Kind.FRAMES,
    ("beat",),
    (BEAT_F,),
    _beats,
)
