"""Vectors computed elsewhere: what is exported, what is looked up, and what is refused."""

import csv
import json
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from backbones import Family, Precision
from bench import data, extraction, registry
from bench.errors import UserError
from bench.export import ExportError, Folder
from bench.testing import BACKBONE_CHECKS
from tasks import Clip, Split
from tests import doors
from tests.commands import bench


def quiet(_done: int, _total: int) -> None:
    """Progress that nobody is told of."""


def test_stored_vectors_keep_the_contract(vectors: Path) -> None:
    card = registry.find().backbones[f"embeddings:{vectors}"].card
    assert (card.family, card.trained_on) == (Family.SUPERVISED, ("msd",))
    for check in BACKBONE_CHECKS:
        check.run(card)


def test_vectors_are_those_of_the_table(vectors: Path) -> None:
    card = registry.find().backbones[f"embeddings:{vectors}"].card
    assert card.load is not None
    stored = np.load(vectors / "vectors.npy")
    with (vectors / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    encoder = card.load(vectors)
    for number in (0, 5, len(rows) - 1):
        samples, rate = soundfile.read(vectors / rows[number]["file"], dtype="float32")
        assert rate == doors.RATE
        found = encoder.encode(samples[None])["vectors"]
        np.testing.assert_array_equal(found[0, 0], stored[number])
    with pytest.raises(LookupError, match="no vector for a clip of 100 samples"):
        encoder.encode(np.ones((1, 100), np.float32))


def test_exporting_again_keeps_rows_in_their_places(vectors: Path) -> None:
    before = (vectors / "clips.csv").read_text()
    entry = registry.find().tasks[doors.TINY]
    clips = data.clips(entry.card, data.folder(entry))[::-1]
    Folder(vectors, doors.RATE).fill(clips, quiet)
    assert (vectors / "clips.csv").read_text() == before
    with pytest.raises(ExportError, match="holds clips at 16000 Hz, not 8000"):
        Folder(vectors, 8000).fill(clips, quiet)


def test_clips_that_cannot_be_read_are_named_and_the_others_are_there(tmp_path: Path) -> None:
    for name, peak in (("good", 0.5), ("silent", 0.0)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(8000, peak), 8000)
    files = [tmp_path / f"{name}.wav" for name in ("good", "silent", "missing")]
    clips = [Clip(file.stem, Split.TEST, file, 0, file.stem) for file in files]
    with pytest.raises(ExportError, match=r"2 of 3 clips.*silent\.wav: silent; .*missing$"):
        Folder(tmp_path / "out", 8000).fill(clips, quiet)
    assert len((tmp_path / "out" / "clips.csv").read_text().splitlines()) == 2


def loud(folder: Path, name: str, peak: float) -> Clip:
    """A second of audio of its own."""
    soundfile.write(folder / f"{name}.wav", np.full(8000, peak), 8000)
    return Clip(name, Split.TEST, folder / f"{name}.wav", 0, name)


def test_two_exports_into_one_folder_at_once_lose_no_row(tmp_path: Path) -> None:
    one, other = (loud(tmp_path, name, peak) for name, peak in (("one", 0.5), ("other", 0.2)))
    beside = Thread(target=lambda: Folder(tmp_path / "out", 8000).fill([other], quiet))

    def while_it_runs(_done: int, _total: int) -> None:
        beside.start()
        beside.join(timeout=0.5)

    Folder(tmp_path / "out", 8000).fill([one], while_it_runs)
    beside.join()
    rows = (tmp_path / "out" / "clips.csv").read_text().splitlines()[1:]
    assert [row.rpartition(",")[2] for row in rows] == ["1", "2"]


def test_a_damaged_file_of_an_export_is_written_again(tmp_path: Path) -> None:
    clip = loud(tmp_path, "one", 0.5)
    for content in (b"", b"RIFF"):
        Folder(tmp_path / "out", 8000).fill([clip], quiet)
        (file,) = (tmp_path / "out" / "audio").iterdir()
        file.write_bytes(content)
    Folder(tmp_path / "out", 8000).fill([clip], quiet)
    assert len(soundfile.read(file)[0]) == 8000


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"\xff\xfe", "cannot be read"),
        (b"file,seconds\naudio/x.wav,1.0\n", "cannot be read"),
        (b"file,samples_sha256,seconds,export\naudio/x.wav,ab\n", "line 2 is cut off"),
        (b"file,samples_sha256,seconds,export\naudio/x.wav,ab,1.0,x\n", "line 2 is cut off"),
    ],
)
def test_a_damaged_table_of_an_export_is_not_added_to(
    tmp_path: Path, damage: bytes, said: str
) -> None:
    clip = loud(tmp_path, "one", 0.5)
    Folder(tmp_path / "out", 8000).fill([clip], quiet)
    table = tmp_path / "out" / "clips.csv"
    table.write_bytes(damage)
    with pytest.raises(ExportError, match=rf"clips\.csv.*{said}.*: restore it, or take another"):
        Folder(tmp_path / "out", 8000).fill([clip], quiet)
    assert table.read_bytes() == damage


def exported_again(folder: Path, vectors: Path) -> Path:
    """The folder after another export, with two clips that have no vectors."""
    for name in ("manifest.json", "clips.csv", "vectors.npy"):
        (folder / name).write_bytes((vectors / name).read_bytes())
    clips = []
    for number in range(2):
        file = folder.with_name(f"{number}.wav")
        soundfile.write(file, np.full(8000, 0.1 * (number + 1)), doors.RATE)
        clips.append(Clip(file.stem, Split.TEST, file, 0, file.stem))
    Folder(folder, doors.RATE).fill(clips, quiet)
    return folder


def test_vectors_of_before_an_export_serve_the_clips_of_before(
    tmp_path: Path, vectors: Path
) -> None:
    (tmp_path / "more").mkdir()
    folder = exported_again(tmp_path / "more", vectors)
    card = registry.find().backbones[f"embeddings:{folder}"].card
    assert card.summary == "s (vectors of 84 of 86 clips computed elsewhere)"
    assert card.load is not None
    encoder = card.load(folder)
    with (folder / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["export"] for row in rows[-3:]] == ["1", "2", "2"]
    old, _ = soundfile.read(vectors / rows[83]["file"], dtype="float32")
    stored = np.load(vectors / "vectors.npy")
    np.testing.assert_array_equal(encoder.encode(old[None])["vectors"][0, 0], stored[83])
    new, _ = soundfile.read(folder / rows[84]["file"], dtype="float32")
    said = f"no vectors of the last 2 clips of clips.csv, {rows[84]['file']} to {rows[85]['file']}"
    with pytest.raises(LookupError, match=f"{said}: compute them too, 86 rows in all"):
        encoder.encode(new[None])
    np.save(folder / "vectors.npy", np.ones((85, 4), np.float32))
    with pytest.raises(UserError, match=r"expected floats, \(86 or 84, dim\)"):
        registry.find().backbones.open(f"embeddings:{folder}")


OTHER = """
from pathlib import Path
from tasks import Clip, DataSet, Kind, Metric, Split, Task
from tasks._metrics import ACCURACY

def clips(folder):
    files = sorted(folder.glob("*.wav"))
    splits = (*Split, *Split)
    return [Clip(f.stem, s, f, n % 2, f.stem) for n, (s, f) in enumerate(zip(splits, files))]

other = Task(
    name="other/loud", summary="s", kind=Kind.MULTICLASS, labels=("soft", "loud"),
    data=DataSet(name="other", licence="l", paper="p", how_to_get="Ask.", recorded=True),
    metrics=(ACCURACY,), clips=clips, counts=dict.fromkeys(Split, 2),
)
"""


def test_a_task_without_vectors_does_not_take_others_with_it(
    tmp_path: Path,
    vectors: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.py").write_text(OTHER)
    (tmp_path / "data" / "other").mkdir(parents=True)
    for number in range(6):
        file = tmp_path / "data" / "other" / f"{number}.wav"
        soundfile.write(file, np.random.default_rng(number).uniform(-1, 1, 8000), doors.RATE)
    words = ["-t", "tunes/type@tiny", "-t", "other/loud", "--data-root", "data", "-i", "other.py"]
    words += ["--protocol", "linear-v1", "--json"]
    code, out, err = bench("run", "-b", f"embeddings:{vectors}", *words, capsys=capsys)
    assert code == 1, err
    served, other = json.loads(out)["outcomes"]
    assert served["status"] == "done"
    assert other["reason"].startswith(f"{vectors} has no vector for a clip of 8,000 samples")
    assert other["reason"].endswith("compute the vectors of those that are new")


def test_an_export_goes_into_no_data_set(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", np.full(8000, 0.1), 8000)
    with pytest.raises(ExportError, match="holds something else than an export, such as a data s"):
        Folder(tmp_path, 8000).fill([], quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.wav"]


def test_a_file_is_no_folder_to_export_into(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"file is no folder: .*file is a file; choose another"):
        Folder(tmp_path / "file", 8000).fill([], quiet)


def test_new_vectors_have_a_new_key(tmp_path: Path, vectors: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("manifest.json", "clips.csv", "vectors.npy"):
        (folder / name).write_bytes((vectors / name).read_bytes())

    def key() -> str:
        entry = registry.find().backbones[f"embeddings:{folder}"]
        return extraction.key_of(entry, Precision.FP32)

    before = key()
    assert key() == before
    np.save(folder / "vectors.npy", 2 * np.load(folder / "vectors.npy"))
    assert key() != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"family": "clever"}, "not a valid Family"),
        ({"trained_on": "msd"}, "expected a list"),
        ({"sample_rate": 0}, "says nothing of|whole number"),
        ({"name": ""}, "says nothing of name"),
        ({"name": "音"}, "name is '音', expected an ASCII letter or digit in it"),
        ({"sample_rate": 16000.5}, "sample_rate is 16000.5, expected a whole number"),
    ],
)
def test_a_manifest_says_all_or_is_refused(
    change: dict[str, object], said: str, tmp_path: Path, vectors: Path
) -> None:
    for name in ("manifest.json", "clips.csv", "vectors.npy"):
        (tmp_path / name).write_bytes((vectors / name).read_bytes())
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **change}))
    with pytest.raises(UserError, match=said):
        registry.find().backbones.open(f"embeddings:{tmp_path}")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones((3, 4), np.float32), r"expected floats, \(84, dim\)"),
        (np.ones((84, 4), np.int64), r"\(84, 4\) of int64, expected floats"),
        (np.ones((84, 0), np.float32), r"is \(84, 0\) of float32, expected floats"),
        (np.full((84, 4), np.nan, np.float32), "NaN"),
        (np.array([object()]), "cannot be read"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(
    array: np.ndarray, said: str, tmp_path: Path, vectors: Path
) -> None:
    for name in ("manifest.json", "clips.csv"):
        (tmp_path / name).write_bytes((vectors / name).read_bytes())
    np.save(tmp_path / "vectors.npy", array)
    with pytest.raises(UserError, match=said):
        registry.find().backbones.open(f"embeddings:{tmp_path}")
