"""TinySOL: one table with folds, and wav by family and instrument."""

from collections.abc import Sequence
from pathlib import Path

from tasks.tinysol import TINYSOL
from tests.layouts import Layout, Spoilt, edit, sound, table

KINDS = (("Brass/Bass_Tuba", "BTb", "Bass Tuba"), ("Strings/Violin", "Vn", "Violin"))


def write(folder: Path) -> Sequence[Path]:
    """Twelve notes of two instruments, in five folds."""
    rows = []
    for number in range(24):
        place, short, full = KINDS[number % 2]
        name = f"{place}/ordinario/{short}-ord-A#{number // 2}-ff-N-N.wav"
        sound(folder / "audio" / name, 20 * (number % 2))
        rows.append((name, number % 5, place.partition("/")[0], short, full, number))
    columns = ("Path", "Fold", "Family", "Instrument (abbr.)", "Instrument (in full)", "Pitch ID")
    table(folder / "TinySOL_metadata.csv", columns, rows)
    return ()


TABLE = "TinySOL_metadata.csv"
SPOILT = {
    "another fold": Spoilt(edit(TABLE, "wav,0,", "wav,5,"), "in fold '5', expected 0 to 4"),
    "no column": Spoilt(edit(TABLE, "Fold", "Part"), "no column 'Fold'"),
}
LAYOUTS = (Layout(TINYSOL, write, (0, 0, 24), spoilt=SPOILT),)
