"""Lists of the items of a corpus: every format says the same, and what is wrong is refused."""

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bench.digests import Digests
from bench.pretrain.corpus import Reader
from bench.pretrain.manifest import CorpusError
from tests.corpora import facts, opened, rows, write_corpus, write_manifest, write_tar


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", 8)


def test_every_format_gives_the_same_items(folder: Path) -> None:
    lines = opened(folder / "corpus.jsonl")
    (folder / "corpus.json").write_text(json.dumps(rows(8)))
    with (folder / "corpus.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows(1)[0])
        writer.writeheader()
        for row in rows(8):
            tags = row["tags"]
            assert isinstance(tags, list)
            writer.writerow({**row, "tags": "; ".join(tags)})
    expected = facts(lines)
    assert len(expected) == 8
    assert sum(train for *_, train in expected.values()) == 6
    for suffix in ("json", "csv"):
        assert facts(opened(folder / f"corpus.{suffix}")) == expected


def test_shards_give_the_same_audio(folder: Path) -> None:
    files = opened(folder)
    shards = opened(write_tar(folder))
    assert facts(shards) == facts(files)
    reader = Reader(10.0, 0)
    other = {item.id: item for item in shards.items}
    for item in files.items:
        assert np.array_equal(reader.read(item), reader.read(other[item.id]))
    memo = Digests(folder / "digests.sqlite")
    assert shards.contents(memo) == files.contents(memo)


REFUSED = {
    "missing": r"1 of 8 audio files are missing, the first .*nowhere.wav of 'tone-00'",
    "collision": r"1 ids are given to several items, the first 'tone-01'",
    "no path": r"row 1: an item has audio_id, audio_path and caption; got",
    "split": r"row 1: split is 'test', expected train or validation",
    "tags": r"row 1: tags are a list of words",
    "caption": r"row 1: caption is a text, got \['a', 'b'\]",
    "nothing": r"row 1: caption is a text, got nan",
    "truth": r"row 1: audio_id is a text, got True",
    "tag": r"row 1: tags are a list of words, .* got \['a', None\]",
    "id": r"row 1: audio_id is '\\ud800', which is no text in UTF-8",
}

CHANGES: dict[str, dict[str, object]] = {
    "missing": {"audio_path": "nowhere.wav"},
    "collision": {"audio_id": "tone-01"},
    "no path": {"audio_path": ""},
    "split": {"split": "test"},
    "tags": {"tags": 3},
    "caption": {"caption": ["a", "b"]},
    "nothing": {"caption": float("nan")},
    "truth": {"audio_id": True},
    "tag": {"tags": ["a", None]},
    "id": {"audio_id": "\ud800"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_row_is_refused(folder: Path, what: str) -> None:
    content = rows(8)
    content[0] |= CHANGES[what]
    with pytest.raises(CorpusError, match=REFUSED[what]):
        opened(write_manifest(folder, content))


def test_a_corpus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        opened(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"needs one manifest .* it has none"):
        opened(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises(CorpusError, match=r"a.txt is no manifest"):
        opened(tmp_path / "a.txt")


def test_two_manifests(folder: Path) -> None:
    (folder / "other.csv").touch()
    with pytest.raises(CorpusError, match=r"it has corpus.jsonl, other.csv"):
        opened(folder)


def test_captions_that_are_not_utf_8(folder: Path) -> None:
    path = folder / "corpus.jsonl"
    path.write_bytes(path.read_bytes().replace(b"slow tone in e", b"slow t\xf6ne in e", 1))
    with pytest.raises(CorpusError, match=r"corpus.jsonl is not UTF-8: line 3, byte"):
        opened(folder)


def test_a_line_that_is_no_json(folder: Path) -> None:
    path = folder / "corpus.jsonl"
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(CorpusError, match=r"corpus.jsonl, line 9 is no JSON"):
        opened(folder)


def test_a_truncated_shard(folder: Path) -> None:
    path = write_tar(folder) / "shard-0.tar"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CorpusError, match=r"shard-0.tar is no whole, uncompressed tar"):
        opened(folder)


def test_an_id_twice_in_a_shard(folder: Path) -> None:
    path = write_tar(folder) / "shard-0.tar"
    with tarfile.open(path, "a") as tar:
        tar.addfile(tarfile.TarInfo("tone-00.txt"))
    with pytest.raises(CorpusError, match=r"shard-0.tar: tone-00.txt lies in it twice"):
        opened(folder)


def test_splits_of_shards_are_those_of_manifests(folder: Path) -> None:
    with pytest.raises(CorpusError, match="holds no item to train on"):
        opened(write_tar(folder, split="dev"))
    with pytest.raises(CorpusError, match=r"tone-00.json: split is 'test', expected train or"):
        opened(write_tar(folder, split="test"))


TABLES = {
    "commas": ("a slow tone, a tune", r"line 2: the row has another number of cells"),
    "quote": ('"a slow tone" and', r"corpus.csv is no CSV, in the row after line 1: ',' expected"),
    "open quote": (
        '"a slow tone',
        r"corpus.csv is no CSV, in the row after line 1: unexpected",
    ),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_table_that_would_lose_something(folder: Path, what: str) -> None:
    caption, message = TABLES[what]
    table = folder / "corpus.csv"
    lines = ("audio_id,audio_path,caption", f"a,audio/00.wav,{caption}", "b,audio/01.wav,a tune")
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(CorpusError, match=message):
        opened(table)


@pytest.mark.parametrize("names", ["caption,caption", "caption,"])
def test_columns_without_names_of_their_own(folder: Path, names: str) -> None:
    (folder / "corpus.csv").write_text(f"audio_id,audio_path,{names}\na,audio/00.wav,first,\n")
    with pytest.raises(CorpusError, match=r"corpus.csv: every column has a name of its own, got"):
        opened(folder / "corpus.csv")
    (folder / "corpus.csv").write_text(",audio_id,audio_path,caption\n0,a,audio/00.wav,first\n")
    assert opened(folder / "corpus.csv").items[0].caption == "first"


def test_a_table_with_a_very_long_caption(folder: Path) -> None:
    words = "word " * 40_000
    (folder / "corpus.csv").write_text(f"audio_id,audio_path,caption\na,audio/00.wav,{words}\n")
    assert opened(folder / "corpus.csv").items[0].caption == words.strip()


def test_a_sample_without_audio(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("x.txt"))
    with pytest.raises(CorpusError, match=r"x has 0 audio files"):
        opened(tmp_path / "a.tar")
