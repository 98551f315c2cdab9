"""NSynth: family of instrument and pitch of 4-s notes; no instrument is in two splits."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY
from tasks._tables import LayoutError

FAMILIES = (
    *("bass", "brass", "flute", "guitar", "keyboard", "mallet"),
    *("organ", "reed", "string", "synth_lead", "vocal"),
)
PITCHES = tuple(str(pitch) for pitch in range(128))
PARTS = {"train": Split.TRAIN, "valid": Split.VALIDATION, "test": Split.TEST}


def _kept(question: str, pairs: Sequence[tuple[str, object]]) -> object:
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
        notes = json.loads(file.read_bytes(), object_pairs_hook=partial(_kept, question))
        for name, (label, instrument) in notes.items():
            if not (isinstance(label, int) and 0 <= label < classes):
                message = (
                    f"{file}: {name} has the {question} {label!r}, expected 0 to {classes - 1}"
                )
                raise LayoutError(message)
            found.append(Clip(name, split, place / "audio" / f"{name}.wav", label, str(instrument)))
    return found


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
    name: str, summary: str, question: str, labels: tuple[str, ...], suites: tuple[str, ...]
) -> Task:
    return Task(
        name=f"nsynth/{name}",
        summary=summary,
        data=DATA,
        kind=Kind.MULTICLASS,
        labels=labels,
        metrics=(ACCURACY,),
        clips=partial(_clips, question, len(labels)),
        counts=dict(zip(Split, (289_205, 12_678, 4_096), strict=True)),
        suites=suites,
        corpora=("nsynth",),
        split_from="the authors' archives; ids are not pinned, for no list of them was at hand",
        grouped_by="instrument",
    )


INSTRUMENT = _task(
    "instrument",
    "Which of eleven families of instruments? Notes of instruments that are not in training",
    "instrument_family",
    FAMILIES,
    ("mulap-paper", "marble"),
)
PITCH = _task(
    "pitch",
    "Which pitch? Notes of instruments that are not in training",
    "pitch",
    PITCHES,
    ("marble",),
)
