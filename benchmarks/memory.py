"""Peak memory of extraction, which must not grow with the number of clips.

Run `python benchmarks/memory.py`. Each size runs in a process of its own, with melstats on short
clips; the peak for 10,000 clips should stay within 1.1 of that for 1,000.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from bench import extraction, registry
from bench.extraction import Settings
from bench.store import Store
from tasks import Clip, Split

SIZES = (1_000, 10_000)
SECONDS = 0.5
RATE = 22_050


def render(folder: Path) -> None:
    """Write WAV files of noise, for the larger size."""
    rng = np.random.default_rng(0)
    for number in range(max(SIZES)):
        noise = rng.uniform(-0.5, 0.5, round(SECONDS * RATE))
        soundfile.write(folder / f"{number}.wav", noise, RATE)


def peak(folder: Path, count: int) -> int:
    """Extract so many clips; the largest resident memory of this process [KiB; bytes on macOS]."""
    paths = [folder / f"{number}.wav" for number in range(count)]
    clips = {path.name: Clip(path.name, Split.TRAIN, path, 0, path.name) for path in paths}
    entry = registry.find().backbones["melstats"]
    with tempfile.TemporaryDirectory() as store:
        extraction.extract(
            entry, clips, Store(Path(store)), Settings(device="cpu"), lambda _done, _total: None
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Print both peaks and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        render(Path(folder))
        peaks = []
        for count in SIZES:
            command = [sys.executable, __file__, folder, str(count)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks.append(int(done.stdout))
            print(f"{count:>7,} clips  {peaks[-1] / 1024:,.0f} MiB")
    print(f"ratio          {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(peak(Path(sys.argv[1]), int(sys.argv[2])))
    else:
        main()
