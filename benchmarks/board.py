"""Time of intervals and all paired tests for a table of rows, against a loop over scikit-learn.

    python -m benchmarks.board [--rows 20] [--clips 5000] [--tags 50]

Each row is a backbone's scores for every clip and tag. Ours: 1,000 resamples of groups, interval
and standard error of PR-AUC for every row, Holm-corrected tests of all pairs, letters.
scikit-learn: `average_precision_score` of one row on `--looped` resamples, scaled to all rows and
resamples; it has no paired tests.
"""

import argparse
import time

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from bench import statistics
from tasks._metrics import PR_AUC

Scores = npt.NDArray[np.float64]

LIMIT = 60.0


def main() -> None:
    """Print CPU seconds of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("rows", 20), ("clips", 5000), ("tags", 50), ("looped", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    drawn = rng.random((asked.clips, asked.tags)) < np.geomspace(0.3, 0.02, asked.tags)
    truth: Scores = drawn.astype(np.float64)
    noise = [rng.normal(0, 1 + 0.02 * i, truth.shape) for i in range(asked.rows)]
    rows: list[Scores] = [np.add(truth, each, dtype=np.float64) for each in noise]
    groups = [str(clip // 2) for clip in range(asked.clips)]

    started = time.process_time()
    weights = statistics.group_weights(groups)
    values = [float(PR_AUC.function(truth, row, np.ones((1, len(row))))[0]) for row in rows]
    samples = [statistics.resampled(PR_AUC, truth, [row], weights) for row in rows]
    intervals = [np.quantile(row, [0.025, 0.975]) for row in samples]
    letters = statistics.ties(values, samples, groups)
    ours = time.process_time() - started

    started = time.process_time()
    for _ in range(asked.looped):
        clips = rng.integers(0, asked.clips, asked.clips)
        average_precision_score(truth[clips], rows[0][clips])
    looped = time.process_time() - started
    theirs = looped / asked.looped * statistics.RESAMPLES * asked.rows
    print(f"first row {values[0]:.4f} {np.round(intervals[0], 4)} {letters[0]}")
    print(f"ours:         {ours:.1f} s of processor time (limit {LIMIT:g})")
    print(
        f"scikit-learn: {looped:.1f} s for {asked.looped} resamples, {theirs:.0f} s scaled to all"
    )
    print(f"ratio: {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
