"""Order, crops, distortions, masks and batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.pretrain import reading
from bench.pretrain.corpus import Reader, open_corpus
from bench.pretrain.distortion import distort
from bench.pretrain.loader import Part, batches, validation
from bench.pretrain.masking import hide_words
from bench.pretrain.objectives import IGNORED, Need
from bench.pretrain.order import indices
from bench.pretrain.presets import Preset
from bench.pretrain.recipe import DistortionRecipe
from bench.pretrain.texts import TextModelError, Words, load_words
from bench.pretrain.views import Views
from tests.berts import WORDS, write_bert
from tests.corpora import RATE, write_corpus

pytest.importorskip("tokenizers", reason="pip install 'mulap-bench[pretrain]'")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_corpus(tmp_path_factory.mktemp("corpus"), 12)
    write_bert(folder / "bert")
    return folder


@pytest.fixture
def words(made: Path) -> Words:
    return load_words(reading.load(changes=[f"text.model={made / 'bert'}"]).text)


def views(made: Path, words: Words, *changes: str, needs: frozenset[Need] | None = None) -> Views:
    sizes = ("clip.chunk=0.2", "clip.hop=0.1", "clip.chunks=3")
    recipe = reading.load(preset=Preset.TINY, changes=[*sizes, *changes])
    corpus = open_corpus(made, "tones", 0)
    wanted = frozenset(Need) if needs is None else needs
    return Views(corpus.train, Reader(5.0, 64), recipe, wanted, corpus.tags, words, 1)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 3))
def test_an_epoch_shows_each_item_once(items: int, batch: int, epoch: int) -> None:
    batch = min(batch, items)
    steps = items // batch
    seen = np.concatenate([indices(0, epoch * steps + i, batch, items) for i in range(steps)])
    assert len(set(seen.tolist())) == len(seen) == steps * batch


def test_epochs_differ() -> None:
    first, second = (indices(0, step, 20, 20) for step in (0, 1))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, indices(1, 0, 20, 20))


def test_a_view_is_drawn_from_seed_step_and_item(made: Path, words: Words) -> None:
    one, two = views(made, words), views(made, words)
    for name, array in one.view(3, 2).items():
        assert np.array_equal(two.view(3, 2)[name], array), name
    other, reseeded = one.view(4, 2), views(made, words, "seed=1")
    assert not np.array_equal(other["crop"], one.view(3, 2)["crop"])
    assert not np.array_equal(reseeded.view(3, 2)["crop"], one.view(3, 2)["crop"])


def test_a_view_does_not_depend_on_what_else_is_needed(made: Path, words: Words) -> None:
    alone = views(made, words, needs=frozenset({Need.PAIR})).view(3, 2)
    assert np.array_equal(alone["second"], views(made, words).view(3, 2)["second"])


def test_crops_and_chunks_are_pieces_of_the_item(made: Path, words: Words) -> None:
    maker = views(made, words)
    whole, view = maker.reader.read(maker.items[0]), maker.view(0, 0)
    windows = np.lib.stride_tricks.sliding_window_view(whole, round(0.2 * RATE))
    (start,) = np.flatnonzero((windows == view["chunks"][0]).all(1))
    assert len(view["chunks"]) == 3
    assert np.array_equal(view["chunks"][2], windows[start + round(0.2 * RATE)])
    assert (windows == view["crop"]).all(1).any()
    assert not np.array_equal(view["first"], view["second"])


def test_a_clip_shorter_than_a_chunk_ends_in_silence(made: Path, words: Words) -> None:
    view = views(made, words, "clip.chunk=2.0").view(0, 0)
    assert view["chunks"].shape == (1, 2 * RATE)
    assert not view["chunks"][0, round(0.6 * RATE) :].any()


def test_all_is_swapped_or_nothing(made: Path, words: Words) -> None:
    always, never = views(made, words, "masking.swapped=1"), views(made, words, "masking.swapped=0")
    for index in range(len(always.items)):
        swapped, own = always.view(0, index), never.view(0, index)
        assert swapped["matches"] == 0
        assert (swapped["hidden_words"] == IGNORED).all()
        assert own["matches"] == 1
        true = words.encode(never.items[index].caption)
        asked = own["hidden_words"] != IGNORED
        assert np.array_equal(own["hidden_words"][asked], true[asked])
        assert np.array_equal(own["fused_words"][~asked], true[~asked])


def test_masking_is_berts(words: Words) -> None:
    ids = np.array([2, *np.random.default_rng(0).integers(5, len(WORDS), 40_000), 3])
    hidden = hide_words(ids, words, 0.15, np.random.default_rng(1))
    asked = hidden.wanted != IGNORED
    assert asked.mean() == pytest.approx(0.15, abs=0.01)
    assert (hidden.ids[asked] == words.mask).mean() == pytest.approx(0.8, abs=0.03)
    assert (hidden.ids[asked] == ids[asked]).mean() == pytest.approx(0.1 + 0.1 / 45, abs=0.02)
    assert np.array_equal(hidden.ids[~asked], ids[~asked])
    assert not asked[[0, -1]].any()


def test_captions_are_cut_at_the_longest(words: Words) -> None:
    ids = words.encode("tune " * 10_000)
    assert len(ids) == 64
    assert ids[0] == WORDS.index("[CLS]")
    assert ids[-1] == WORDS.index("[SEP]")


def test_a_tokenizer_that_is_no_berts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    Tokenizer(WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))  # noqa: S106
    with pytest.raises(TextModelError, match=r"has no \[PAD\]; the text encoder must be a BERT"):
        load_words(reading.load(changes=[f"text.model={tmp_path}"]).text)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(TextModelError, match=r"cannot be had: .* text.model is minilm, a folder"):
        load_words(reading.load(changes=[f"text.model={tmp_path}"]).text)


NAMES = ("invert", "gain", "noise", "filter", "delay")


@pytest.mark.parametrize("name", NAMES)
def test_each_distortion_changes_the_sound_and_stays_in_range(name: str) -> None:
    changes = [f"distortion.{other}={int(other == name)}" for other in NAMES]
    recipe = reading.load(changes=changes).distortion
    tone = np.sin(np.arange(RATE) / 5).astype(np.float32)
    changed = distort(tone, recipe, np.random.default_rng(0))
    assert changed.dtype == np.float32
    assert changed.shape == tone.shape
    assert not np.array_equal(changed, tone)
    assert np.abs(changed).max() <= 1


def test_no_distortion() -> None:
    off = DistortionRecipe(invert=0, gain=0, noise=0, filter=0, delay=0)
    tone = np.sin(np.arange(100)).astype(np.float32)
    assert np.array_equal(distort(tone, off, np.random.default_rng(0)), tone)


def test_a_batch_is_padded_and_says_so(made: Path, words: Words) -> None:
    (batch,) = next(batches(views(made, words), range(1), 6, Part(), 2))
    for name in ("words", "fused_words", "chunks"):
        present = batch[f"{name.removesuffix('_words') if name == 'fused_words' else name}_present"]
        assert present.shape == batch[name].shape[:2]
    lengths = batch["words_present"].sum(1)
    assert lengths.min() < lengths.max()
    assert (batch["words"][~batch["words_present"]] == words.padding).all()
    assert batch["chunks"].dtype == torch.float32
    assert batch["tags"].shape == (6, 8)


def test_processes_and_pieces_share_a_step(made: Path, words: Words) -> None:
    maker = views(made, words)
    (whole,) = next(batches(maker, range(2, 3), 8, Part(), 2))
    pieces = [
        piece["crop"]
        for rank in range(2)
        for piece in next(batches(maker, range(2, 3), 8, Part(rank, 2, 2), 2))
    ]
    assert [len(piece) for piece in pieces] == [2, 2, 2, 2]
    together = torch.cat(pieces)
    assert torch.equal(together, whole["crop"])


def test_steps_come_in_order_whatever_their_number(made: Path, words: Words) -> None:
    maker = views(made, words, needs=frozenset({Need.CROP}))
    whole = [part[0]["crop"] for part in batches(maker, range(5), 4, Part(), 2)]
    later = [part[0]["crop"] for part in batches(maker, range(3, 5), 4, Part(), 1)]
    assert len(whole) == 5
    assert all(torch.equal(a, b) for a, b in zip(whole[3:], later, strict=True))


def test_validation_is_the_same_every_time_and_masked(made: Path, words: Words) -> None:
    maker = views(made, words, "masking.words=0.5", "masking.swapped=0")
    first, second = (list(validation(maker, 4)) for _ in range(2))
    assert [len(batch["crop"]) for batch in first] == [4] * (len(maker.items) // 4)
    for a, b in zip(first, second, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert (first[0]["hidden_words"] != IGNORED).any()
    (only,) = validation(maker, 100)
    assert len(only["crop"]) == len(maker.items)
    assert not list(validation(replace(maker, items=()), 4))


def test_whether_a_caption_matches_is_one_number_an_item(made: Path, words: Words) -> None:
    (batch,) = next(batches(views(made, words), range(1), 6, Part(), 2))
    assert batch["matches"].shape == (6,)
