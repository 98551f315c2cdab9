"""`bench audit` on planted leaks, from the command line and from code."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bench import data, packed, registry
from bench.audit import Audit, duplicates
from bench.audit.hearing import Heard, heard
from bench.audit.landmarks import RATE
from bench.progress import Reporter
from bench.registry import Entry, Registry
from bench.stretch import Stretch
from studies.audit import plant
from studies.damages import DAMAGES
from tasks import Clip, Split, Task
from tests.audits import LEAKY, at, melody
from tests.commands import bench
from tests.packing import zipped
from tests.sounds import SECONDS, write_m4a

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def leaky(toy: Path) -> Path:
    """A file with a task that leaks and one that does not."""
    toy.write_text(LEAKY)
    return toy


def run(*words: str, leaky: Path, capsys: Capture) -> tuple[int, dict[str, Any]]:
    """Exit code and the report on one task."""
    code, out, err = bench("audit", *words, "--json", "-i", str(leaky), capsys=capsys)
    assert out.startswith("["), err
    (report,) = json.loads(out)
    return code, report


def pairs(report: dict[str, Any], kind: str) -> set[tuple[str, str, str, str | None]]:
    return {
        (each["clip"], each["split"], each["other"], each["other_split"])
        for each in report["findings"]
        if each["kind"] == kind
    }


def entry_of(leaky: Path, name: str) -> Entry[Task]:
    return registry.find([leaky]).tasks[name]


EXACT = {("00", "train", "copy", "test"), ("04", "train", "part", "test")}
LEAKED = {"copy", "coded", "cut", "part", "20"}


def test_every_planted_leak_is_found_and_nothing_else(leaky: Path, capsys: Capture) -> None:
    code, report = run("leaky/all", leaky=leaky, capsys=capsys)
    assert code == 1
    assert pairs(report, "exact") == EXACT
    assert pairs(report, "group") == {("05", "train", "20", "test")}
    assert pairs(report, "near") == {
        ("01", "train", "coded", "test"),
        ("02", "train", "cut", "test"),
        ("03", "train", "inside", "train"),
    }
    assert set(report["leaked"]) == LEAKED
    assert report["unusable"] == {"bad": "empty file"}
    assert report["too_plain"] == ["tone"]
    assert report["trained_on"] == {"level": ["leaky"]}


def test_folds_are_compared_like_splits(leaky: Path, capsys: Capture) -> None:
    code, report = run("leaky/folded", leaky=leaky, capsys=capsys)
    assert code == 1
    assert pairs(report, "exact") == {
        ("00", "fold 1", "copy", "fold 3"),
        ("04", "fold 1", "part", "fold 3"),
    }
    assert pairs(report, "group") == {("05", "fold 1", "20", "fold 3")}
    assert ("03", "fold 1", "inside", "fold 1") in pairs(report, "near")
    assert set(report["leaked"]) == LEAKED | {"00", "01", "02", "04", "05"}


def test_a_finding_says_how_sure_and_where(leaky: Path, capsys: Capture) -> None:
    _, report = run("leaky/all", leaky=leaky, capsys=capsys)
    found = {each["other"]: each for each in report["findings"]}
    assert found["copy"]["score"] == 1
    assert found["coded"]["score"] > 0.98
    assert found["cut"]["delay"] == -0.5
    assert found["cut"]["seconds"] == 3.5
    assert [each["kind"] for each in report["findings"]][-1] == "near", "inside a split comes last"


def test_a_clean_task_is_no_error(leaky: Path, capsys: Capture) -> None:
    code, report = run("leaky/clean", leaky=leaky, capsys=capsys)
    assert code == 0
    assert (report["findings"], report["leaked"], report["trained_on"]) == ([], [], {})
    assert report["clips"] == 24


def test_it_prints_both_clips_their_splits_and_the_kind(leaky: Path, capsys: Capture) -> None:
    code, out, _ = bench("audit", "leaky/all", "-i", str(leaky), capsys=capsys)
    lines = [" ".join(line.replace("│", " ").split()) for line in out.splitlines()]
    assert code == 1
    assert "exact 00 train copy test 1.000 0.00 all" in lines
    across, inside = (
        lines.index(f"leaky/all: {words}") for words in ("across splits or folds", WITHIN)
    )
    assert across < lines.index("exact 00 train copy test 1.000 0.00 all") < inside
    assert "near 03 train inside train 1.000 0.00 4.00" in lines[inside:]
    assert "bad: empty file, not audited" in lines
    assert "too plain to fingerprint: tone" in lines
    assert "trained on level leaky" in lines


ACROSS, WITHIN = "across splits or folds", "inside one"


def test_without_near_only_copies_are_found(leaky: Path, capsys: Capture) -> None:
    code, report = run("leaky/all", "--no-near", leaky=leaky, capsys=capsys)
    assert code == 1
    assert pairs(report, "near") == set()
    assert pairs(report, "exact") == EXACT


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A track that holds a test clip, a copy of a test clip, one of training, and others."""
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    track = np.concatenate([melody(80), melody(81)[:4400], 0.5 * melody(17), melody(82)])
    soundfile.write(folder / "track.mp3", at(44_100, track), 44_100, compression_level=0.7)
    soundfile.write(folder / "deep" / "copy.WAV", melody(18), 8000)
    soundfile.write(folder / "training.wav", melody(0), 8000)
    soundfile.write(folder / "other.wav", melody(83), 8000)
    (folder / "broken.flac").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("no audio")
    return folder


def test_a_corpus_is_looked_up_among_test_clips(leaky: Path, corpus: Path, capsys: Capture) -> None:
    code, report = run("leaky/clean", "--corpus", str(corpus), leaky=leaky, capsys=capsys)
    assert code == 1
    assert report["findings"] == []
    found = report["corpus"]
    assert found["files"] == 5
    assert pairs(found, "exact") == {("18", "test", str(corpus / "deep" / "copy.WAV"), None)}
    assert pairs(found, "near") == {("17", "test", str(corpus / "track.mp3"), None)}
    (near,) = (each for each in found["findings"] if each["kind"] == "near")
    assert near["delay"] == pytest.approx(4 + 0.55, abs=0.1)
    assert list(found["unusable"]) == [str(corpus / "broken.flac")]
    assert report["leaked"] == [], "of the task alone"


def test_the_file_that_a_test_clip_is_cut_from_is_an_exact_find(
    leaky: Path, tmp_path: Path, capsys: Capture
) -> None:
    place = data.ready(entry_of(leaky, "leaky/all"), lambda _done, _total: None)
    folder = tmp_path / "corpus"
    folder.mkdir()
    soundfile.write(folder / "whole.flac", soundfile.read(place / "part.wav")[0], 8000)
    words = ("leaky/all", "--no-near", "--corpus", str(folder))
    _, report = run(*words, leaky=leaky, capsys=capsys)
    assert pairs(report["corpus"], "exact") == {("part", "test", str(folder / "whole.flac"), None)}
    assert report["corpus"]["findings"][0]["delay"] == 4


def test_finds_in_a_corpus_are_printed(leaky: Path, corpus: Path, capsys: Capture) -> None:
    words = ("audit", "leaky/clean", "--no-near", "--corpus", str(corpus), "-i", str(leaky))
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 1
    assert "5 files, 1 exact" in out
    assert "leaky/clean: in the corpus" in out
    assert f"{corpus / 'broken.flac'}: " in out


@pytest.mark.parametrize("make", [True, False])
def test_a_corpus_without_audio_is_refused(
    leaky: Path, tmp_path: Path, capsys: Capture, *, make: bool
) -> None:
    folder = tmp_path / "empty"
    if make:
        folder.mkdir()
    words = ("audit", "leaky/clean", "--corpus", str(folder), "-i", str(leaky))
    code, _, err = bench(*words, capsys=capsys)
    assert code == 2
    assert f"--corpus {folder} holds no audio" in err


def clip(name: str, split: Split, group: str = "") -> Clip:
    return Clip(name, split, Path(f"{name}.wav"), 0, group or name)


def test_many_copies_make_few_pairs_and_every_leak_is_in_one(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    soundfile.write(path, melody(0), 8000)
    one, _ = heard(Stretch(path), near=False)
    clips = [clip(f"{n:03}", tuple(Split)[n % 3]) for n in range(90)]
    found = duplicates.exact(clips, {each.id: one for each in clips})
    assert len(found) <= 3 * len(clips)
    leaking = {name for each in found if each.is_leak for name in (each.clip, each.other)}
    assert leaking == {each.id for each in clips}


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("flac", "PCM_16"), ("wav", "FLOAT")]
)
def test_the_digest_is_of_samples_not_of_files(tmp_path: Path, suffix: str, subtype: str) -> None:
    steps = np.round(melody(0) * 32768) / 32768
    first, second = tmp_path / "a.aiff", tmp_path / f"b.{suffix}"
    soundfile.write(first, steps, 8000)
    soundfile.write(second, np.stack([steps, steps], 1), 8000, subtype=subtype)
    assert (
        heard(Stretch(first), near=False)[0].digest == heard(Stretch(second), near=False)[0].digest
    )


def test_what_libsndfile_cannot_open_is_heard_too(tmp_path: Path) -> None:
    one, samples = heard(Stretch(write_m4a(tmp_path)), near=True)
    part, _ = heard(Stretch(tmp_path / "tone.m4a", 1.0, 2.0), near=True)
    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.1)
    assert one.digest != part.digest


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_archives_and_names_that_are_no_text_are_heard(tmp_path: Path) -> None:
    usual = tmp_path / "set" / "plain.wav"
    usual.parent.mkdir()
    soundfile.write(usual, melody(0), 8000)
    place = packed.folder("set", [str(zipped(usual.parent, tmp_path / "set.zip"))])
    odd = tmp_path / os.fsdecode(b"caf\xe9.wav")
    odd.write_bytes(usual.read_bytes())
    paths = (usual, place / "plain.wav", odd)
    assert len({heard(Stretch(path), near=False)[0].digest for path in paths}) == 1


def test_other_rate_other_digest(tmp_path: Path) -> None:
    found = set()
    for rate in (8000, 16_000):
        soundfile.write(tmp_path / f"{rate}.wav", melody(0), rate)
        found.add(heard(Stretch(tmp_path / f"{rate}.wav"), near=False)[0].digest)
    assert len(found) == 2


@pytest.mark.parametrize("name", ["tunes/key@tiny", "notes/instrument@tiny"])
def test_embedded_tasks_are_clean(cards: Registry, name: str) -> None:
    report = Audit(Reporter()).task(cards.tasks[name])
    assert [each for each in report.findings if each.is_leak] == []


@pytest.fixture(scope="module")
def tunes(
    data_set: Callable[[str], Path], cards: Registry
) -> tuple[Sequence[Clip], Sequence[Heard]]:
    """Rendered tunes, and what is kept of them."""
    clips = data.clips(cards.tasks["tunes/key@tiny"].card, data_set("tunes-tiny"))
    return clips, [heard(Stretch.of(each), near=True)[0] for each in clips]


@pytest.mark.parametrize(
    "name", ["copy, FLAC", "gain -30 dB", "0.5 s later, -9 dB, MP3", "MP3, 24 kHz", "second half"]
)
def test_damaged_tunes_are_found(tunes: tuple[Sequence[Clip], Sequence[Heard]], name: str) -> None:
    (damage,) = (each for each in DAMAGES if each.name == name)
    outcomes = plant(damage, range(0, 132, 11), *tunes)
    assert [each.found for each in outcomes] == [True] * 12
