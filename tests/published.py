"""Published split lists, where they lie beside the checkout, in the layout of their data sets.

`SPLITS` holds them; tests that need them are skipped where it does not exist.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

SPLITS = Path(__file__).parents[2] / "shared" / "splits"

Entries = Mapping[str, Mapping[str, Any]]

needed = pytest.mark.skipif(not SPLITS.is_dir(), reason="published split lists are not at hand")


def entries(name: str) -> Entries:
    """Clip → split, label and metadata, of a list of Castellon et al. (2021)."""
    found: Entries = json.loads(
        gzip.decompress((SPLITS / "jukemir" / f"{name}.json.gz").read_bytes())
    )
    return found


def write_table(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ","
) -> None:
    """A table with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(rows)


def magnatagatune(folder: Path) -> None:
    """The two tables, from what the list says of every clip."""
    listed = [entry for entry in entries("magnatagatune").values() if entry["y_all"] is not None]
    tags = sorted({tag for entry in listed for tag in entry["y_all"]})
    facts = [entry["extra"] for entry in listed]
    write_table(
        folder / "clip_info_final.csv",
        ("clip_id", "artist", "mp3_path"),
        ([fact["clip_id"], fact["artist"], fact["mp3_path"]] for fact in facts),
        "\t",
    )
    write_table(
        folder / "annotations_final.csv",
        ("clip_id", *tags, "mp3_path"),
        (
            [
                entry["extra"]["clip_id"],
                *(str(int(tag in entry["y_all"])) for tag in tags),
                entry["extra"]["mp3_path"] or "9/unreadable.mp3",
            ]
            for entry in listed
        ),
        "\t",
    )


def emomusic(folder: Path) -> None:
    """The two tables, from what the list says of every clip."""
    facts = [entry["extra"] for entry in entries("emomusic").values()]
    for table in ("songs_info", "static_annotations"):
        columns = list(facts[0][table])
        rows = [[fact[table][column] for column in columns] for fact in facts]
        write_table(folder / "annotations" / f"{table}.csv", columns, rows)
