"""Notes: timbres of the test that were never heard, pitches that are what the label says."""

import hashlib
import json
import platform
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench import assets
from tasks import Split, Task, _notes_data, _render, digest_of, notes
from tasks._notes_data import INSTRUMENTS, RANGE, RECORDED, TINY
from tasks._render import (
    FONT_SOURCES,
    MANIFEST,
    SAMPLE_RATE,
    Job,
    Line,
    each,
    read_manifest,
    render,
    workers,
)
from tests.soundfonts import SoundFont

Fetched = Callable[[str], Path]
Made = Callable[[str], Path]

TINY_TASKS, FULL_TASKS = notes.PRESET, notes.EMBEDDED
VIBRAPHONE, MARIMBA, OBOE = 11, 12, 68
AUDIO = {
    "notes-tiny": "4e3d504ff8fa955283e30896e398823ed3714b8026a2c69472f1fa0e0e0db2ff",
    "notes": "9910ced841e7807c2302e57627e4ccc91a03a2f533c39c188ee7264a6ee550bb",
}
reference_machine = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the digest of the audio is that of Linux on x86-64",
)


def silent(_done: int, _total: int) -> None:
    """No progress."""


def manifest_digest(folder: Path) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def check_published(task: Task, folder: Path) -> None:
    clips = task.clips(folder)
    assert dict(Counter(clip.split for clip in clips)) == dict(task.counts)
    assert digest_of(clips) == task.digest


@pytest.mark.parametrize("task", TINY_TASKS, ids=lambda task: task.name)
def test_tiny_clips_are_those_published(task: Task, data_set: Made) -> None:
    check_published(task, data_set("notes-tiny"))


@pytest.mark.full_data
@pytest.mark.parametrize("task", FULL_TASKS, ids=lambda task: task.name)
def test_clips_are_those_published(task: Task, data_set: Made) -> None:
    check_published(task, data_set("notes"))


@pytest.mark.full_data
@pytest.mark.skipif(assets.clients()["npm"] != "ok", reason="npm cannot be used here")
def test_recorded_clips_are_those_published(data_set: Made) -> None:
    folder = data_set("notes-recorded")
    check_published(notes.INSTRUMENT_RECORDED, folder)
    fonts = Counter((entry["split"], entry["font"]) for entry in read_manifest(folder))
    assert fonts == {
        ("train", "TimGM6mb"): 640,
        ("validation", "Merlin"): 160,
        ("test", "recorded"): 450,
    }


@reference_machine
def test_tiny_audio_is_the_same_everywhere(data_set: Made) -> None:
    assert manifest_digest(data_set("notes-tiny")) == AUDIO["notes-tiny"]


@pytest.mark.full_data
@reference_machine
def test_audio_is_the_same_everywhere(data_set: Made) -> None:
    assert manifest_digest(data_set("notes")) == AUDIO["notes"]


def test_one_process_makes_the_same_bytes_as_many(
    data_set: Made, fetched: Fetched, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    sources = [fetched(source) for source in FONT_SOURCES]
    _notes_data.make(TINY, tmp_path, sources, lambda *step: steps.append(step), processes=1)
    made = {path.name: path.read_bytes() for path in data_set("notes-tiny").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made
    assert steps == [(done + 1, 132) for done in range(132)]


@pytest.mark.parametrize("task", [*FULL_TASKS, notes.INSTRUMENT_RECORDED], ids=lambda t: t.name)
def test_every_task_is_large_enough(task: Task) -> None:
    assert task.counts[Split.TRAIN] >= 600
    assert task.counts[Split.TEST] >= 200


def test_there_are_enough_acoustic_instruments() -> None:
    assert len(set(INSTRUMENTS.values())) >= 24
    electric = {*range(26, 32), *range(33, 40), *range(80, 104)}
    assert electric.isdisjoint(INSTRUMENTS.values())


def test_the_fonts_share_no_sample_of_any_instrument(fetched: Fetched) -> None:
    """Any stretch of 95 samples that both fonts play would be found; silence does not count."""
    learn, test = (SoundFont(fetched(source)) for source in FONT_SOURCES)
    known = learn.hashes(range(len(learn.headers) - 1), stride=48)
    samples = {number for program in INSTRUMENTS.values() for number in test.samples(program)}
    assert samples
    assert not np.isin(test.hashes(samples, stride=1), known).any()
    assert np.isin(test.hashes(test.samples(VIBRAPHONE), stride=1), known).any()


def likeness(program: int, fonts: Sequence[bytes]) -> float:
    """The highest correlation of the fonts' notes, at any shift; 1 for copies."""
    found = []
    for pitch in RANGE[2::6]:
        key = np.array([[0.0, 2.0, pitch, 90.0]])
        midi = _render._midi((Line(program, key),), 2.0)
        notes = [_render._mono(font, midi)[:48_000] for font in fonts]
        spectra = [np.fft.rfft(note - note.mean(), 2**17) for note in notes]
        shifts = np.fft.irfft(spectra[0] * spectra[1].conj())
        power = [np.fft.irfft(np.abs(spectrum) ** 2)[0] for spectrum in spectra]
        found.append(np.abs(shifts).max() / np.sqrt(power[0] * power[1]))
    return float(max(found))


def test_the_fonts_share_no_recording_of_any_instrument_edited_or_not(fetched: Fetched) -> None:
    fonts = [fetched(source).read_bytes() for source in FONT_SOURCES]
    assert min(likeness(program, fonts) for program in (MARIMBA, OBOE)) > 0.97
    alike = {name: likeness(program, fonts) for name, program in INSTRUMENTS.items()}
    assert max(alike.values()) < 0.9, alike


@pytest.mark.parametrize(
    ("name", "learn"), [("notes-tiny", 15), pytest.param("notes", 26, marks=pytest.mark.full_data)]
)
def test_no_pitch_of_an_instrument_is_learnt_and_validated_on(
    name: str, learn: int, data_set: Made
) -> None:
    entries = read_manifest(data_set(name))
    for instrument in {entry["instrument"] for entry in entries}:
        pitches = {
            split: {
                e["pitch"] for e in entries if (e["instrument"], e["split"]) == (instrument, split)
            }
            for split in Split
        }
        assert len(pitches[Split.TRAIN]) == learn
        assert pitches[Split.TRAIN].isdisjoint(pitches[Split.VALIDATION])
        assert set().union(*pitches.values()) <= set(RANGE)


def test_test_notes_are_of_the_other_font(data_set: Made) -> None:
    fonts = {(entry["split"], entry["font"]) for entry in read_manifest(data_set("notes-tiny"))}
    assert fonts == {("train", "TimGM6mb"), ("validation", "TimGM6mb"), ("test", "Merlin")}


def fundamental(audio: npt.NDArray[np.float64]) -> float:
    """MIDI pitch by the highest peak of the autocorrelation, refined by a parabola."""
    spectrum = np.fft.rfft(audio[2400:16800], 2**16)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)
    lags = np.arange(12, SAMPLE_RATE // 150)
    lag = int(lags[np.argmax(correlation[lags])])
    left, top, right = correlation[lag - 1 : lag + 2]
    exact = lag + (left - right) / (2 * (left - 2 * top + right))
    return float(69 + 12 * np.log2(SAMPLE_RATE / exact / 440))


def test_notes_sound_at_the_pitch_of_their_label(data_set: Made) -> None:
    folder = data_set("notes-tiny")
    off = []
    for entry in read_manifest(folder):
        audio, rate = soundfile.read(folder / entry["file"])
        assert (rate, audio.shape) == (SAMPLE_RATE, (3 * SAMPLE_RATE,))
        off.append((fundamental(audio) - entry["pitch"] + 6) % 12 - 6)
    assert np.mean(np.abs(off) < 0.5) > 0.95


def test_notes_have_the_level_they_were_given(data_set: Made) -> None:
    folder = data_set("notes-tiny")
    for entry in read_manifest(folder):
        audio, _ = soundfile.read(folder / entry["file"])
        level = 10 * np.log10(np.mean(audio**2))
        assert level == pytest.approx(entry["level"], abs=0.05) or np.abs(audio).max() > 0.97


def test_instrument_and_pitch_group_clips_differently(data_set: Made) -> None:
    instrument, pitch = (task.clips(data_set("notes-tiny")) for task in TINY_TASKS)
    assert instrument[0].group == "piano 60 Merlin"
    fonts = ("TimGM6mb", "Merlin")
    assert {clip.group for clip in pitch} == {f"{i} {f}" for i in TINY.instruments for f in fonts}


def test_a_pitch_is_validated_on_instruments_that_are_not_learnt(data_set: Made) -> None:
    clips = TINY_TASKS[1].clips(data_set("notes-tiny"))
    groups = {split: {clip.group for clip in clips if clip.split is split} for split in Split}
    assert groups[Split.TRAIN] == {"piano TimGM6mb", "violin TimGM6mb"}
    assert groups[Split.VALIDATION] == {"nylon guitar TimGM6mb", "flute TimGM6mb"}
    assert len(groups[Split.TEST]) == 4


@pytest.mark.full_data
@pytest.mark.parametrize("task", FULL_TASKS, ids=lambda task: task.name)
def test_loudness_length_and_register_give_nothing_away(task: Task, data_set: Made) -> None:
    """For the pitch its octave stands for the register; the pitch itself is the answer."""
    folder = data_set("notes")
    clips = task.clips(folder)
    labels = np.array([clip.label for clip in clips])
    entries = read_manifest(folder)
    split = np.array([clip.split for clip in clips])
    numbers = np.array([[e["velocity"], e["held"], e["level"]] for e in entries])
    register = [[e["pitch"] if "instrument" in task.name else e["program"]] for e in entries]
    features = np.hstack(
        [
            StandardScaler().fit_transform(numbers),
            OneHotEncoder(sparse_output=False).fit_transform(register),
        ]
    )
    model = LogisticRegression(max_iter=1000).fit(
        features[split == "train"], labels[split == "train"]
    )
    accuracy = model.score(features[split == "test"], labels[split == "test"])
    chance, number = 1 / len(task.labels), task.counts[Split.TEST]
    assert accuracy < chance + 3 * np.sqrt(chance * (1 - chance) / number)


def test_a_job_that_nothing_sounds_in_is_refused(fetched: Fetched, tmp_path: Path) -> None:
    below_the_violin = Line(INSTRUMENTS["violin"], np.array([[0.0, 1.0, 40.0, 90.0]]))
    job = Job(tmp_path / "note.wav", (below_the_violin,), font=1, seconds=1.0, level=-20.0)
    with (
        workers([fetched(source) for source in FONT_SOURCES], 1) as pool,
        pytest.raises(ValueError, match=r"note.wav would be silent: .* programs \[40\]"),
    ):
        each(pool, render, [job], silent)


def test_a_recording_without_a_pitch_in_its_name_is_refused(
    fetched: Fetched, tmp_path: Path
) -> None:
    (tmp_path / "readme.mp3").touch()
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        archive.add(tmp_path / "readme.mp3", "package/readme.mp3")
    sources = [fetched(source) for source in FONT_SOURCES] + [package] * len(RECORDED)
    with pytest.raises(ValueError, match=r"readme.mp3 in .* has no pitch such as As3 in its name"):
        _notes_data.make_recorded(1, tmp_path, sources, silent)


def test_the_manifest_names_the_licence_and_every_file(data_set: Made) -> None:
    folder = data_set("notes-tiny")
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    assert "personal, non-commercial" in manifest["licence"]
    listed = {entry["file"]: entry["sha256"] for entry in manifest["clips"]}
    assert listed == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.wav")
    }
