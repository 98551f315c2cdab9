"""The page's part on other splits of the same clips: is it the method, or the split?"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from benchmarks.peers.page import METHODS, OURS, Cell, Compared, table, tally
from tasks import Split

ABOUT = """A split of 200 test clips and 110 to 160 for validation favours one method or another
by luck. So the same clips were dealt into splits of about these sizes {more} more times, whole
groups (tunes, notes, instruments) by lot, and all methods were run again. What a published split
keeps apart, such as the sound fonts of `notes`, is mixed then, so that scores may be higher; they
compare methods, not backbones. Means are over all {all} splits. Splits share clips, which a plain
standard error does not know; the 95 % interval of a difference is Student's t with the variance
of Nadeau & Bengio (2003): s² · (1/{all} + test clips / training clips), which takes all of them
for alike, the published one too."""

PLACE = 4
"""The column of a row that says whether ours keeps up."""


def section(pairs: Sequence[Sequence[Compared]]) -> str:
    """`tuned-v1` beside each peer over all splits.

    Args:
        pairs: each on every split, the published one first.
    """
    rows = [_row(splits) for splits in pairs]
    headers = ["pair", *OURS, "best peer", "at or above?", "difference", "each split"]
    about = ABOUT.format(more=len(pairs[0]) - 1, all=len(pairs[0]))
    explained = (
        "*Best peer*: by its mean test score, for which nothing is corrected. *Within its "
        "interval*: the peer is above, but the interval of the difference holds 0. *Each split*: "
        "the difference there, the published split first."
    )
    sums = tally([row[PLACE] for row in rows])
    verdicts = f"{about}\n\n{table(headers, rows)}\n\n{sums}\n\n{explained}"
    return f"{verdicts}\n\n### Against one peer at a time, on all splits\n\n{_one_by_one(pairs)}"


def _row(splits: Sequence[Compared]) -> list[str]:
    """Ours against the peer of the highest mean."""
    means = {name: float(np.mean(s)) for name in METHODS if (s := _scores(splits, name))}
    peers = {name: mean for name, mean in means.items() if name not in OURS}
    pair = f"{splits[0].task}, {splits[0].backbone}"
    if "tuned-v1" not in means or not peers:
        return [pair, *[""] * 3, "not measured", "", ""]
    best = max(peers, key=lambda name: peers[name])
    apart = np.subtract(_scores(splits, "tuned-v1"), _scores(splits, best))
    middle, half = float(apart.mean()), _half_width(apart, splits)
    place = "yes" if middle >= 0 else "within its interval" if middle + half >= 0 else "no"
    return [
        pair,
        *(f"{100 * means[name]:.1f}" if name in means else "" for name in OURS),
        f"{METHODS[best][0]}, {100 * means[best]:.1f}",
        place,
        f"{100 * middle:+.1f} [{100 * (middle - half):+.1f}, {100 * (middle + half):+.1f}]",
        ", ".join(f"{100 * one:+.1f}" for one in apart),
    ]


def _scores(splits: Sequence[Compared], name: str) -> list[float]:
    """Of one method on every split; none where it failed on one."""
    cells = [each.cells[name] for each in splits]
    found = [cell.estimate.value for cell in cells if isinstance(cell, Cell)]
    return found if len(found) == len(splits) else []


def _half_width(apart: np.ndarray, splits: Sequence[Compared]) -> float:
    """Half the 95 % interval of the mean of differences over splits that share clips."""
    count = len(apart)
    ratio = np.mean([each.clips[Split.TEST] / each.clips[Split.TRAIN] for each in splits])
    error = math.sqrt(apart.var(ddof=1) * (1 / count + ratio))
    return float(stats.t.ppf(0.975, count - 1)) * error


def _one_by_one(pairs: Sequence[Sequence[Compared]]) -> str:
    """`tuned-v1` against each other method: no choice by test scores is made."""
    rows = []
    for name, (title, _) in METHODS.items():
        gaps = [
            np.subtract(ours, others)
            for splits in pairs
            if name != "tuned-v1"
            and (ours := _scores(splits, "tuned-v1"))
            and (others := _scores(splits, name))
        ]
        if gaps:
            above = sum(gap.mean() > 0 for gap in gaps)
            mean = 100 * np.mean([gap.mean() for gap in gaps])
            won = np.mean([(gap > 0).mean() for gap in gaps])
            rows.append([title, f"{mean:+.1f}", f"{above} of {len(gaps)}", f"{100 * won:.0f} %"])
    headers = ["method", "mean difference", "pairs above", "splits above"]
    return table(headers, rows)
