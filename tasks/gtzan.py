"""GTZAN: ten genres, beats and tempo of 30-s excerpts, in the split without repeats and faults."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Label, Metric, Split, Task
from tasks._metrics import ACCURACY, BEAT_F, TEMPO_ACCURACY_1, TEMPO_ACCURACY_2
from tasks._tables import beats, index, lines, log_tempo, pin

GENRES = (
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
)
PLACE = (
    "https://raw.githubusercontent.com/jongpillee/music_dataset_split/"
    "07e855758f180ac8bdc0e3abebbde19277094681/GTZAN_split"
)
LISTS = {
    "train": "2b04966cef1486f1a7767b74271533fa23e220388db804a1937835e1fc4fa3fa",
    "valid": "f8fbee7c52397a0e0f3a91dc54fedecb2e27f5bdc9a9daeab8cb10d077e26956",
    "test": "09cafa6a89ce0a27f30ed250d56ecb4d03c22fffb5a693f96c7ae655ee02ac72",
}
ANNOTATIONS = "gtzan_tempo_beat-main"


def _clips(label: Callable[[Path, str], Label], folder: Path, *lists: Path) -> list[Clip]:
    """The clips of the lists, with the ending that the copy at hand has."""
    found = []
    for split, file in zip(Split, lists, strict=True):
        for line in lines(file):
            name = Path(line).stem
            path = folder / "genres" / line
            path = path if path.is_file() else path.with_suffix(".au")
            found.append(Clip(name, split, path, label(folder, name), name))
    return found


def _genre(folder: Path, name: str) -> Label:
    return index(name.partition(".")[0], GENRES, folder)


def _annotated(folder: Path, name: str, kind: str) -> Path:
    genre, _, place = name.partition(".")
    ending = {"beats": "beats", "tempo": "bpm"}[kind]
    return folder / ANNOTATIONS / kind / f"gtzan_{genre}_{place}.{ending}"


def _beats(folder: Path, name: str) -> Label:
    return beats(_annotated(folder, name, "beats"))


def _tempo(folder: Path, name: str) -> Label:
    return log_tempo(_annotated(folder, name, "tempo"))


DATA = DataSet(
    name="gtzan",
    licence="audio: commercial recordings, no licence stated; annotations: none stated",
    paper=(
        "Tzanetakis and Cook, Musical genre classification of audio signals, IEEE TSAP 2002; "
        "Marchand, Fresnel and Peeters, GTZAN-Rhythm, late-breaking demo at ISMIR 2015; "
        "split: Kereliuk, Sturm and Larsen, Deep learning and music adversaries, IEEE TMM 2015"
    ),
    how_to_get=(
        "Place the audio as gtzan/genres/blues/blues.00000.wav (or .au), and for beats and tempo "
        "https://github.com/TempoBeatDownbeat/gtzan_tempo_beat as gtzan/gtzan_tempo_beat-main. "
        "A copy whose jazz.00054.wav cannot be decoded needs --on-bad-audio skip"
    ),
    recorded=True,
    size="1,000 excerpts of 30 s, 1.2 GB",
)


def _task(
    name: str,
    summary: str,
    kind: Kind,
    labels: tuple[str, ...],
    metrics: tuple[Metric, ...],
    label: Callable[[Path, str], Label],
    suites: tuple[str, ...] = (),
    digest: str | None = None,
) -> Task:
    pins = (
        pin(f"gtzan-{part}", sha, f"{PLACE}/{part}_filtered.txt") for part, sha in LISTS.items()
    )
    return Task(
        name=f"gtzan/{name}",
        summary=summary,
        data=DATA,
        kind=kind,
        labels=labels,
        metrics=metrics,
        clips=partial(_clips, label),
        counts=dict(zip(Split, (443, 197, 290), strict=True)),
        digest=digest,
        suites=suites,
        corpora=("gtzan",),
        lists=tuple(pins),
        split_from="fault-filtered lists (Kereliuk et al., 2015): no repeated, no damaged excerpts",
        grouped_by="nothing: each excerpt is a group; the lists keep artists apart",
    )


GENRE = _task(
    "fault-filtered",
    "Which of ten genres? 30-s excerpts, no repeats, no artist in two splits",
    Kind.MULTICLASS,
    GENRES,
    (ACCURACY,),
    _genre,
    ("marble", "jukemir", "core"),
    "aec3caf5066cc52c1dd53e772f61caf5f0293459f0881d53320460376d0d6d07",
)
BEATS = _task(
    "beats", "When are the beats? 30-s excerpts", Kind.FRAMES, ("beat",), (BEAT_F,), _beats
)
TEMPO = _task(
    "tempo",
    "How many beats a minute? 30-s excerpts",
    Kind.REGRESSION,
    ("log2 of beats a minute",),
    (TEMPO_ACCURACY_1, TEMPO_ACCURACY_2),
    _tempo,
)
