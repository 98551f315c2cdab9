"""`embeddings:<folder>`: vectors that were computed elsewhere, by any system in any language.

`bench data export` writes the folder's `clips.csv` and the audio of every clip, with a
`manifest.json` to fill in; beside them comes `<layer>.npy`, (clips, dim), in the order of the
table. Vectors belong to audio by the digest of its samples, so they can be of no other clip, and
serve every task that has the same audio.
"""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backbones import Audio, Backbone, Door, DoorError, Encoder, Family, Features, Layer, _asked

MANIFEST, CLIPS = "manifest.json", "clips.csv"
COLUMNS = ("file", "samples_sha256", "seconds")
FIELDS = ("name", "family", "summary", "sample_rate", "trained_on", "paper", "licence")
"""Of the manifest, all of them needed."""

SHORTEST = 0.1
"""Clips under this many seconds are padded with silence, when exported and when looked up."""

_AXES = 2


class UnknownClipError(LookupError):
    """A clip has no vector in the folder."""


@dataclass(frozen=True, slots=True)
class Stored(Encoder):
    """Looks vectors up.

    Attributes:
        folder: for a message.
        rows: digest of samples → row.
        layers: name → (clips, dim).
    """

    folder: Path
    rows: Mapping[str, int]
    layers: Mapping[str, npt.NDArray[np.float32]]

    def encode(self, audio: Audio) -> Features:
        """The vectors of whole clips: (batch, 1, dim) a layer.

        Raises:
            UnknownClipError: there is none for a clip.
        """
        digests = [digest(row) for row in audio]
        missing = [each for each in digests if each not in self.rows]
        if missing:
            message = f"{self.folder} has no vector for a clip of {audio.shape[1]:,} samples "
            message += f"(sha256 {missing[0][:12]}…): export the task's clips with `bench data "
            message += "export`, and compute the vectors of those that are new"
            raise UnknownClipError(message)
        at = [self.rows[each] for each in digests]
        return {name: np.array(x[at][:, None], np.float32) for name, x in self.layers.items()}


@dataclass(frozen=True, slots=True)
class Drawn(Encoder):
    """Random vectors that depend on a clip's samples alone: what a folder is compared with.

    Attributes:
        layers: name and width.
    """

    layers: tuple[Layer, ...]

    def encode(self, audio: Audio) -> Features:
        """(batch, samples) → (batch, 1, dim) a layer."""
        draws = [np.random.default_rng(int(digest(row)[:16], 16)) for row in audio]
        return {
            layer.name: np.stack([rng.normal(size=(1, layer.dim)) for rng in draws]).astype("f4")
            for layer in self.layers
        }


def digest(samples: npt.NDArray[np.float32]) -> str:
    """Sha256 of a clip's samples, as float32 in little-endian order."""
    return hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()


def _open(rest: str) -> Backbone:
    asked = _asked.read(rest, ())
    folder = Path(asked.subject)
    said = _manifest(folder)
    stored = _stored(folder)
    layers = tuple(Layer(name, x.shape[1]) for name, x in stored.layers.items())
    files = [MANIFEST, CLIPS, *(f"{layer.name}.npy" for layer in layers)]
    try:
        return Backbone(
            name=_asked.slug("embeddings", str(said["name"])),
            family=Family(str(said["family"])),
            summary=f"{said['summary']} (vectors computed elsewhere)",
            sample_rate=_rate(said["sample_rate"]),
            window=None,
            shortest=SHORTEST,
            layers=layers,
            default=layers[-1].name,
            build=partial(Drawn, layers),
            weights=_asked.pin(folder, files),
            load=_stored,
            trained_on=_strings(said["trained_on"]),
            paper=str(said["paper"]),
            licence=str(said["licence"]),
            weights_licence=str(said["licence"]),
        )
    except ValueError as error:
        message = f"{folder / MANIFEST}: {error}"
        raise DoorError(message) from error


def _manifest(folder: Path) -> dict[str, object]:
    """What the folder says of its vectors.

    Raises:
        DoorError: it is no such folder, or leaves something unsaid.
    """
    file = folder / MANIFEST
    try:
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read ({error}); `bench data export` writes one to fill in"
        raise DoorError(message) from error
    unsaid = [name for name in FIELDS if not isinstance(said, dict) or said.get(name) in ("", None)]
    if unsaid:
        message = f"{file} says nothing of {', '.join(unsaid)}; trained_on is a list, empty where "
        message += "the vectors come of no training"
        raise DoorError(message)
    return dict(said)


def _rate(value: object) -> int:
    if not isinstance(value, int) or value < 1:
        message = f"sample_rate is {value!r}, expected a whole number [Hz]"
        raise ValueError(message)
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        message = f"trained_on is {value!r}, expected a list of data sets"
        raise ValueError(message)
    return tuple(value)


def _stored(folder: Path) -> Stored:
    """The vectors of a folder.

    Raises:
        DoorError: the table or the vectors are missing, damaged, or not of one length.
    """
    rows = _rows(folder / CLIPS)
    files = sorted(folder.glob("*.npy"))
    if not files:
        message = f"{folder} holds no <layer>.npy, (clips, dim), beside {CLIPS}"
        raise DoorError(message)
    return Stored(folder, rows, {file.stem: _vectors(file, len(rows)) for file in files})


def _rows(table: Path) -> dict[str, int]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        return {line["samples_sha256"]: number for number, line in enumerate(lines)}
    except (OSError, ValueError, KeyError) as error:
        message = f"{table} is no table with the columns {', '.join(COLUMNS)} ({error})"
        raise DoorError(message) from error


def _vectors(file: Path, clips: int) -> npt.NDArray[np.float32]:
    try:
        found: npt.NDArray[np.float32] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read: {error}"
        raise DoorError(message) from error
    if found.ndim != _AXES or len(found) != clips or not np.issubdtype(found.dtype, np.floating):
        message = f"{file} is {found.shape} of {found.dtype}, expected floats, ({clips}, dim)"
        raise DoorError(message)
    if not np.isfinite(found).all():
        message = f"{file} holds NaN or infinite numbers"
        raise DoorError(message)
    return found


door = Door(
    prefix="embeddings",
    summary="vectors of whole clips that were computed elsewhere, in a folder",
    example="embeddings:my-vectors",
    open=_open,
)
