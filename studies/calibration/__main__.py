"""Measures what is not measured yet, and writes the page when all of it is there."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import as_completed
from pathlib import Path

from bench import assets
from bench.probes import process
from studies.calibration import comparisons, coverage, invariance, page, selection
from studies.calibration.findings import Cell, Finding, Part, Verdict, load, save
from tasks._processes import processes

PAGE = Path(__file__).with_name("RESULTS.md")
COMMAND = "python -m studies.calibration"
PARTS: Sequence[Part] = (
    coverage.PART,
    comparisons.PART,
    selection.PERMUTED,
    selection.NOISE,
    selection.CHECKPOINT,
    invariance.PART,
)


def parsed() -> argparse.Namespace:
    """What is asked for."""
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--small", action="store_true", help="in a minute; writes no page")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--parts", nargs="+", choices=names, default=names, metavar="NAME")
    folder = assets.cache_folder() / "studies" / "calibration"
    parser.add_argument("--out", type=Path, default=folder, help=f"results (default: {folder})")
    return parser.parse_args()


def measured(parts: Sequence[Part], *, small: bool, jobs: int, out: Path) -> None:
    """Measure the cells whose results are not in the folder; each is kept when it is done."""
    cells = [(part, cell) for part in parts for cell in _cells(part, small=small)]
    waiting = [(part, cell) for part, cell in cells if not cell.path(out).is_file()]
    sys.stdout.write(f"{len(cells) - len(waiting)} of {len(cells)} results are in {out}\n")
    with processes(jobs, process.prepare, process.PRELOADED) as pool:
        futures = {pool.submit(cell.measure): (part, cell) for part, cell in waiting}
        for future in as_completed(futures):
            part, cell = futures[future]
            save(future.result(), cell.path(out))
            for finding in future.result():
                sys.stdout.write(f"{page.line(part, finding)}\n")
                sys.stdout.flush()


def found(parts: Sequence[Part], *, small: bool, out: Path) -> list[tuple[Part, list[Finding]]]:
    """What is in the folder, of the parts of which all is there."""
    complete = []
    for part in parts:
        paths = [cell.path(out) for cell in _cells(part, small=small)]
        if all(path.is_file() for path in paths):
            complete.append((part, [finding for path in paths for finding in load(path)]))
    return complete


def _cells(part: Part, *, small: bool) -> Sequence[Cell]:
    return part.small if small else part.whole


def main() -> None:
    """Exit with 1 where a claim does not hold."""
    asked = parsed()
    chosen = [part for part in PARTS if part.name in asked.parts]
    measured(chosen, small=asked.small, jobs=asked.jobs, out=asked.out)
    everything = found(PARTS, small=asked.small, out=asked.out)
    if len(everything) == len(PARTS) and not asked.small:
        PAGE.write_text(page.render(everything, COMMAND), encoding="utf-8")
        sys.stdout.write(f"wrote {PAGE}\n")
    verdicts = [each.verdict for part, several in everything if part in chosen for each in several]
    sys.exit(Verdict.FAILED in verdicts)


if __name__ == "__main__":
    main()
