"""GiantSteps: two repositories with an audio folder each, and one list of half minutes."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from tasks.giantsteps import KEY
from tests.layouts import Layout, sound

KEYS = ("C major", "Db minor", "Gb major")


def write(folder: Path) -> Sequence[Path]:
    """12 songs to train, 6 to validate and 6 to test; two entries of the list a song."""
    listed: dict[str, object] = {}
    for number, split in enumerate(["train"] * 12 + ["valid"] * 6 + ["test"] * 6):
        repository = "giantsteps-key-dataset" if split == "test" else "giantsteps-mtg-key-dataset"
        sound(folder / repository / "audio" / f"{5061 + number}.LOFI.mp3", number % 3)
        entry = {"split": split, "y": KEYS[number % 3], "clip": {"clip_offset": 0.0}}
        listed |= {f"{5061 + number:07}-{part}": entry for part in (0, 1)}
    place = folder.parent / "giantsteps_clips.json.gz"
    place.write_bytes(gzip.compress(json.dumps(listed).encode()))
    return [place]


LAYOUTS = (Layout(KEY, write, (12, 6, 6)),)
