"""Beijing opera: everything in the names."""

from collections.abc import Sequence
from pathlib import Path

from tasks.beijing_opera import BEIJING_OPERA, INSTRUMENTS
from tests.layouts import Layout, Spoilt, sound

PLACE = "beijing_opera_percussion_instrument_1.0"
STROKES_EACH = 12


def write(folder: Path) -> Sequence[Path]:
    """Numbers are those of Freesound, as in the original."""
    for kind, instrument in enumerate(INSTRUMENTS):
        for stroke in range(STROKES_EACH):
            name = f"{205_960 + 4 * stroke + kind}__ajaysm__{instrument}-{stroke + 1:02}.wav"
            sound(folder / PLACE / name, 12 * kind, 0.3)
    return ()


def _empty(folder: Path) -> None:
    for path in (folder / PLACE).glob("*.wav"):
        path.unlink()


def _another(folder: Path) -> None:
    sound(folder / PLACE / "1__ajaysm__gong-01.wav", 1, 0.3)


LAYOUTS = (
    Layout(
        BEIJING_OPERA,
        write,
        (0, 0, 48),
        spoilt={
            "empty": Spoilt(_empty, "holds no <number>__ajaysm__"),
            "another instrument": Spoilt(_another, "the class 'gong'"),
        },
    ),
)
