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
from functools import cached_property

import numpy as np
import numpy.typing as npt

from backbones import Audio, Backbone, Encoder, Layer, Precision, Texts
from bench import assets, audio, encoders, provenance, readout, shards
from bench.audio import BadAudioError, Samples
from bench.errors import UserError
from bench.readout import EncoderError, Readout
from bench.registry import Entry
from bench.shards import Item
from bench.store import Cost, Rows, Store
from tasks import Clip, Progress

VERSION = 1
"""Part of every key; raise it when windows are cut or stored differently."""


class DeviceError(UserError):
    """The device asked for is not there."""


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
    batch_seconds: float = encoders.BATCH_SECONDS
    threads: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class _Window:
    key: str
    index: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class _Parts:
    """The windows of a clip: the samples that each covers, and its rows once they are there."""

    spans: list[slice]
    windows: list[Rows]


def key_of(entry: Entry[Backbone], precision: Precision, layer: Layer | None = None) -> str:
    """The key of a backbone's features: weights, code, preprocessing, and the card's name.

    The name tells apart what one file builds with different arguments, such as a seed. Frames of a
    layer have a key of their own. Weights without a published checksum count by the sha256 that
    they first came with, and are fetched if they never came.

    Raises:
        AssetError: such weights cannot be fetched.
    """
    card = entry.card
    key = provenance.digest(
        {
            "name": card.name,
            "weights": card.weights and assets.settled(card.weights),
            "code": provenance.code_digest(entry.file, *card.code),
            "state": card.state,
            "version": [VERSION, audio.VERSION, card.version],
            "preprocessing": [card.sample_rate, card.window, card.hop, card.shortest],
            "layers": [[layer.name, layer.dim] for layer in card.layers],
            "precision": precision,
        }
    )
    if layer is None:
        return key
    frames = ["frames", layer.name, layer.dim, layer.frame_rate, readout.VERSION]
    return provenance.digest([key, *frames])


def clip_key(clip: Clip, content: str) -> str:
    """The key of a clip's audio, given the digest of its file."""
    seconds = "" if clip.seconds is None else repr(float(clip.seconds))
    return f"{content}:{float(clip.start)!r}:{seconds}"


def extract(
    entry: Entry[Backbone],
    clips: Mapping[str, Clip],
    store: Store,
    settings: Settings,
    progress: Progress,
    layer: Layer | None = None,
) -> list[BadAudioError]:
    """Bring the features of all clips into the store.

    Args:
        entry: the backbone.
        clips: clip key → a clip with that audio.
        store: of this backbone, weights and preprocessing.
        settings: how to compute.
        progress: called as clips are done.
        layer: all frames of which are wanted; None for a vector a window, of all layers.

    Returns:
        Why clips are still missing, one a bad file; every other clip is in the store.

    Raises:
        EncoderError: the features are not what the card promises, or not finite.
        DeviceError: the device asked for is not there.
        AssetError: the weights cannot be fetched, or not be used.
    """
    store.discard_damaged(clips)
    missing = {key: clips[key] for key in store.missing(clips)}
    if not missing:
        return []
    items, bad = shards.measure(missing, settings.threads)
    done = itertools.count(len(clips) - len(items) + 1)
    kept = readout.of(entry.card, layer)
    worker = _Worker(entry.card, kept, store, settings, lambda: progress(next(done), len(clips)))
    untried = shards.plan(item for item in items if item.key not in store.bad)
    tried = shards.plan(item for item in items if item.key in store.bad)
    worker.run({**untried, **tried})
    left_out = store.missing(item.key for item in items)
    bad += [BadAudioError(clips[key].path, store.bad[key]) for key in left_out]
    return sorted(bad, key=lambda error: error.path)


def read(card: Backbone, texts: Sequence[str], settings: Settings) -> Texts:
    """What the backbone makes of texts: (texts, dim of its joint layer).

    Raises:
        EncoderError: it is not that.
    """
    found = encoders.load(card, resolve(settings.device), settings.precision).read(texts)
    expected = (len(texts), next(layer.dim for layer in card.layers if layer.name == card.joint))
    if found.shape != expected or not np.isfinite(found).all():
        message = f"{card.name} read {len(texts)} texts as {found.shape}, expected {expected}"
        raise EncoderError(message)
    return found


def resolve(device: str) -> str:
    """The device asked for; `auto` is cuda, mps or cpu, whichever is there.

    Raises:
        DeviceError: it is not there.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, is_there in there.items() if is_there), "cpu")
    if not there.get(device.partition(":")[0], True):
        message = f"device {device!r} was asked for, but torch sees none; see `bench doctor`"
        raise DeviceError(message)
    return device


class _Worker:
    """One encoder going over shards."""

    def __init__(
        self,
        card: Backbone,
        kept: Readout,
        store: Store,
        settings: Settings,
        progress: Callable[[], None],
    ) -> None:
        self.card = card
        self.kept = kept
        self.store = store
        self.settings = replace(settings, device=resolve(settings.device))
        self.progress = progress

    @cached_property
    def encoder(self) -> Encoder:
        """Loaded when the first batch is there: maybe another process does all the work."""
        return encoders.load(self.card, self.settings.device, self.settings.precision)

    def run(self, planned: Mapping[str, Sequence[Item]]) -> None:
        """Make every shard; those that another process is at are waited for at the end."""
        held = [shard for shard, items in planned.items() if not self._make(shard, items)]
        for shard in held:
            self._make(shard, planned[shard], wait=True)

    def _make(self, shard: str, items: Sequence[Item], *, wait: bool = False) -> bool:
        """Make a shard unless it is there; False where another process is at it."""
        with self.store.lock(shard, wait=wait) as mine:
            if mine and shard not in self.store:
                self._encode(shard, items)
            elif mine:
                for _ in items:
                    self.progress()
        return mine

    def _encode(self, shard: str, items: Sequence[Item]) -> None:
        """Decode, encode and store one shard."""
        clips: dict[str, _Parts] = {}
        encode_seconds = audio_seconds = 0.0
        for batch in self._batches(items, clips):
            encoder, samples = self.encoder, np.stack([window.samples for window in batch])
            started = time.perf_counter()
            features = self._features(encoder, samples)
            encode_seconds += time.perf_counter() - started
            audio_seconds += sum(len(w.samples) for w in batch) / self.card.sample_rate
            for window, row in zip(batch, features, strict=True):
                clips[window.key].windows[window.index] = row
        if clips:
            bad = {i.key: self.store.bad[i.key] for i in items if i.key not in clips}
            rows = {key: self.kept.join(x.windows, x.spans) for key, x in clips.items()}
            cost = Cost(encode_seconds, audio_seconds, self.settings.device)
            self.store.write(shard, rows, bad, cost, provenance.packages())

    def _batches(self, items: Sequence[Item], clips: dict[str, _Parts]) -> Iterator[list[_Window]]:
        """Windows of equal length, a batch at a time; makes room in `clips` for each clip."""
        card = self.card
        limit = self.settings.batch_seconds * card.sample_rate
        pending: dict[int, list[_Window]] = {}
        for item, samples in self._decoded(items):
            cutting = (card.sample_rate, card.window, card.hop, card.shortest)
            windows, spans = audio.cut(samples, *cutting), audio.spans(len(samples), *cutting)
            clips[item.key] = _Parts(spans, [np.empty((0, 0), np.float32)] * len(spans))
            for index, window in enumerate(windows):
                size = len(window)
                pending.setdefault(size, []).append(_Window(item.key, index, window))
                if (len(pending[size]) + 1) * size > limit:
                    yield pending.pop(size)
        yield from pending.values()

    def _decoded(self, items: Sequence[Item]) -> Iterator[tuple[Item, Samples]]:
        """Clips in order, decoded ahead by threads; a bad file is noted and left out.

        Ahead are two batches, or a clip a thread where clips are longer than that.
        """
        waiting: deque[tuple[Item, Future[Samples]]] = deque()
        rest = deque(items)
        threads = self.settings.threads
        with ThreadPoolExecutor(threads) as pool:
            while rest or waiting:
                ahead = sum(item.seconds for item, _ in waiting)
                while rest and (len(waiting) < threads or ahead < 2 * self.settings.batch_seconds):
                    item = rest.popleft()
                    waiting.append((item, pool.submit(self._read, item.clip)))
                    ahead += item.seconds
                item, future = waiting.popleft()
                try:
                    yield item, future.result()
                except BadAudioError as error:
                    self.store.bad[item.key] = error.reason
                self.progress()

    def _read(self, clip: Clip) -> Samples:
        return audio.read(clip.path, self.card.sample_rate, clip.start, clip.seconds)

    def _features(self, encoder: Encoder, batch: Audio) -> npt.NDArray[np.float32]:
        """(windows, rows, dim). A batch too large for a GPU goes in halves.

        Raises:
            EncoderError: they are not what the card promises, or not finite.
        """
        half = len(batch) // 2
        try:
            return self.kept.read(encoder, batch)
        except RuntimeError as error:
            import torch

            if half == 0 or not isinstance(error, torch.OutOfMemoryError):
                raise
        parts = (batch[:half], batch[half:])
        return np.concatenate([self._features(encoder, part) for part in parts])
