"""Corpora: formats, what is refused, what is read."""

import csv
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import digests
from bench.digests import Digests
from bench.pretrain.corpus import Corpus, Reader, check, multi_hot, open_corpus, refuse_tests
from bench.pretrain.manifest import CorpusError, Item
from bench.pretrain.objectives import Need
from tests.corpora import RATE, rows, write_corpus, write_manifest, write_tone


def opened(source: Path) -> Corpus:
    return open_corpus(source, "tones", 0.25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", 8)


def write_tar(folder: Path, **more: object) -> Path:
    """The items of a corpus as two WebDataset shards; the facts of all may say more."""
    for shard in range(2):
        with tarfile.open(folder / f"shard-{shard}.tar", "w") as tar:
            for row in rows(8)[shard::2]:
                facts = {key: row[key] for key in ("tags", "split")} | more
                audio = (folder / str(row["audio_path"])).read_bytes()
                parts = {"wav": audio, "json": json.dumps(facts).encode()}
                parts["txt"] = str(row["caption"]).encode()
                for suffix, data in parts.items():
                    info = tarfile.TarInfo(f"{row['audio_id']}.{suffix}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return folder


def facts(corpus: Corpus) -> dict[str, tuple[str, tuple[str, ...] | None, bool]]:
    return {i.id: (i.caption, i.tags, i in corpus.train) for i in corpus.items}


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


def test_which_items_validate_depends_on_their_ids(folder: Path) -> None:
    plain = [{k: v for k, v in row.items() if k != "split"} for row in rows(8)]
    first = opened(write_manifest(folder, plain))
    second = opened(write_manifest(folder, plain[::-1]))
    assert {i.id for i in first.validation} == {i.id for i in second.validation}
    assert 0 < len(first.validation) < 8


def test_a_part_of_a_corpus_is_within_a_larger_one() -> None:
    items = tuple(Item(f"{n:03}", Path(), "", ()) for n in range(400))
    whole = Corpus("c", items, items[:9], ("a",))
    assert whole.part(1.0) == whole
    half, quarter = whole.part(0.5), whole.part(0.25)
    assert set(quarter.train) < set(half.train)
    assert (len(quarter.train) / 400, len(half.train) / 400) == pytest.approx((0.25, 0.5), abs=0.05)
    assert (half.validation, half.tags) == (whole.validation, whole.tags)


def test_only_the_beginning_of_an_item_is_read(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.wav", 440, 3.0, 44_100)
    samples = Reader(1.0, 0).read(Item("a", path))
    whole = Reader(10.0, 0).read(Item("a", path))
    assert len(samples) == RATE
    assert len(whole) == 3 * RATE
    np.testing.assert_allclose(samples[:-200], whole[: RATE - 200], atol=1e-3)


def test_what_fits_is_kept(tmp_path: Path) -> None:
    item = Item("a", write_tone(tmp_path / "a.wav", 440))
    with_cache, without = Reader(1.0, 1), Reader(1.0, 0)
    first = with_cache.read(item)
    assert with_cache.read(item) is first
    assert without.read(item) is not without.read(item)


def test_tags_that_are_not_known_are_no_zeros() -> None:
    assert multi_hot(Item("a", Path(), tags=("b",)), ["a", "b"]).tolist() == [0, 1]
    assert np.isnan(multi_hot(Item("a", Path()), ["a", "b"])).all()


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


def test_only_validation(folder: Path) -> None:
    with pytest.raises(CorpusError, match="holds no item to train on"):
        opened(write_manifest(folder, [row | {"split": "valid"} for row in rows(8)]))


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


@pytest.mark.parametrize("rates", [(48, 320), (320, 48)])
def test_an_mp3_whose_header_misjudges_its_length(tmp_path: Path, rates: tuple[int, int]) -> None:
    """Without a Xing header libsndfile guesses by the first frames' rate."""
    wave = np.random.default_rng(0).normal(0, 0.1, 4 * 44_100)
    parts = []
    for number, rate in enumerate(rates):
        part = tmp_path / f"{number}.mp3"
        level = (320 - rate) / 320
        soundfile.write(part, wave, 44_100, compression_level=level, bitrate_mode="CONSTANT")
        content = part.read_bytes()
        size = content.index(b"\xff\xfb", 4)  # the first frame is LAME's own
        parts.append(content[size:])
    (tmp_path / "both.mp3").write_bytes(b"".join(parts))
    samples = Reader(30.0, 0).read(Item("both", tmp_path / "both.mp3"))
    assert len(samples) / RATE == pytest.approx(8.0, abs=0.3)


def test_a_table_with_a_very_long_caption(folder: Path) -> None:
    words = "word " * 40_000
    (folder / "corpus.csv").write_text(f"audio_id,audio_path,caption\na,audio/00.wav,{words}\n")
    assert opened(folder / "corpus.csv").items[0].caption == words.strip()


def test_a_sample_without_audio(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("x.txt"))
    with pytest.raises(CorpusError, match=r"x has 0 audio files"):
        opened(tmp_path / "a.tar")


def test_an_empty_caption(folder: Path) -> None:
    content = rows(8)
    content[2]["caption"] = "  "
    corpus = opened(write_manifest(folder, content))
    check(corpus, frozenset({Need.CROP}), 2)
    with pytest.raises(CorpusError, match="1 of 8 captions are empty, the first that of 'tone-02'"):
        check(corpus, frozenset({Need.CAPTION}), 2)


def test_one_caption_for_all(folder: Path) -> None:
    corpus = opened(write_manifest(folder, [row | {"caption": "a tune"} for row in rows(8)]))
    with pytest.raises(CorpusError, match="needs two different captions"):
        check(corpus, frozenset({Need.FUSION}), 2)


def test_no_tags(folder: Path) -> None:
    corpus = opened(write_manifest(folder, [row | {"tags": None} for row in rows(8)]))
    with pytest.raises(CorpusError, match="supervised training needs tags"):
        check(corpus, frozenset({Need.TAGS}), 2)


def test_one_item(folder: Path) -> None:
    corpus = opened(write_manifest(folder, rows(1)))
    with pytest.raises(CorpusError, match=r"holds 1 item to train on, a batch takes 4: lower"):
        check(corpus, frozenset({Need.CROP}), 4)


def test_what_may_surprise_is_said(folder: Path) -> None:
    content = rows(8)
    content[0]["caption"] = content[1]["caption"] = "a tune"
    content[2]["caption"] = "word " * 10_000
    corpus = opened(write_manifest(folder, content))
    assert corpus.remarks(64) == [
        "captions that belong to several items: 1",
        "captions cut after 62 words: 1",
    ]
    assert replace(corpus, validation=()).remarks(64)[-1].startswith("no item is for validation")


@pytest.mark.parametrize("damage", ["silent", "not audio", "empty", "truncated"])
def test_audio_that_cannot_be_used(folder: Path, damage: str) -> None:
    item = opened(folder).train[0]
    if damage == "silent":
        soundfile.write(item.file, np.zeros(RATE), RATE)
    elif damage == "truncated":
        item.file.write_bytes(item.file.read_bytes()[:6_000])
    else:
        item.file.write_bytes(b"" if damage == "empty" else b"no audio at all")
    with pytest.raises(CorpusError, match=r"the audio of 'tone-00' cannot be used: .*00.wav"):
        Reader(10.0, 0).read(item)


def test_a_test_clip_in_the_corpus(folder: Path) -> None:
    corpus, memo = opened(folder), Digests(folder / "digests.sqlite")
    contents = corpus.contents(memo)
    refuse_tests(contents, {"another": "tunes/type"})
    sha = digests.of_file(corpus.train[1].file)
    with pytest.raises(CorpusError, match=r"1 items .* the first 'tone-01' of tunes/type"):
        refuse_tests(contents, {sha: "tunes/type"})
    write_tone(corpus.train[1].file, 300.0)
    heard = [corpus.heard(found).audio for found in (contents, corpus.contents(memo))]
    assert heard[0] == corpus.heard(contents).audio != heard[1]


def test_a_corpus_is_known_by_what_it_says(folder: Path) -> None:
    before = opened(folder).digest()
    assert opened(folder).digest() == before
    content = rows(8)
    content[0]["caption"] = "another"
    assert opened(write_manifest(folder, content)).digest() != before
