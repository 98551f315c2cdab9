"""Published split lists, where they lie beside the checkout, in the layout of their data sets.

`SPLITS` holds them; tests that need them are skipped where it does not exist.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.layouts import table

SPLITS = Path(__file__).parents[2] / "shared" / "splits"

Entries = Mapping[str, Mapping[str, Any]]

needed = pytest.mark.skipif(not SPLITS.is_dir(), reason="published split lists are not at hand")


def entries(name: str) -> Entries:
    """Clip → split, label and metadata, of a list of Castellon et al. (2021)."""
    found: Entries = json.loads(
        gzip.decompress((SPLITS / "jukemir" / f"{name}.json.gz").read_bytes())
    )
    return found


def magnatagatune(folder: Path) -> None:
    """The two tables, from what the list says of every clip."""
    listed = [entry for entry in entries("magnatagatune").values() if entry["y_all"] is not None]
    tags = sorted({tag for entry in listed for tag in entry["y_all"]})
    none = dict.fromkeys(tags, "0")
    facts = [entry["extra"] for entry in listed]
    table(
        folder / "clip_info_final.csv",
        ("clip_id", "artist", "mp3_path"),
        ([fact["clip_id"], fact["artist"], fact["mp3_path"]] for fact in facts),
        "\t",
    )
    table(
        folder / "annotations_final.csv",
        ("clip_id", *tags, "mp3_path"),
        (
            [
                entry["extra"]["clip_id"],
                *(none | dict.fromkeys(entry["y_all"], "1")).values(),
                entry["extra"]["mp3_path"] or "9/unreadable.mp3",
            ]
            for entry in listed
        ),
        "\t",
    )


def emomusic(folder: Path) -> None:
    """The two tables, from what the list says of every clip."""
    facts = [entry["extra"] for entry in entries("emomusic").values()]
    for name in ("songs_info", "static_annotations"):
        columns = list(facts[0][name])
        rows = [[fact[name][column] for column in columns] for fact in facts]
        table(folder / "annotations" / f"{name}.csv", columns, rows)
