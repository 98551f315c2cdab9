"""IRMAS: a folder an instrument to train on; three parts with a text an excerpt to test on."""

from collections.abc import Sequence
from pathlib import Path

from tasks.irmas import CODES, IRMAS
from tests.layouts import Layout, Spoilt, edit, remove, sound, text

PARTS = (
    "IRMAS-TestingData-Part1/Part1",
    "IRMAS-TestingData-Part2/IRTestingData-Part2",
    "IRMAS-TestingData-Part3/Part3",
)
RECORDINGS = 22
"""The first has one excerpt, the second two, the rest three each: 63, of which 9 validate."""


def write(folder: Path) -> Sequence[Path]:
    """Two kinds of names to train on; labels with tabs at their ends to test on."""
    for number in range(RECORDINGS):
        code = CODES[number % len(CODES)]
        start = ("", f"{number:03}__")[number % 2] + f"[{code}]" + ("", "[nod]")[number % 2]
        for excerpt in range(1, min(number, 2) + 2):
            name = f"{start}[pop_roc]{number:04}__{excerpt}.wav"
            sound(folder / "IRMAS-TrainingData" / code / name, 4 * (number % 11), 0.3)
    for number in range(24):
        place = folder / PARTS[number % 3] / f"07. Söng & Co - {number // 2} -{number}"
        first = number // 2 % len(CODES)
        codes = {CODES[first], CODES[(first + number // 12) % len(CODES)]}
        sound(place.with_name(f"{place.name}.wav"), 4 * first, 0.3)
        text(place.with_name(f"{place.name}.txt"), "".join(f"{code}\t\n" for code in codes))
    return ()


FIRST = f"{PARTS[0]}/07. Söng & Co - 0 -0.txt"
SPOILT = {
    "no labels": Spoilt(remove(FIRST), "- 0 -0.txt"),
    "labels that are cut off": Spoilt(
        lambda folder: text(folder / FIRST, ""), "- 0 -0.txt names no instrument: is it whole?"
    ),
    "another instrument": Spoilt(edit(FIRST, "cel", "kaz"), "names the class 'kaz'"),
    "another name": Spoilt(
        lambda folder: sound(folder / "IRMAS-TrainingData" / "cel" / "a.wav", 1, 0.3),
        "a.wav is named otherwise",
    ),
}
LAYOUTS = (Layout(IRMAS, write, (54, 9, 24), spoilt=SPOILT),)
