"""Tunes: real melodies whose answers are heard in the music and nowhere else."""

import hashlib
import platform
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tasks import Kind, Split, Task, _tunes_data, digest_of, tunes
from tasks._abc import Melody, Tune, melody, normalised, read
from tasks._arrange import LOWEST, TEXTURES, Arrangement, play
from tasks._metrics import KEY_WEIGHTED
from tasks._render import MANIFEST, SAMPLE_RATE, read_manifest
from tasks._tunes_plan import PHRASE, TINY, Candidate, Preset, plan, strangers

Fetched = Callable[[str], Path]
Made = Callable[[str], Path]
Entry = Mapping[str, Any]

TINY_TASKS, FULL_TASKS = tunes.PRESET, tunes.EMBEDDED
AUDIO = {
    "tunes-tiny": "cbdd7d63c7f98f20091ea79356120e5ede1591fd4414a8426f68265a5d89971f",
    "tunes": "822a3088547c0e7b9ac982461af6769510eeab7bd700f12d856808a89735d7c2",
}
NAMES = ["tunes-tiny", pytest.param("tunes", marks=pytest.mark.full_data)]
reference_machine = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the digest of the audio is that of Linux on x86-64",
)
JIG = """X: 1
T: Blarney Pilgrim, The -- Jig
T: A Second Name
R: {dance}
M: 6/8
L: 1/8
K: D
u"4"A | {{g}}vABc d2e | ~f3 "^SEGUE"(edc) | d6 | ABc d2e | f3 edc | d3- d2 :|
"""


def written(tmp_path: Path, abc: str) -> list[Tune]:
    book = tmp_path / "ryansMammoth"
    book.mkdir(exist_ok=True)
    (book / "tune.abc").write_text(abc)
    return read(book / "tune.abc")


def heard(tune: Tune) -> Melody:
    found = melody(tune)
    assert found is not None
    return found


# What is published


@pytest.mark.parametrize("name", NAMES)
def test_clips_are_those_published(name: str, data_set: Made) -> None:
    folder = data_set(name)
    for task in TINY_TASKS if name == "tunes-tiny" else FULL_TASKS:
        clips = task.clips(folder)
        assert dict(Counter(clip.split for clip in clips)) == dict(task.counts), task.name
        assert digest_of(clips) == task.digest, task.name


@reference_machine
@pytest.mark.parametrize("name", NAMES)
def test_audio_is_the_same_everywhere(name: str, data_set: Made) -> None:
    manifest = (data_set(name) / MANIFEST).read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == AUDIO[name]


def test_one_process_makes_the_same_bytes_as_many(fetched: Fetched, tmp_path: Path) -> None:
    quotas = {split: dict.fromkeys(strata, 1) for split, strata in TINY.quotas.items()}
    few = Preset(seed=1, quotas=quotas, in_meter=dict.fromkeys(Split, 1))
    sources = [fetched(source) for source in tunes.TUNES.sources]

    def made(processes: int) -> dict[str, bytes]:
        folder = tmp_path / str(processes)
        folder.mkdir()
        steps: list[tuple[int, int]] = []
        _tunes_data.make(few, folder, sources, lambda *step: steps.append(step), processes)
        assert steps == [(done + 1, len(steps)) for done in range(len(steps))]
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    one = made(1)
    assert len(one) == few.clips + 1
    assert made(2) == one


def test_the_manifest_tells_each_file_by_its_digest(data_set: Made) -> None:
    folder = data_set("tunes-tiny")
    assert {entry["file"]: entry["sha256"] for entry in read_manifest(folder)} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.wav")
    }


@pytest.mark.parametrize("task", FULL_TASKS, ids=lambda task: task.name)
def test_every_task_is_large_enough(task: Task) -> None:
    assert task.counts[Split.TRAIN] >= 600
    assert task.counts[Split.TEST] >= 200


# What keeps the test apart


@pytest.mark.parametrize("name", NAMES)
def test_no_title_is_learnt_and_tested(name: str, data_set: Made, fetched: Fetched) -> None:
    ryan, aird, oneill = (
        {title for file in fetched(book).glob("*.abc") for t in read(file) for title in t.names}
        for book in tunes.TUNES.sources[:3]
    )
    groups: dict[str, set[str]] = {split: set() for split in Split}
    for entry in read_manifest(data_set(name)):
        groups[entry["split"]].add(entry["group"])
        assert (entry["book"] == "oneills1850") == (entry["split"] == "test")
    assert groups["train"].isdisjoint(groups["validation"])
    assert (groups["train"] | groups["validation"]).isdisjoint(oneill)
    assert groups["test"].isdisjoint(ryan | aird)
    assert (ryan | aird) & oneill


def test_a_melody_under_another_name_is_not_tested(tmp_path: Path) -> None:
    tune = written(tmp_path, JIG.format(dance="jig"))[0]
    first = Melody(np.array([[i, 1, 60 + i * i % 7] for i in range(PHRASE + 1)], float), 0.0)
    higher = Melody(first.notes + np.array([0, 0, 5]), 0.0)
    other = Melody(first.notes * [1, 1, -1], 0.0)
    found = [
        (Candidate(Split.TEST, "jig", "b", tune), higher),
        (Candidate(Split.TEST, "jig", "c", tune), other),
        (Candidate(Split.TRAIN, "jig", "a", tune), first),
    ]
    assert [one.group for one, _ in strangers(found)] == ["a", "c"]


def test_a_stratum_without_tunes_is_an_error() -> None:
    with pytest.raises(ValueError, match="no tune in major is left"):
        plan([], TINY)


# What is read


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Rakes of Mallow, The -- Reel", "rakes of mallow"),
        ("THE RAKES OF MALLOW", "rakes of mallow"),
        ("Paddy's Slip Jig.", "paddys"),
        ("Béal Bocht", "beal bocht"),
    ],
)
def test_titles_are_compared_by_their_words(title: str, expected: str) -> None:
    assert normalised(title) == expected


def test_a_tune_is_read_without_what_its_transcriber_added(tmp_path: Path) -> None:
    tune = written(tmp_path, JIG.format(dance="Double Jig"))[0]
    assert (tune.kind, tune.meter, tune.tonic, tune.mode) == ("jig", "6/8", 2, "major")
    assert tune.names == ("blarney pilgrim", "second name")
    assert (tune.bar, tune.beat) == (3.0, 1.5)
    notes = heard(tune)
    assert notes.upbeat == 0.5
    np.testing.assert_array_equal(notes.notes[:7, 2], [69, 69, 71, 73, 74, 76, 78])
    np.testing.assert_array_equal(notes.notes[:7, 0], [0, 0.5, 1, 1.5, 2, 3, 3.5])
    np.testing.assert_array_equal(notes.notes[:7, 1], [0.5, 0.5, 0.5, 0.5, 1, 0.5, 1.5])


def test_the_type_of_dance_does_not_change_how_a_tune_is_read(tmp_path: Path) -> None:
    abc = "X:1\nT:Even\nR:{dance}\nM:4/4\nL:1/8\nK:D\nABcd A>Bc>d|e>fg>a d4|\n"
    reel, hornpipe = (written(tmp_path, abc.format(dance=d))[0] for d in ("reel", "hornpipe"))
    np.testing.assert_array_equal(heard(reel).notes, heard(hornpipe).notes)


@pytest.mark.parametrize(
    ("change", "to"), [("d6 |", "K:G d6 |"), ("M: 6/8", "M: 5/4"), ("K: D", "K: none")]
)
def test_a_tune_of_several_keys_or_an_odd_metre_is_left_out(
    tmp_path: Path, change: str, to: str
) -> None:
    assert written(tmp_path, JIG.format(dance="jig").replace(change, to)) == []


@pytest.mark.parametrize(
    ("change", "to"), [("d6 |", "d=20 |"), ("M: 6/8", "M: 9/8"), ("d6", "[d[d6")]
)
def test_a_tune_that_cannot_be_trusted_has_no_melody(
    tmp_path: Path, change: str, to: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert melody(written(tmp_path, JIG.format(dance="jig").replace(change, to))[0]) is None
    assert capfd.readouterr() == ("", "")


# What is played


def test_a_beat_lasts_as_long_as_the_tempo_says(tmp_path: Path) -> None:
    tune = written(tmp_path, JIG.format(dance="jig"))[0]
    quavers = np.array([[i / 2, 0.5, 60 + i % 5] for i in range(200)])
    how = Arrangement(90.0, 0, "solo", (0,), accent=20.0, register=0.0)
    lines, _ = play(tune, Melody(quavers, 0.0), how, 5.0, np.random.default_rng(0))
    np.testing.assert_allclose(np.diff(lines[0].notes[:, 0]), 60 / 90 / 3)
    loud = lines[0].notes[:, 3] > 98
    assert np.diff(np.flatnonzero(loud)).tolist() == [3] * (loud.sum() - 1)


@pytest.mark.parametrize("texture", TEXTURES)
@pytest.mark.parametrize("seed", range(4))
def test_an_excerpt_fits_its_clip_and_its_instruments(
    tmp_path: Path, texture: str, seed: int
) -> None:
    tune = written(tmp_path, JIG.format(dance="jig"))[0]
    rng = np.random.default_rng(seed)
    pitches = [tune.tonic + 60 + int(step) for step in rng.choice([0, 2, 4, 5, 7, 9, 11, 12], 100)]
    tones = Melody(np.array([[i / 2, 0.5, pitch] for i, pitch in enumerate(pitches)]), 0.5)
    how = Arrangement(100.0, seed, texture, (40, 41)[: 1 + (texture != "solo")], 5.0, -5.0)
    lines, _ = play(tune, tones, how, 5.0, rng)
    assert len(lines) == 1 + (texture != "solo")
    scale = {(tune.tonic + seed + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)}
    for line in lines:
        onset, duration, pitch, velocity = line.notes.T
        assert onset.min() >= 0
        assert (onset + duration).max() <= 5 + 1e-9
        assert pitch.min() >= LOWEST[line.program]
        assert 1 <= velocity.min() <= velocity.max() <= 127
        assert {int(p) % 12 for p in pitch} <= scale
    assert lines[0].notes[0, 0] == 0


def test_clips_have_their_length_and_level(data_set: Made) -> None:
    folder = data_set("tunes-tiny")
    for entry in read_manifest(folder):
        audio, rate = soundfile.read(folder / entry["file"])
        assert (rate, audio.shape) == (SAMPLE_RATE, (5 * SAMPLE_RATE,))
        level = 10 * np.log10(np.mean(audio**2))
        assert level == pytest.approx(entry["level"], abs=0.05) or np.abs(audio).max() > 0.97


def chroma(audio: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(12,) energy a pitch class between 100 Hz and 2 kHz."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 8192)[::4096] * np.hanning(8192)
    spectrum = np.abs(np.fft.rfft(frames)).mean(axis=0)
    frequency = np.fft.rfftfreq(8192, 1 / SAMPLE_RATE)
    inside = (frequency > 100) & (frequency < 2000)
    pitch_class = np.rint(69 + 12 * np.log2(frequency[inside] / 440)).astype(int) % 12
    return np.bincount(pitch_class, spectrum[inside], 12).astype(np.float64)


def test_keys_are_heard_by_the_profiles_of_krumhansl_and_kessler(data_set: Made) -> None:
    """Correlation with the probe-tone profiles of Krumhansl and Kessler (1982)."""
    major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    profiles = [np.roll(profile, tonic) for profile in (major, minor) for tonic in range(12)]
    key = next(task for task in TINY_TASKS if task.kind is Kind.KEY)
    clips = key.clips(data_set("tunes-tiny"))
    heard = np.array([chroma(soundfile.read(clip.path)[0]) for clip in clips])
    scores = np.corrcoef(heard, profiles)[: len(clips), len(clips) :]
    truth = np.array([clip.label for clip in clips])
    assert KEY_WEIGHTED.function(truth, scores, np.ones((1, len(clips)))) > 0.5
