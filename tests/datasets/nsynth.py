"""NSynth: a folder a split, each with examples.json and audio."""

import json
from collections.abc import Sequence
from pathlib import Path

from tasks.nsynth import FAMILIES, INSTRUMENT, PITCH, PITCH_5H, PITCH_50H
from tests.layouts import Layout, Spoilt, edit, remove, sound, text

PARTS = {"train": 12, "valid": 6, "test": 6}


def write(folder: Path) -> Sequence[Path]:
    """Notes of a few instruments; no instrument is in two splits."""
    instrument = 0
    for part, count in PARTS.items():
        notes = {}
        for number in range(count):
            family, pitch = number % 3, 60 + number % 4
            name = f"{FAMILIES[family]}_acoustic_{instrument:03}-{pitch:03}-075"
            notes[name] = {
                "note": number,
                "note_str": name,
                "instrument": instrument,
                "pitch": pitch,
                "velocity": 75,
                "instrument_family": family,
                "sample_rate": 16000,
                "qualities": [0, 1],
                "qualities_str": ["dark"],
                "instrument_source": 0,
            }
            sound(folder / f"nsynth-{part}" / "audio" / f"{name}.wav", 9 * family + pitch)
            instrument += number % 2
        instrument += 1
        text(folder / f"nsynth-{part}" / "examples.json", json.dumps(notes))
    return ()


def outside(folder: Path) -> Sequence[Path]:
    """One note more, below the range of a piano."""
    write(folder)
    place = folder / "nsynth-train"
    notes = json.loads((place / "examples.json").read_text())
    first = next(iter(notes.values()))
    sound(place / "audio" / f"{LOW}.wav", 1)
    text(place / "examples.json", json.dumps(notes | {LOW: first | {"pitch": 20}}))
    return ()


LOW = "bass_acoustic_000-020-075"
TRAIN = "nsynth-train/examples.json"
SPOILT = {
    "no index": Spoilt(remove(TRAIN), "examples.json"),
    "a pitch that is none": Spoilt(edit(TRAIN, '"pitch": 60', '"pitch": 128'), "the pitch 128"),
    "half a download": Spoilt(
        lambda folder: text(folder / TRAIN, '{"a": '),
        "examples.json cannot be read (Expecting value: ",
    ),
}
LAYOUTS = (
    Layout(INSTRUMENT, write, (12, 6, 6)),
    Layout(PITCH, write, (12, 6, 6), spoilt=SPOILT),
    Layout(PITCH_5H, outside, (12, 6, 6), frozenset((LOW,))),
    Layout(PITCH_50H, outside, (12, 6, 6), frozenset((LOW,))),
)
