"""Writes the audio of tasks as a backbone would be given it, for systems that run elsewhere."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from filelock import FileLock

from backbones.embeddings import CLIPS, COLUMNS, FIELDS, MANIFEST, SHORTEST, digest
from bench import audio
from bench.audio import BadAudioError
from bench.errors import UserError, why_no_folder
from bench.store import write_atomically
from tasks import Clip, Progress

LOCK = ".export.lock"

SHOWN = 10
"""Bad files that are named."""


class ExportError(UserError):
    """Audio cannot be exported there."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where audio is exported to.

    Attributes:
        path: of the folder.
        rate: sample rate of its files [Hz].
    """

    path: Path
    rate: int

    def fill(self, clips: Iterable[Clip], progress: Progress) -> int:
        """Add clips; those that are there stay in their rows, so vectors of them stay valid.

        Returns:
            How many different clips the folder holds.

        Raises:
            ExportError: the folder holds clips at another sample rate; or clips cannot be read, and
                all others are there.
        """
        self._make()
        with FileLock(self.path / LOCK):
            return self._filled(list(clips), progress)

    def _filled(self, wanted: Sequence[Clip], progress: Progress) -> int:
        """The same, while nobody else adds to it."""
        self._expect_rate()
        (self.path / "audio").mkdir(exist_ok=True)
        rows, bad = self._known(), list[str]()
        time = str(1 + max((int(row[3]) for row in rows.values()), default=0))
        for done, clip in enumerate(wanted, 1):
            try:
                row = self._written(clip)
            except BadAudioError as error:
                bad.append(str(error))
            else:
                rows.setdefault(row[1], (*row, time))
            progress(done, len(wanted))
        lines = [",".join(COLUMNS), *(",".join(row) for row in rows.values())]
        write_atomically(self.path / CLIPS, ("\n".join(lines) + "\n").encode())
        if bad:
            named = "; ".join(bad[:SHOWN])
            message = f"{len(bad):,} of {len(wanted):,} clips are not in {self.path}: {named}"
            raise ExportError(message)
        return len(rows)

    def _make(self) -> None:
        """The folder, which must be an export if it holds anything but hidden files."""
        if message := why_no_folder("--into", self.path):
            raise ExportError(message)
        self.path.mkdir(parents=True, exist_ok=True)
        others = any(not path.name.startswith(".") for path in self.path.iterdir())
        if others and not (self.path / MANIFEST).exists():
            message = f"--into {self.path} holds something else than an export, such as a data set;"
            message += " take an empty folder"
            raise ExportError(message)

    def _expect_rate(self) -> None:
        manifest = self.path / MANIFEST
        if not manifest.exists():
            said = {**dict.fromkeys(FIELDS, ""), "sample_rate": self.rate, "trained_on": None}
            write_atomically(manifest, (json.dumps(said, indent=1) + "\n").encode())
        try:
            rate = json.loads(manifest.read_text("utf-8"))["sample_rate"]
        except (ValueError, KeyError, TypeError) as error:
            message = f"{manifest} says no sample_rate ({error})"
            raise ExportError(message) from error
        if rate != self.rate:
            message = f"{self.path} holds clips at {rate} Hz, not {self.rate}; take another folder"
            raise ExportError(message)

    def _known(self) -> dict[str, tuple[str, ...]]:
        """Digest → row of the table, in its order; rows that name no export are of the first.

        Raises:
            ExportError: the table is damaged; its vectors would lose their clips.
        """
        table = self.path / CLIPS
        if not table.exists():
            return {}
        try:
            with table.open(encoding="utf-8", newline="") as file:
                lines = [{"export": "1", **line} for line in csv.DictReader(file, strict=True)]
            rows = [tuple(line[name] for name in COLUMNS) for line in lines]
            bad = next((at for at, row in enumerate(rows, 2) if not _is_whole(row)), None)
        except (OSError, ValueError, KeyError, csv.Error) as error:
            message = f"{table} cannot be read ({error!r}): restore it, or take another folder"
            raise ExportError(message) from error
        if bad is not None:
            message = f"{table}, line {bad} is cut off: restore it, or take another folder"
            raise ExportError(message)
        return {row[1]: row for row in rows}

    def _written(self, clip: Clip) -> tuple[str, ...]:
        """File, digest and seconds of a clip, whose file is there."""
        samples = audio.read(clip.path, self.rate, clip.start, clip.seconds)
        whole = audio.cut(samples, self.rate, None, None, SHORTEST)[0]
        content = digest(whole)
        file = self.path / "audio" / f"{content[:32]}.wav"
        if not _holds(file, whole):
            partial = file.with_suffix(".partial")
            soundfile.write(partial, whole, self.rate, subtype="FLOAT", format="WAV")
            partial.replace(file)
        return f"audio/{file.name}", content, f"{len(whole) / self.rate:.3f}"


def _is_whole(row: Sequence[str | None]) -> bool:
    """Whether a row of the table has every cell, and a number for its export."""
    return all(row) and str(row[-1]).isdecimal()


def _holds(file: Path, samples: npt.NDArray[np.float32]) -> bool:
    """Whether a file is there, and is undamaged."""
    try:
        return file.exists() and np.array_equal(soundfile.read(file, dtype="float32")[0], samples)
    except soundfile.LibsndfileError:
        return False
