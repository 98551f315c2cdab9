"""Medley-solos-DB: one table, and wav whose names hold subset, instrument and id."""

from collections.abc import Sequence
from pathlib import Path

from tasks.medley_solos_db import INSTRUMENTS, MEDLEY
from tests.layouts import Layout, Spoilt, edit, sound, table


def write(folder: Path) -> Sequence[Path]:
    """Three instruments; a song is in one subset."""
    rows = []
    for subset, first, count in (("training", 0, 12), ("validation", 50, 6), ("test", 90, 6)):
        for number in range(first, first + count):
            instrument, name = number % 3, f"{number:08x}-6a9b-5f4c-f7c6-0c4b1f5e6a3d"
            wav = f"Medley-solos-DB_{subset}-{instrument}_{name}.wav"
            sound(folder / "audio" / wav, 5 * instrument)
            song = first + number // 2
            rows.append((subset, INSTRUMENTS[instrument], instrument, song, name))
    columns = ("subset", "instrument", "instrument_id", "song_id", "uuid4")
    table(folder / "Medley-solos-DB_metadata.csv", columns, rows)
    return ()


TABLE = "Medley-solos-DB_metadata.csv"
SPOILT = {
    "another subset": Spoilt(edit(TABLE, "training,", "train,"), "in the subset 'train'"),
    "another instrument": Spoilt(edit(TABLE, "clarinet,0", "clarinet,8"), "instrument '8'"),
}
LAYOUTS = (Layout(MEDLEY, write, (12, 6, 6), spoilt=SPOILT),)
