"""A small corpus of tones with captions and tags."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import soundfile

from bench.pretrain.corpus import Corpus, open_corpus

RATE = 16_000
NOTES = ("c", "d", "e", "f", "g", "b")


def write_tone(path: Path, pitch: float, seconds: float = 0.6, rate: int = RATE) -> Path:
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(round(pitch)).normal(0, 0.01, time.size)
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * pitch * time) + noise, rate)
    return path


def rows(items: int) -> list[dict[str, object]]:
    """What a manifest says of the items of `write_corpus`."""
    speeds = ("slow", "fast")
    return [
        {
            "audio_id": f"tone-{n:02}",
            "audio_path": f"audio/{n:02}.wav",
            "caption": f"a {speeds[n % 2]} tone in {NOTES[n % 6]} major, {'a ' * (n // 6)}tune",
            "tags": [speeds[n % 2], NOTES[n % 6]],
            "split": "validation" if n % 4 == 3 else "train",
        }
        for n in range(items)
    ]


def write_corpus(folder: Path, items: int = 12, seconds: float = 0.6) -> Path:
    """Audio and a manifest of JSON lines."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    for n in range(items):
        write_tone(folder / f"audio/{n:02}.wav", 200 * 2 ** (n / 6), seconds)
    return write_manifest(folder, rows(items))


def write_manifest(folder: Path, content: list[dict[str, object]]) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in content)
    (folder / "corpus.jsonl").write_text(lines, encoding="utf-8")
    return folder


def write_tar(folder: Path, **more: object) -> Path:
    """The items of a corpus as two WebDataset shards; the facts of all may say more."""
    for shard in range(2):
        with tarfile.open(folder / f"shard-{shard}.tar", "w") as tar:
            for row in rows(8)[shard::2]:
                said = {key: row[key] for key in ("tags", "split")} | more
                audio = (folder / str(row["audio_path"])).read_bytes()
                parts = {"wav": audio, "json": json.dumps(said).encode()}
                parts["txt"] = str(row["caption"]).encode()
                for suffix, data in parts.items():
                    info = tarfile.TarInfo(f"{row['audio_id']}.{suffix}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    return folder


def opened(source: Path) -> Corpus:
    return open_corpus(source, "tones", 0.25)


def facts(corpus: Corpus) -> dict[str, tuple[str, tuple[str, ...] | None, bool]]:
    return {i.id: (i.caption, i.tags, i in corpus.train) for i in corpus.items}
