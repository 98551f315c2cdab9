"""Tasks of a user's own folders and tables, through the doors."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tasks import Kind, Split, Task
from tasks._metrics import KEYS
from tests.commands import bench
from tests.owndata import opened, put, table

Capture = pytest.CaptureFixture[str]
LINEAR = ("--protocol", "linear-v1", "--board", "b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes, ten artists, two clips an artist in each."""
    for number in range(60):
        name = f"artist{number // 3 % 10}_{number}.wav"
        put(tmp_path / "My clips" / ("high", "low", "mid")[number % 3] / name, number)
    return tmp_path / "My clips"


def by_split(task: Task) -> dict[Split, Counter[object]]:
    clips = task.clips(Path())
    return {split: Counter(c.label for c in clips if c.split is split) for split in Split}


def test_a_class_is_a_folder_and_every_class_is_split_evenly(folder: Path) -> None:
    task = opened(f"folder:{folder}")
    assert (task.name, task.kind, task.labels) == (
        "folder/my-clips",
        Kind.MULTICLASS,
        ("high", "low", "mid"),
    )
    assert by_split(task) == {
        Split.TRAIN: {0: 12, 1: 12, 2: 12},
        Split.VALIDATION: {0: 4, 1: 4, 2: 4},
        Split.TEST: {0: 4, 1: 4, 2: 4},
    }
    assert "with seed 0" in task.split_from
    again = opened(f"folder:{folder}?seed=0&name=again")
    other = opened(f"folder:{folder}?seed=1")
    assert again.digest == task.digest != other.digest
    assert (again.name, other.name) == ("folder/again", "folder/my-clips.seed-1")


def test_a_split_does_not_depend_on_where_the_folder_is(folder: Path, tmp_path: Path) -> None:
    before = opened(f"folder:{folder}").digest
    moved = folder.rename(tmp_path / "elsewhere")
    assert opened(f"folder:{moved}").digest == before


def test_groups_are_found_in_names_and_stay_in_one_split(folder: Path) -> None:
    task = opened(f"folder:{folder}?group=^(artist[0-9]%2B)_")
    groups = {split: {c.group for c in task.clips(folder) if c.split is split} for split in Split}
    assert set.union(*groups.values()) == {f"artist{number}" for number in range(10)}
    assert sum(map(len, groups.values())) == 10
    assert not task.crosses


def test_folders_of_splits_are_kept_and_validation_comes_from_training(tmp_path: Path) -> None:
    for number in range(30):
        place = tmp_path / ("Train", "test")[number >= 20] / "ab"[number % 2]
        put(place / f"{number}.wav", number)
    task = opened(f"folder:{tmp_path}")
    assert task.counts == {Split.TRAIN: 16, Split.VALIDATION: 4, Split.TEST: 10}
    assert {c.id for c in task.clips(tmp_path) if c.split is Split.TEST} == {
        f"test/{'ab'[number % 2]}/{number}.wav" for number in range(20, 30)
    }
    assert task.split_from.startswith("test as given; validation is a fifth")


@pytest.mark.parametrize("suffix", [".csv", ".CSV", ".jsonl"])
def test_an_audiofolder_is_its_metadata(tmp_path: Path, suffix: str) -> None:
    for split, count in (("train", 10), ("test", 4)):
        (tmp_path / split).mkdir()
        rows = [{"file_name": f"{n}.wav", "label": "ab"[n % 2]} for n in range(count)]
        place = tmp_path / split / f"metadata{suffix}"
        if suffix != ".jsonl":
            table(place, ["file_name", "label"], [list(row.values()) for row in rows])
        else:
            place.write_text("\n".join(map(json.dumps, rows)))
    task = opened(f"folder:{tmp_path}")
    assert task.counts == {Split.TRAIN: 8, Split.VALIDATION: 2, Split.TEST: 4}
    assert task.clips(tmp_path)[-1].path == tmp_path / "train" / "9.wav"
    assert task.clips(tmp_path)[-1].id == "train/9.wav"


@pytest.mark.parametrize(
    "classes",
    [[str(number) for number in range(25)], ["0.5", "1", "2", "none"], ["C major", "A minor"]],
)
def test_folders_are_classes_whatever_they_are_called(tmp_path: Path, classes: list[str]) -> None:
    for number, name in enumerate(classes):
        put(tmp_path / name / f"{number}.wav")
    task = opened(f"folder:{tmp_path}")
    assert task.kind is Kind.MULTICLASS
    assert task.labels == tuple(sorted(classes))


@pytest.mark.parametrize(
    ("header", "cells", "kind", "labels"),
    [
        (["genre"], [["rock"], ["pop"]], Kind.MULTICLASS, ("pop", "rock")),
        (["label"], [[3], [1]], Kind.MULTICLASS, ("1", "3")),
        (["label"], [["3.0"], ["1.0"]], Kind.MULTICLASS, ("1.0", "3.0")),
        (["label"], [[0.5], [1]], Kind.REGRESSION, ("label",)),
        (["label"], [[each] for each in range(50)], Kind.REGRESSION, ("label",)),
        (["tags"], [["a|b c"], ["b c"], [""]], Kind.MULTILABEL, ("a", "b c")),
        (["valence", "arousal"], [[1, 2.5], [-3, 4]], Kind.REGRESSION, ("valence", "arousal")),
        (["rock", "pop"], [[1, 0], ["", 1]], Kind.MULTILABEL, ("rock", "pop")),
        (["label"], [["C major"], ["A minor"]], Kind.KEY, KEYS),
    ],
)
def test_the_kind_is_inferred(
    tmp_path: Path,
    header: list[str],
    cells: list[list[object]],
    kind: Kind,
    labels: tuple[str, ...],
) -> None:
    rows = [[f"{n}.wav", *cells[n % len(cells)]] for n in range(50)]
    task = opened(table(tmp_path / "t.csv", ["path", *header], rows))
    assert (task.kind, task.labels) == (kind, labels)
    assert sum(task.counts.values()) == 50


def test_tags_are_one_number_each_and_unknown_ones_are_nan(tmp_path: Path) -> None:
    rows = [[f"{n}.wav", ("a; b", "b")[n % 2]] for n in range(10)]
    tagged = opened(table(tmp_path / "t.csv", ["path", "tags"], rows)).clips(tmp_path)
    assert [clip.label for clip in tagged[:2]] == [(1.0, 1.0), (0.0, 1.0)]
    rows = [[f"{n}.wav", "1", ("", "0")[n % 2]] for n in range(10)]
    known = opened(table(tmp_path / "u.csv", ["path", "a", "b"], rows)).clips(tmp_path)
    np.testing.assert_array_equal([c.label for c in known[:2]], [(1, np.nan), (1, 0)])


def test_columns_are_named_by_options(tmp_path: Path) -> None:
    header = ["where", "mood", "who", "part", "from", "long"]
    rows = [[f"{n // 2}.wav", "xy"[n % 3 % 2], f"w{n % 5}", n % 4, n % 2, 1.5] for n in range(40)]
    file = table(tmp_path / "t.csv", header, rows)
    task = opened(
        f"{file}?path=where&label=mood&group=who&fold=part&start=from&seconds=long&name=moods"
    )
    assert (task.name, task.folds, task.grouped_by) == ("csv/moods", 4, "who")
    assert task.counts[Split.TEST] == 40
    first = task.clips(tmp_path)[1]
    assert (first.id, first.group, first.fold) == ("0.wav#1", "w1", 2)
    assert (first.start, first.seconds) == (1.0, 1.5)
    assert task.crosses


def test_a_split_column_can_be_ignored(tmp_path: Path) -> None:
    rows = [[f"{n}.wav", "ab"[n % 2], ("train", "val", "test")[n % 3]] for n in range(30)]
    file = table(tmp_path / "t.csv", ["path", "label", "split"], rows)
    assert opened(file).split_from == "as given"
    assert opened(f"{file}?split=").counts[Split.TRAIN] == 18
    assert opened(f"{file}?kind=multilabel").kind is Kind.MULTILABEL


def test_hidden_files_are_no_clips(folder: Path) -> None:
    (folder / "low" / "._artist1.wav").touch()
    (folder / "__MACOSX" / "low").mkdir(parents=True)
    (folder / "__MACOSX" / "low" / "1.wav").touch()
    assert sum(opened(f"folder:{folder}").counts.values()) == 60


def test_two_folders_of_one_name_are_told_apart(
    folder: Path, tmp_path: Path, toy: Path, capsys: Capture
) -> None:
    for number in range(4):
        put(tmp_path / "more" / "My clips" / "ab"[number % 2] / f"{number}.wav", number)
    both = ("-t", f"folder:{folder}", "-t", f"folder:{tmp_path}/more/My clips")
    code, _, err = bench("run", "-b", "level", *both, "-i", str(toy), *LINEAR, capsys=capsys)
    assert code == 2
    assert f"two tasks are named 'folder/my-clips': folder:{folder} and folder:{tmp_path}" in err


def test_a_row_of_ones_own_data_is_compared_until_the_data_change(
    folder: Path, toy: Path, capsys: Capture
) -> None:
    reference = f"folder:{folder}"
    words = ("-t", "folder:My clips", "-i", str(toy), *LINEAR)
    assert bench("run", "-b", "level", *words, capsys=capsys)[0] == 0
    (file,) = Path("b").rglob("level.json")
    provenance = json.loads(file.read_text())["provenance"]
    assert provenance["reference"] == reference
    assert reference in provenance["command"]
    assert bench("run", "-b", "melstats", *words, capsys=capsys)[0] == 0
    board = ("--board", "b", "-i", str(toy))
    assert bench("leaderboard", "--check", *board, capsys=capsys)[0] == 0
    compare = ("compare", "level", "melstats", "--protocol", "linear-v1", *board, "--json")
    assert json.loads(bench(*compare, capsys=capsys)[1])[0]["task"] == "folder/my-clips"
    (folder / "low" / "artist0_1.wav").unlink()
    code, _, err = bench("leaderboard", *board, capsys=capsys)
    assert code == 0
    assert f"{reference} has other clips, labels or splits than it had; run the pair again" in err
    folder.rename(folder.parent / "gone")
    code, _, err = bench("leaderboard", *board, capsys=capsys)
    assert (code, err.count("\n")) == (0, 1)
    assert "its rows are shown without comparison" in err
    assert bench(*compare, capsys=capsys)[0] == 2


def test_classes_behind_links_and_of_rare_suffixes_are_there(folder: Path, tmp_path: Path) -> None:
    (folder / "mid").rename(tmp_path / "elsewhere")
    (folder / "mid").symlink_to(tmp_path / "elsewhere")
    for file in (folder / "low").iterdir():
        file.rename(file.with_suffix(".OGA"))
    (folder / "low" / "notes.txt").touch()
    task = opened(f"folder:{folder}")
    assert sum(task.counts.values()) == 60
    assert task.summary.endswith("My clips; 1 files are no audio, e.g. notes.txt")


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        (["Unnamed: 0", "track_id", "acid", "valid"], ("acid", "valid")),
        (["id", "trackID", " valence "], ("valence",)),
        (["", "index", "arousal"], ("arousal",)),
    ],
)
def test_columns_that_number_rows_are_no_labels(
    tmp_path: Path, rows: list[str], labels: tuple[str, ...]
) -> None:
    cells = [[f"{n}.wav", *[n / 2 for _ in rows]] for n in range(9)]
    assert opened(table(tmp_path / "t.CSV", ["path", *rows], cells)).labels == labels


def test_metadata_in_the_root_keep_the_folders_of_splits(tmp_path: Path) -> None:
    names = [f"{'train' if number < 10 else 'test'}/{number}.wav" for number in range(14)]
    for number, name in enumerate([*names, "train/unlisted.wav"]):
        put(tmp_path / name, number)
    rows = [[f"./{name}", "ab"[number % 2]] for number, name in enumerate(names)]
    reference = table(tmp_path / "metadata.csv", ["file_name", "label"], rows)
    task = opened(f"folder:{tmp_path}")
    assert task.counts == {Split.TRAIN: 8, Split.VALIDATION: 2, Split.TEST: 4}
    assert task.summary.endswith("; no row lists 1 other files, e.g. unlisted.wav")
    assert opened(reference).counts == task.counts
    assert "as given" not in opened(f"{reference}?split=").split_from
    assert {clip.group for clip in task.clips(tmp_path)} == {*names}


def test_stretches_that_begin_close_together_and_odd_line_ends_are_apart(tmp_path: Path) -> None:
    rows = [
        {"path": "a.wav", "label": f"x\u2028{n % 2}", "start": 1234.5 + n / 1000} for n in range(9)
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "t.jsonl").write_text(text, encoding="utf-8")
    clips = opened(f"csv:{tmp_path}/t.jsonl?group=start").clips(tmp_path)
    assert len({clip.id for clip in clips}) == 9


def test_a_file_is_one_group_however_it_is_spelt(tmp_path: Path) -> None:
    spelt = ("x.wav", "./x.wav", "a/../x.wav", f"../{tmp_path.name}/x.wav", f"{tmp_path}/x.wav")
    names = [*spelt, "../y.wav", ".././y.wav", "z.wav"]
    rows = [[name, "ab"[number % 2], number] for number, name in enumerate(names)]
    task = opened(table(tmp_path / "t.csv", ["path", "label", "start"], rows))
    clips = task.clips(tmp_path)
    assert {clip.group for clip in clips} == {"x.wav", "../y.wav", "z.wav"}
    assert clips[2].id == "x.wav#2"
    assert clips[2].path == tmp_path / "a/../x.wav"


def test_a_name_is_no_longer_than_a_folder_can_have(tmp_path: Path) -> None:
    columns = [f"tag{number:03}" for number in range(80)]
    rows = [[f"{number}.wav", *[number % 2] * 80] for number in range(9)]
    file = table(tmp_path / "t.csv", ["path", *columns], rows)
    asked = [f"{file}?label={','.join(columns[:count])}" for count in (79, 80)]
    one, other = (opened(each).name for each in asked)
    assert one != other
    assert max(map(len, (one, other, opened(f"{asked[0]}&name={'n' * 300}").name))) < 128
