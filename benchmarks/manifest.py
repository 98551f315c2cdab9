"""Time and memory of reading and verifying the metadata of a data set as large as NSynth.

Run `python benchmarks/manifest.py`. Made-up metadata with NSynth's counts and columns are read by
its own adapter, as any command reads them, in a process of its own; no audio is.
Targets are 30 s and 500 MB for 300,000 clips.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import data
from tasks import Split
from tasks.nsynth import FAMILIES, INSTRUMENT, PARTS

SOURCES = ("acoustic", "electronic", "synthetic")
INSTRUMENTS = 1006


def render(folder: Path) -> None:
    """Write `examples.json` of every part, with the columns of the original."""
    rng = random.Random(0)  # noqa: S311 — made-up notes
    for part, split in PARTS.items():
        notes = {}
        for number in range(INSTRUMENT.counts[split]):
            family, source = rng.randrange(len(FAMILIES)), rng.randrange(len(SOURCES))
            instrument, pitch = rng.randrange(INSTRUMENTS), rng.randrange(9, 120)
            tone = f"{FAMILIES[family]}_{SOURCES[source]}_{instrument:03}"
            name = f"{tone}-{pitch:03}-{(number % 5 + 1) * 25:03}-{part}{number}"
            notes[name] = {
                "note": number,
                "note_str": name,
                "instrument": instrument,
                "instrument_str": tone,
                "pitch": pitch,
                "velocity": (number % 5 + 1) * 25,
                "sample_rate": 16_000,
                "qualities": [0] * 10,
                "qualities_str": [],
                "instrument_family": family,
                "instrument_family_str": FAMILIES[family],
                "instrument_source": source,
                "instrument_source_str": SOURCES[source],
            }
        place = folder / f"nsynth-{part}"
        place.mkdir()
        (place / "examples.json").write_text(json.dumps(notes, indent=1))


def main() -> None:
    """Print seconds and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        for step in ("render", "measure"):  # a process begins with the peak of the one it is of
            subprocess.run([sys.executable, __file__, step, folder], check=True)


def measure(folder: Path) -> None:
    """What one command pays before its first clip."""
    begun = time.perf_counter()
    clips = data.clips(INSTRUMENT, folder)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak * (1 if sys.platform == "darwin" else 1024) / 1e6
    tested = sum(clip.split is Split.TEST for clip in clips)
    print(f"{len(clips):,} clips ({tested:,} to test on) in {seconds:.1f} s, {megabytes:.0f} MB")


if __name__ == "__main__":
    steps = {"render": render, "measure": measure}
    steps[sys.argv[1]](Path(sys.argv[2])) if sys.argv[1:] else main()
