"""Mridangam strokes: a folder a tonic, everything else in the names."""

from collections.abc import Sequence
from pathlib import Path

from tasks.mridangam import STROKE, TONIC
from tests.layouts import Layout, Spoilt, sound

PLACE = "mridangam_stroke_1.5"
TONICS = (("B", "b"), ("C#", "csh"))
STROKES = ("bheem", "thom")
STROKES_EACH = 12


def write(folder: Path) -> Sequence[Path]:
    """Two strokes on two drums; numbers are those of Freesound, as in the original."""
    number = 224_030
    for drum, (place, short) in enumerate(TONICS):
        for kind, stroke in enumerate(STROKES):
            for instance in range(STROKES_EACH):
                name = f"{number}__akshaylaya__{stroke}-{short}-{instance:03}.wav"
                sound(folder / PLACE / place / name, 10 * drum + 3 * kind, 0.3)
                number += 1
    return ()


def _another(name: str) -> Spoilt:
    return Spoilt(lambda folder: sound(folder / PLACE / name, 1, 0.3), Path(name).name)


def _empty(folder: Path) -> None:
    for path in (folder / PLACE).glob("*/*.wav"):
        path.unlink()


NOTHING = Spoilt(_empty, "holds no <tonic>/")
LAYOUTS = (
    Layout(
        STROKE,
        write,
        (0, 0, 48),
        spoilt={"another stroke": _another("B/1__akshaylaya__bom-b-001.wav"), "empty": NOTHING},
    ),
    Layout(
        TONIC,
        write,
        (0, 0, 48),
        spoilt={"another tonic": _another("F/1__akshaylaya__thom-f-001.wav")},
    ),
)
