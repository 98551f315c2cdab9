"""Clips × encoder → features in the store, once.

The clips that are missing are sorted by length and cut into shards, so that a rerun after a
crash finds the same shards with the same batches in them. Threads decode while the encoder
runs; windows of one length share a batch, so nothing is ever padded to its neighbours.
"""

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from backbones import Audio, Backbone, Encoder, Precision
from bench import assets, audio, provenance
from bench.audio import BadAudioError, Samples
from bench.registry import Entry
from bench.store import Cost, Rows, Store
from tasks import Clip

VERSION = 1
"""Part of every key; raise it when windows are cut or stored differently."""

SHARD_CLIPS = 256
SHARD_SECONDS = 900.0
"""A shard is full at this many clips or seconds of audio, whichever comes first."""

BATCH_SECONDS = 48.0
"""Audio in a batch, unless asked otherwise [s]."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (clips done, clips in all)."""


class EncoderError(RuntimeError):
    """An encoder did not return what its card promises."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to compute; only the precision changes the features, and is part of their key.

    Attributes:
        device: a torch device name, or `auto` for the best there is.
        precision: arithmetic of the network.
        batch_seconds: of audio in a batch [s].
        threads: that decode.
    """

    device: str = "auto"
    precision: Precision = Precision.FP32
    batch_seconds: float = BATCH_SECONDS
    threads: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class _Item:
    key: str
    clip: Clip
    seconds: float


@dataclass(frozen=True, slots=True)
class _Window:
    key: str
    index: int
    samples: Samples


def key_of(entry: Entry[Backbone], precision: Precision) -> str:
    """The key of a backbone's features: weights, code, preprocessing; never a name or a path."""
    card = entry.card
    return provenance.digest(
        {
            "weights": card.weights,
            "code": provenance.code_digest(entry.file),
            "version": [VERSION, audio.VERSION, card.version],
            "preprocessing": [card.sample_rate, card.window, card.hop, card.shortest],
            "layers": [[layer.name, layer.dim] for layer in card.layers],
            "precision": precision,
        }
    )


def clip_key(clip: Clip, content: str) -> str:
    """The key of a clip's audio, given the digest of its file."""
    return f"{content}:{clip.start:g}:{'' if clip.seconds is None else format(clip.seconds, 'g')}"


def extract(
    entry: Entry[Backbone],
    clips: Mapping[str, Clip],
    store: Store,
    settings: Settings,
    progress: Progress,
) -> list[BadAudioError]:
    """Bring the features of all clips into the store.

    Args:
        entry: the backbone.
        clips: clip key → a clip with that audio.
        store: of this backbone, weights and preprocessing.
        settings: how to compute.
        progress: called as clips are done.

    Returns:
        Why clips are still missing, one a bad file; every other clip is in the store.

    Raises:
        EncoderError: the features are not what the card promises, or not finite.
        AssetError: the weights cannot be fetched.
    """
    store.discard_damaged(clips)
    missing = {key: clips[key] for key in store.missing(clips)}
    if not missing:
        return []
    shards, bad = _plan(missing, settings.threads)
    if shards:
        done = itertools.count(len(clips) - len(missing) + len(bad) + 1)
        worker = _Worker(entry.card, store, settings, lambda: progress(next(done), len(clips)))
        worker.run(shards)
        bad += worker.bad
    return sorted(bad, key=lambda error: error.path)


def _plan(
    clips: Mapping[str, Clip], threads: int
) -> tuple[dict[str, list[_Item]], list[BadAudioError]]:
    """Shard id → its clips; and the files without a readable header.

    Taking finished shards out of the list leaves the borders of the others where they were.
    """
    items: list[_Item] = []
    bad: list[BadAudioError] = []
    with ThreadPoolExecutor(threads) as pool:
        for key, length in zip(clips, pool.map(_length, clips.values()), strict=True):
            if isinstance(length, BadAudioError):
                bad.append(length)
            else:
                items.append(_Item(key, clips[key], length))
    items.sort(key=lambda item: (item.seconds, item.key))
    groups: list[list[_Item]] = []
    total = 0.0
    for item in items:
        if not groups or len(groups[-1]) == SHARD_CLIPS or total + item.seconds > SHARD_SECONDS:
            groups.append([])
            total = 0.0
        groups[-1].append(item)
        total += item.seconds
    return {provenance.digest([i.key for i in group])[:24]: group for group in groups}, bad


def _length(clip: Clip) -> float | BadAudioError:
    try:
        return audio.seconds(clip.path) if clip.seconds is None else clip.seconds
    except BadAudioError as error:
        return error


def load(card: Backbone, settings: Settings) -> Encoder:
    """The encoder with its trained weights where the card names some, on its device."""
    if card.load is not None and card.weights is not None:
        encoder = card.load(assets.fetch(card.weights))
    else:
        encoder = card.build()
    return encoder.to(settings.device, settings.precision)


def resolve(device: str) -> str:
    """The device that `auto` stands for: cuda, mps or cpu, whichever is there."""
    if device != "auto":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class _Worker:
    """One encoder going over shards."""

    def __init__(
        self, card: Backbone, store: Store, settings: Settings, progress: Callable[[], None]
    ) -> None:
        self.card = card
        self.store = store
        self.settings = replace(settings, device=resolve(settings.device))
        self.progress = progress
        self.encoder = load(card, self.settings)
        self.bad: list[BadAudioError] = []

    def run(self, shards: Mapping[str, Sequence[_Item]]) -> None:
        """Make every shard; those that another process is at are waited for at the end."""
        held = [shard for shard, items in shards.items() if not self._make(shard, items)]
        for shard in held:
            self._make(shard, shards[shard], wait=True)

    def _make(self, shard: str, items: Sequence[_Item], *, wait: bool = False) -> bool:
        """Make a shard unless it is there; False where another process is at it."""
        with self.store.lock(shard, wait=wait) as mine:
            if mine and shard not in self.store:
                self._encode(shard, items)
            elif mine:
                for _ in items:
                    self.progress()
        return mine

    def _encode(self, shard: str, items: Sequence[_Item]) -> None:
        """Decode, encode and store one shard."""
        rows: dict[str, Rows] = {}
        encode_seconds = audio_seconds = 0.0
        for batch in self._batches(items, rows):
            started = time.perf_counter()
            features = self._features(np.stack([window.samples for window in batch]))
            encode_seconds += time.perf_counter() - started
            audio_seconds += sum(len(w.samples) for w in batch) / self.card.sample_rate
            for window, row in zip(batch, features, strict=True):
                rows[window.key][window.index] = row
        if rows:
            cost = Cost(encode_seconds, audio_seconds, self.settings.device)
            self.store.write(shard, rows, cost, provenance.packages())

    def _batches(self, items: Sequence[_Item], rows: dict[str, Rows]) -> Iterator[list[_Window]]:
        """Windows of equal length, a batch at a time; makes room in `rows` for each clip."""
        card = self.card
        limit = self.settings.batch_seconds * card.sample_rate
        pending: dict[int, list[_Window]] = {}
        for item, samples in self._decoded(items):
            windows = audio.cut(samples, card.sample_rate, card.window, card.hop, card.shortest)
            rows[item.key] = np.empty((len(windows), card.dim), np.float32)
            for index, window in enumerate(windows):
                size = len(window)
                pending.setdefault(size, []).append(_Window(item.key, index, window))
                if (len(pending[size]) + 1) * size > limit:
                    yield pending.pop(size)
        yield from pending.values()

    def _decoded(self, items: Sequence[_Item]) -> Iterator[tuple[_Item, Samples]]:
        """Clips in order, decoded ahead by threads; a bad file is noted and left out."""
        waiting: deque[tuple[_Item, Future[Samples]]] = deque()
        rest = iter(items)
        with ThreadPoolExecutor(self.settings.threads) as pool:
            while True:
                for item in itertools.islice(rest, 4 * self.settings.threads - len(waiting)):
                    clip = item.clip
                    future = pool.submit(
                        audio.read, clip.path, self.card.sample_rate, clip.start, clip.seconds
                    )
                    waiting.append((item, future))
                if not waiting:
                    return
                item, future = waiting.popleft()
                try:
                    yield item, future.result()
                except BadAudioError as error:
                    self.bad.append(error)
                self.progress()

    def _features(self, batch: Audio) -> Rows:
        """All layers side by side: (windows, dim).

        Raises:
            EncoderError: they are not what the card promises, or not finite.
        """
        features = self.encoder.summarise(batch)
        got = {name: x.shape for name, x in features.items()}
        expected = {layer.name: (len(batch), 1, layer.dim) for layer in self.card.layers}
        if got != expected:
            message = f"{self.card.name} returned {got}, its card promises {expected}"
            raise EncoderError(message)
        rows = np.concatenate([features[layer.name][:, 0] for layer in self.card.layers], axis=1)
        if not np.isfinite(rows).all():
            message = f"{self.card.name} returned NaN or infinite features"
            raise EncoderError(message)
        return rows.astype(np.float32, copy=False)
