"""Folders and tables of a user's own that are no task: what is said of them."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from bench.registry import PluginError
from tasks import Kind
from tests.commands import bench
from tests.owndata import opened, put, table


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("t.csv?lable=x", "no option 'lable=x'; did you mean label=?"),
        ("t.csv?q=x", "known: path, label, split, fold, group, start, seconds, kind, seed, name"),
        ("t.csv?label=x", "no column 'x'; the columns are path, label, split"),
        ("t.csv?split=x", "split is 'x', which is no column; the columns are path, label, split"),
        ("t.csv?kind=frames", "kind is 'frames', expected one of multiclass, multilabel"),
        ("t.csv?kind=regression", "0.wav: label is 'a' where a finite number is expected"),
        ("t.csv?kind=key", "'a' is no key, expected one such as 'C major'"),
        ("t.csv?seed=x", "seed is 'x', expected a whole number"),
        ("t.csv", "'x' is no split, expected one of train"),
        ("t.csv?split=&fold=label", "there are 2 folds, expected 3 at least"),
        ("t.csv?split=&seconds=label", "t.csv, row 1: label is 'a', expected a number of seconds"),
        ("nowhere.csv", "there is nothing at"),
        ("empty.csv", "empty.csv has no rows"),
        ("odd.jsonl", "odd.jsonl: row 2 has other columns than the first"),
        ("list.jsonl", "list.jsonl cannot be read: line 1 holds no JSON object"),
        ("cut.jsonl", "cut.jsonl cannot be read: line 2: Unterminated string"),
        ("twice.jsonl", "cannot be read: line 1: two columns are named 'label'"),
        (
            "half.jsonl",
            "half.jsonl cannot be read: line 1 has half a character, as of \\ud83d with",
        ),
        ("gappy.csv", "row 4: arousal is 'n/a', and a number in most rows; mend it, or name"),
        ("bare.csv", "no column is a label; name one of path, words with label="),
        ("lost.csv", "there is no path column, e.g. 'file_name'; the columns are label"),
        ("half.csv?split=part", "2.wav has no split, others have"),
        ("gap.csv", "gap.csv, row 2: label is empty"),
        ("train.csv", "no clip is in test; name its clips test, or draw splits with split="),
        ("listed.csv", "listed.csv, row 1: \"['a', 'b']\" is a list as programs write it; write"),
        ("null.jsonl", "null.jsonl, row 1: '[null, \"a\"]' is a list as programs write it"),
        ("inner.jsonl?label=inner", "row 1: '[[\"a\"]]' is a list as programs write it; write"),
        ("inner.jsonl?label=object", """row 1: '{"a": 1}' is a list as programs write it"""),
        ("deep.jsonl", "deep.jsonl cannot be read: line 1 holds lists in lists, too deep"),
        ("comma.csv?label=value", "value is '0,0'; write numbers with a point, or ask for kind="),
        ("pathless.csv", "pathless.csv, row 2: path is empty"),
    ],
)
def test_a_table_that_is_no_task_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [[f"{n}.wav", "ab"[n % 2], "x"] for n in range(9)]
    table(tmp_path / "t.csv", ["path", "label", "split"], rows)
    table(tmp_path / "empty.csv", ["path", "label"], [])
    table(tmp_path / "bare.csv", ["path", "words"], [["a.wav", "la la"], ["b.wav", ""]])
    table(tmp_path / "lost.csv", ["label"], [["a"]])
    half = [["1.wav", "a", "train"], ["2.wav", "b", ""]]
    table(tmp_path / "half.csv", ["path", "label", "part"], half)
    table(tmp_path / "gap.csv", ["path", "label"], [["1.wav", "a"], ["2.wav", ""]])
    table(tmp_path / "train.csv", ["path", "label", "split"], [["1.wav", "a", "train"]])
    (tmp_path / "odd.jsonl").write_text('{"path": "a"}\n{"label": 1}\n')
    (tmp_path / "list.jsonl").write_text("[1]\n")
    (tmp_path / "cut.jsonl").write_text('{"path": "a"}\n{"path": "b')
    (tmp_path / "twice.jsonl").write_text('{"path": "a", "label": 1, "label": 2}\n')
    (tmp_path / "half.jsonl").write_text('{"path": "a", "label": "\\ud83d"}\n')
    gappy = [[f"{n}.wav", n, n if n != 3 else "n/a"] for n in range(9)]
    table(tmp_path / "gappy.csv", ["path", "valence", "arousal"], gappy)
    table(tmp_path / "listed.csv", ["path", "tags"], [["a.wav", "['a', 'b']"]])
    (tmp_path / "null.jsonl").write_text('{"path": "a", "tags": [null, "a"]}\n')
    inner = {"path": "a", "inner": [["a"]], "object": {"a": 1}}
    (tmp_path / "inner.jsonl").write_text(json.dumps(inner))
    (tmp_path / "deep.jsonl").write_text("[" * 100_000)
    table(tmp_path / "comma.csv", ["path", "value"], [[f"{n}.wav", f"0,{n}"] for n in range(9)])
    table(tmp_path / "pathless.csv", ["path", "label"], [["1.wav", "a"], ["", "b"]])
    with pytest.raises(PluginError) as raised:
        opened(f"csv:{rest}")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("files", "rest", "message"),
    [
        (["a/1.wav"], "", "needs two sub-folders of audio at least"),
        (["a/1.wav", "b/2.wav", "3.wav"], "", "3.wav is in no class; put it into a sub-folder"),
        (["a/1.wav", "b/2.wav"], "?group=x", "group is 'x', which finds nothing in '1'"),
        (["a/1.wav", "b/2.wav"], "?group=(", "group is '(', which is no regular expression"),
        (["a/1.wav", "b/2.wav"], "?label=x", "no option 'label=x'; known: name, group, seed"),
        (["a/1.wav", "b/2.wav"], "/" + "x" * 300, "there is nothing at"),
        (["train/a/1.wav", "train/b/2.wav"], "", "in test; put its clips into a folder test, or"),
        (["a/1.wav", "b/2.wav"], "/a/1.wav", "1.wav is no folder; a table is opened with csv:"),
    ],
)
def test_a_folder_that_is_no_task_says_why(
    tmp_path: Path, files: list[str], rest: str, message: str
) -> None:
    for name in files:
        put(tmp_path / name)
    with pytest.raises(PluginError) as raised:
        opened(f"folder:{tmp_path}{rest}")
    assert message in str(raised.value)


@pytest.mark.parametrize("door", ["folder", "csv"])
@pytest.mark.parametrize("name", ["clips.zip", "clips.TAR", "clips.tar.gz"])
def test_an_archive_is_to_be_unpacked(tmp_path: Path, door: str, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(PluginError, match=f"{name} is an archive, which is not read here; unpack"):
        opened(f"{door}:{tmp_path / name}")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0.5"] * 9 + ["nan"], "t.csv: 9.wav: label is 'nan', which most clips have a number for"),
        (["0.5"] * 9 + ["n/a"], "9.wav: label is 'n/a', which most clips have a number for"),
        (["1", "2"] * 4 + ["1.0"], "label is '1' and '1.0'; write one of them"),
        (["1", "2"] * 4 + ["inf"], "8.wav: label is 'inf', which most clips have a number for"),
        (["C major"] * 9 + ["H dur"], None),
        (["nan", "rock", "pop"] * 3, None),
    ],
)
def test_a_cell_that_is_no_number_does_not_make_numbers_classes(
    tmp_path: Path, cells: list[str], message: str | None
) -> None:
    rows = [[f"{number}.wav", cell] for number, cell in enumerate(cells)]
    reference = table(tmp_path / "t.csv", ["path", "label"], rows)
    if message is None:
        assert opened(reference).kind is Kind.MULTICLASS
        return
    with pytest.raises(PluginError) as raised:
        opened(reference)
    assert message in str(raised.value)
    assert opened(f"{reference}?kind=multiclass").kind is Kind.MULTICLASS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label,label\na.wav,a,b\n", "two columns are named 'label'"),
        ("path,label\na.wav\n", "row 1 has 1 cells, expected 2"),
        ("path,label\na.wav,x\nb.wav,x,y\n", "row 2 has 3 cells, expected 2"),
        ("path,label,fold,split\na.wav,x,1,train\n", "both folds and splits are given"),
        ("path,label\ntrain/1.wav,x\ntest/2.wav,y\n3.wav,x\n", "3.wav is in no folder of a"),
    ],
)
def test_a_table_is_not_guessed_at(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(PluginError, match=re.escape(message)):
        opened(f"csv:{tmp_path}/t.csv")


@pytest.mark.parametrize(
    ("files", "empty"),
    [
        (["a/1.wav", "b/2.wav"], "hush"),
        (["a/1.wav", "b/2.wav"], "hush/deeper"),
        (["train/a/1.wav", "train/b/2.wav", "test/a/3.wav", "test/b/4.wav"], "train/hush"),
    ],
)
def test_an_empty_class_is_no_class(tmp_path: Path, files: list[str], empty: str) -> None:
    for file in files:
        put(tmp_path / file)
    (tmp_path / ".cache").mkdir()
    opened(f"folder:{tmp_path}")
    (tmp_path / empty).mkdir(parents=True)
    with pytest.raises(PluginError, match=r"the class 'hush' has no audio file, for .*hush holds"):
        opened(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a/1.wav", "b/2.wav", "c/3.mid"], r"the class 'c' has no audio file, but .*c/3\.mid"),
        (
            ["train/a/1.wav", "test/b/2.wav", "train/b/3.wav", "train/c/4.txt"],
            "the class 'c' has no audio file",
        ),
        (
            ["train/a/1.wav", "test/a/2.wav", "extra/b/3.wav"],
            "extra lies beside folders of splits and is none; move or rename it",
        ),
        (["train/a/1.wav", "dev/a/2.wav", "extra/b/3.wav"], "extra lies beside folders of splits"),
    ],
)
def test_no_part_of_a_folder_is_left_out_in_silence(
    tmp_path: Path, files: list[str], message: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(PluginError, match=message):
        opened(f"folder:{tmp_path}")


def test_a_class_behind_a_broken_link_is_told(tmp_path: Path) -> None:
    for name in ("a/1.wav", "b/2.wav"):
        put(tmp_path / name)
    (tmp_path / "c").symlink_to(tmp_path / "unmounted")
    with pytest.raises(PluginError, match="/c is a link that leads to nothing; mend or remove it"):
        opened(f"folder:{tmp_path}")


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.wav")
    (tmp_path / "b").symlink_to(tmp_path)
    with pytest.raises(PluginError, match="do links lead in a circle"):
        opened(f"folder:{tmp_path}")


def test_a_group_that_captures_nothing_is_told(tmp_path: Path) -> None:
    for name in ("a/x1.wav", "b/y2.wav"):
        put(tmp_path / name)
    with pytest.raises(PluginError, match="which finds nothing in 'y2'"):
        opened(f"folder:{tmp_path}?group=x(1)|y")


@pytest.mark.skipif(sys.platform != "linux", reason="file systems refuse such names")
def test_a_name_that_is_no_utf_8_is_told(tmp_path: Path) -> None:
    for name in (b"a/1.wav", b"b/2\xff.wav"):
        file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        file.parent.mkdir()
        file.touch()
    with pytest.raises(PluginError, match=r"the name 'b/2\\udcff\.wav' is no UTF-8; rename"):
        opened(f"folder:{tmp_path}")


def test_an_option_is_given_once(tmp_path: Path) -> None:
    reference = table(tmp_path / "t.csv", ["path", "label"], [["1.wav", "a"]])
    with pytest.raises(PluginError, match="seed is asked for twice, expected once"):
        opened(f"{reference}?seed=1&seed=2")
    with pytest.raises(PluginError, match=r"no column 'x+', *|no column 'x+'"):
        opened(f"{reference}?label={'x' * 300}")


def test_a_path_that_no_file_can_have_is_a_missing_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[f"{number:0300}.wav", "ab"[number % 2]] for number in range(9)]
    reference = table(tmp_path / "t.csv", ["path", "label"], rows)
    code, out, _ = bench("data", "check", reference, "--json", capsys=capsys)
    (report,) = json.loads(out)
    assert (code, len(report["unusable"]), report["errors"]) == (1, 9, [])


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="is a folder; it is opened with folder:"):
        opened(f"csv:{tmp_path}")


def test_tags_that_all_test_clips_have_are_told_before_anything_is_encoded(
    tmp_path: Path, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[f"{number}.wav", "a|b", f"{number % 3}"] for number in range(9)]
    reference = table(tmp_path / "t.csv", ["path", "tags", "fold"], rows)
    words = ("run", "-b", "level", "-t", reference, "-i", str(toy), "--board", "b")
    code, out, err = bench(*words, capsys=capsys)
    assert code == 1
    assert "no tag has test clips with it and others without it" in out + err
    assert not list(Path("b").rglob("*.json"))
