"""Audio with captions and tags, to be trained on."""

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import soundfile
import soxr

from bench import audio
from bench.audio import BadAudioError, Samples
from bench.digests import Digests
from bench.pretrain import manifest
from bench.pretrain.manifest import SPLITS, CorpusError, Item
from bench.pretrain.objectives import Need

RATE = 16_000
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Corpus:
    """Items in a fixed order, and the tags that any of them has.

    Attributes:
        name: what a backbone trained on it says it was trained on.
        train: items to train on.
        validation: items to measure the loss on.
        tags: names, sorted.
        audio: digest of the audio of all items, as `heard` fills it in; empty before.
    """

    name: str
    train: tuple[Item, ...]
    validation: tuple[Item, ...]
    tags: tuple[str, ...]
    audio: str = ""

    @property
    def items(self) -> tuple[Item, ...]:
        """All."""
        return self.train + self.validation

    def digest(self) -> str:
        """Sha256 over ids, captions, tags and splits, in order."""
        facts = [repr((i.id, i.caption, i.tags)) for i in self.items]
        return hashlib.sha256("\n".join([*facts, str(len(self.train))]).encode()).hexdigest()

    def heard(self, contents: Mapping[str, str]) -> Self:
        """With the digest of `contents`."""
        shas = "\n".join(contents[item.id] for item in self.items)
        return replace(self, audio=hashlib.sha256(shas.encode()).hexdigest())

    def contents(self, digests: Digests) -> dict[str, str]:
        """Item → sha256 of its audio file."""
        files = digests.of(item.file for item in self.items if item.offset is None)
        return {
            item.id: files[item.file] if item.offset is None else _sha256(item)
            for item in self.items
        }

    def part(self, share: float) -> "Corpus":
        """With a share of the items to train on, by their ids alone; all tags stay."""
        kept = tuple(item for item in self.train if _drawn(f"part {item.id}") < share)
        return replace(self, train=kept)

    def remarks(self, longest: int) -> list[str]:
        """What may surprise whoever gave it; `longest` is in tokens, of which two are no words."""
        captions = Counter(item.caption for item in self.items if item.caption)
        double = sum(times > 1 for times in captions.values())
        words = longest - 2
        cut = sum(len(caption.split()) > words for caption in captions)
        found = []
        if double:
            found.append(f"captions that belong to several items: {double:,}")
        if cut:
            found.append(f"captions cut after {words} words: {cut:,}")
        if not self.validation:
            found.append("no item is for validation: the log has losses of training alone")
        return found


def open_corpus(source: Path, name: str, validation: float) -> Corpus:
    """Read the list of items; no audio is decoded.

    Args:
        source: see `manifest.read`.
        name: of the corpus.
        validation: share of the items to validate on, if none says that it is for that; which
            ones depends on their ids alone.

    Raises:
        CorpusError: see `manifest.read`.
    """
    items = manifest.read(source)
    told = any(item.split == SPLITS[1] for item in items)
    parts: dict[bool, list[Item]] = {True: [], False: []}
    for item in items:
        is_validation = item.split == SPLITS[1] if told else _drawn(item.id) < validation
        parts[is_validation].append(item)
    if not parts[False]:
        message = f"the corpus {source} holds no item to train on"
        raise CorpusError(message)
    tags = sorted({tag for item in items for tag in item.tags or ()})
    return Corpus(name, tuple(parts[False]), tuple(parts[True]), tuple(tags))


def check(corpus: Corpus, needs: frozenset[Need], batch: int) -> None:
    """Refuse a corpus that lacks what the objectives need.

    Raises:
        CorpusError: captions or tags are missing, or there are fewer items than in a batch.
    """
    if Need.CAPTION in needs or Need.FUSION in needs:
        empty = [item.id for item in corpus.items if not item.caption]
        if empty:
            message = (
                f"{len(empty)} of {len(corpus.items)} captions are empty, the first that of "
                f"{empty[0]!r}; write them, or take the items out"
            )
            raise CorpusError(message)
    if Need.FUSION in needs and len({item.caption for item in corpus.train}) == 1:
        message = "audio-text matching needs two different captions at least; all are the same"
        raise CorpusError(message)
    if Need.TAGS in needs and not corpus.tags:
        message = "supervised training needs tags; no item of the corpus has any"
        raise CorpusError(message)
    if len(corpus.train) < batch:
        items = "1 item" if len(corpus.train) == 1 else f"{len(corpus.train):,} items"
        message = f"the corpus holds {items} to train on, a batch takes {batch}: lower train.batch"
        raise CorpusError(message)


def check_classes(corpus: Corpus) -> None:
    """Refuse items that have no class, or several.

    Raises:
        CorpusError: there is one.
    """
    wrong = [item for item in corpus.items if len(item.tags or ()) != 1]
    if wrong:
        message = (
            f"supervised.exclusive takes items of one tag each; {len(wrong)} of "
            f"{len(corpus.items)} have none or several, the first {wrong[0].id!r}"
        )
        raise CorpusError(message)


def refuse_tests(contents: Mapping[str, str], tests: Mapping[str, str]) -> None:
    """Stop where an item's audio file is a test clip, byte for byte.

    Args:
        contents: item → sha256 of its audio file.
        tests: sha256 of an audio file → the task that tests on it.

    Raises:
        CorpusError: there is one.
    """
    found = {name: tests[sha] for name, sha in contents.items() if sha in tests}
    if found:
        name, task = next(iter(found.items()))
        message = (
            f"{len(found)} items of the corpus are test clips, the first {name!r} of {task}; "
            "take them out"
        )
        raise CorpusError(message)


@dataclass(slots=True)
class Reader:
    """Decodes items, and keeps what fits into memory.

    Args:
        longest: of an item, from its beginning [s].
        cache: the most to keep [MB].
    """

    longest: float
    cache: int
    _kept: dict[str, Samples] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, item: Item) -> Samples:
        """(samples,) at `RATE`.

        Raises:
            CorpusError: the audio cannot be decoded, is truncated, silent or not finite.
        """
        kept = self._kept.get(item.id)
        if kept is not None:
            return kept
        try:
            samples = _decode(item, self.longest)
        except (soundfile.LibsndfileError, OSError, TypeError, ValueError) as error:
            message = f"the audio of {item.id!r} cannot be used: {error}"
            raise CorpusError(message) from error
        with self._lock:
            if self._bytes + samples.nbytes <= self.cache * MEGABYTE:
                self._kept[item.id] = samples
                self._bytes += samples.nbytes
        return samples


def _decode(item: Item, longest: float) -> Samples:
    """The beginning of an item; files that soundfile cannot open go through `audio.read`."""
    given = item.file if item.offset is None else io.BytesIO(_bytes(item))
    content = audio.as_decoders_need_it(given)
    try:
        with soundfile.SoundFile(audio.rewound(content)) as file:
            native, seconds = file.samplerate, file.frames / file.samplerate
            samples = file.read(round(longest * native), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        if item.offset is not None:
            raise
        return audio.read(item.file, RATE)[: round(longest * RATE)]
    audio.refuse_short(item.file, len(samples) / native, min(longest, seconds))
    audio.refuse_cut_off(item.file, content, seconds)
    mono = np.einsum("tc->t", samples) / samples.shape[1]
    if not mono.size or not np.isfinite(mono).all() or np.abs(mono).max() <= audio.SILENCE:
        raise BadAudioError(item.file, "empty, silent or not finite")
    if native != RATE:
        mono = soxr.resample(mono, native, RATE, quality="HQ")
    clipped: Samples = np.clip(mono, -1, 1, dtype=np.float32)
    return clipped


def _bytes(item: Item) -> bytes:
    with item.file.open("rb") as file:
        file.seek(item.offset or 0)
        return file.read(item.size)


def _sha256(item: Item) -> str:
    return hashlib.sha256(_bytes(item)).hexdigest()


def _drawn(name: str) -> float:
    """A number in [0, 1) that a name decides."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def multi_hot(item: Item, names: Sequence[str]) -> Samples:
    """(tags,): 1 where the item has it, 0 where not, NaN throughout if its tags are not known."""
    if item.tags is None:
        return np.full(len(names), np.nan, dtype=np.float32)
    return np.array([name in item.tags for name in names], dtype=np.float32)
