"""Corpora: what is read of them, what they lack, what they share with test clips."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import digests
from bench.digests import Digests
from bench.pretrain.corpus import Corpus, Reader, check, multi_hot, refuse_tests
from bench.pretrain.manifest import CorpusError, Item
from bench.pretrain.objectives import Need
from tests.corpora import RATE, opened, rows, write_corpus, write_manifest, write_tone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", 8)


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


def test_only_validation(folder: Path) -> None:
    with pytest.raises(CorpusError, match="holds no item to train on"):
        opened(write_manifest(folder, [row | {"split": "valid"} for row in rows(8)]))


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
