"""NSynth: family of instrument and pitch of 4-s notes; no instrument is in two splits.

The subsets of 5 and 50 hours are those of HEAR, by the rule of `nsynth_pitch.py` in
hear-preprocess (610d864): of the notes of a piano's range, so many for each split. HEAR counts
5,000 and 49,060 (hearbenchmark.com): with 4,060 the test split has fewer than its share of 50 h.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task, _hear
from tasks._metrics import ACCURACY
from tasks._tables import LayoutError, Pairs, document

FAMILIES = (
    *("bass", "brass", "flute", "guitar", "keyboard", "mallet"),
    *("organ", "reed", "string", "synth_lead", "vocal"),
)
PITCHES = tuple(str(pitch) for pitch in range(128))
PIANO = range(21, 109)
HEAR_NOTES = {
    "5h": {"train": 4_000, "valid": 500, "test": 500},
    "50h": {"train": 40_000, "valid": 5_000, "test": 5_000},
}
"""Notes a split at most: its share of the hours, at 4 s a note."""

PARTS = {"train": Split.TRAIN, "valid": Split.VALIDATION, "test": Split.TEST}


def _kept(question: str, pairs: Pairs) -> object:
    """Of a note its label and instrument alone: the whole index would not fit into memory."""
    facts = dict(pairs)
    if "instrument" not in facts:
        return facts
    return facts.get(question), facts["instrument"]


def _clips(question: str, classes: int, folder: Path) -> list[Clip]:
    found = []
    for part, split in PARTS.items():
        place = folder / f"nsynth-{part}"
        file = place / "examples.json"
        notes = document(file, partial(_kept, question))
        if not isinstance(notes, dict):
            message = (
                f"{file} holds a {type(notes).__name__}, expected an object with a note a name"
            )
            raise LayoutError(message)
        for name, (label, instrument) in notes.items():
            if not (isinstance(label, int) and 0 <= label < classes):
                message = (
                    f"{file}: {name} has the {question} {label!r}, expected 0 to {classes - 1}"
                )
                raise LayoutError(message)
            found.append(Clip(name, split, place / "audio" / f"{name}.wav", label, str(instrument)))
    return found


def _subset(hours: str, folder: Path) -> list[Clip]:
    notes = [clip for clip in _clips("pitch", len(PITCHES), folder) if clip.label in PIANO]
    kept: set[str] = set()
    for part, split in PARTS.items():
        names = (clip.id for clip in notes if clip.split is split)
        kept |= _hear.sample(names, part, HEAR_NOTES[hours][part])
    return [clip for clip in notes if clip.id in kept]


DATA = DataSet(
    name="nsynth",
    licence="CC BY 4.0",
    paper=(
        "Engel et al., Neural audio synthesis of musical notes with WaveNet autoencoders, ICML 2017"
    ),
    how_to_get=(
        "Get the json/wav archives from https://magenta.tensorflow.org/datasets/nsynth and unpack "
        "them as nsynth/nsynth-train/examples.json, nsynth/nsynth-train/audio/, and so on for "
        "nsynth-valid and nsynth-test"
    ),
    recorded=True,
    size="306,179 wav, 4 s each",
)


def _task(
    name: str,
    summary: str,
    labels: tuple[str, ...],
    clips: Callable[[Path], list[Clip]],
    suites: tuple[str, ...],
    counts: tuple[int, int, int] = (289_205, 12_678, 4_096),
    drawn: str = "",
) -> Task:
    return Task(
        name=f"nsynth/{name}",
        summary=summary,
        data=DATA,
        kind=Kind.MULTICLASS,
        labels=labels,
        metrics=(ACCURACY,),
        clips=clips,
        counts=dict(zip(Split, counts, strict=True)),
        suites=suites,
        corpora=("nsynth",),
        split_from=(
            f"the authors' archives{drawn}; ids are not pinned, for no list of them was at hand"
        ),
        grouped_by="instrument",
    )


INSTRUMENT = _task(
    "instrument",
    "Which of eleven families of instruments? Notes of instruments that are not in training",
    FAMILIES,
    partial(_clips, "instrument_family", len(FAMILIES)),
    ("mulap-paper", "marble"),
)
PITCH = _task(
    "pitch",
    "Which pitch? Notes of instruments that are not in training",
    PITCHES,
    partial(_clips, "pitch", len(PITCHES)),
    ("marble",),
)
PITCH_5H, PITCH_50H = (
    _task(
        f"pitch-{hours}",
        f"Which pitch, from A0 to C8? The subset of {hours} of HEAR",
        PITCHES,
        partial(_subset, hours),
        ("hear-music",),
        counts,
        f", of which HEAR's rule draws {hours}",
    )
    for hours, counts in (("5h", (4_000, 500, 500)), ("50h", (40_000, 5_000, 4_060)))
)
