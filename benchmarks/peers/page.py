"""The page: what each method scored and took, and whether ours keeps up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from bench import intervals, statistics
from bench.intervals import Estimate
from bench.statistics import Samples
from benchmarks.peers.exchange import Answer, Labels
from tasks import Metric, Split

METHODS = {
    "tuned-v1": ("**`tuned-v1`**", "ours; may use every layer and pooling of the backbone"),
    "linear-v1": ("**`linear-v1`**", "ours; the same vectors as the peers"),
    "xares-linear": ("X-ARES linear", "`XaresTask.run_mlp`"),
    "xares-knn": ("X-ARES kNN", "`XaresTask.run_knn`"),
    "mteb-8-shot": ("MTEB", "`AbsTaskClassification.evaluate`: 10 draws of 8 clips a class"),
    "mteb-all": ("MTEB, all clips", "the same with one draw of every training clip"),
    "sklearn-logistic": ("LogisticRegressionCV", "scikit-learn, scaled, default settings"),
    "sklearn-logistic-both": (
        "LogisticRegressionCV, both",
        "the same on training and validation clips together",
    ),
    "sklearn-mlp": ("MLPClassifier", "scikit-learn, scaled, default settings"),
}
"""Name → title and what is called."""

OURS = ("tuned-v1", "linear-v1")
PLACE = 5
"""The column of a verdict that says whether ours keeps up."""

INTRODUCTION = """# Beside other evaluations

Are our probes as good as those of other benchmarks on the same vectors, and what do they take?
Made by `{command}`, which needs about an hour, and the network for the peers' packages.

**What is compared.** Each method is given the same frozen embeddings (the mean over the windows
of the backbone's default layer, from our feature store), the same labels and the same splits.
A peer's own evaluation code is called, from its package ({pins}) in a virtual environment of its
own, with its default settings. `linear-v1` is given what the peers are given. `tuned-v1` is the
protocol as it is: it chooses among all layers and poolings, which no peer can; it is run anew here,
and may differ from the board by a point. X-ARES keeps its best epoch on the validation clips, as
ours choose on them. MTEB and scikit-learn have no use for a validation split; one row gives
scikit-learn its clips to learn from.

**What is shown.** Test accuracy × 100 of each method's test predictions, with the 95 % interval of
`bench.intervals.estimate`{own}. *Fits*: models trained, for the choice and for the test; linear
probes of ours, which are solved together, count one by one. *CPU*: seconds of the process, user and
system, around choice, fits and predictions, on one thread, after a first call on something small;
no imports, no encoding. X-ARES's include reading the vectors from its tar files, ours reading them
from the feature store. Measured on {machine}.

X-ARES linear and MLPClassifier start at random. They are run five times; the score is the mean, as
over our seeds, fits and CPU are those of one run. X-ARES shuffles by a generator that it does not
seed, so its row differs a little each time.
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """A method on a pair.

    Attributes:
        estimate: test score and interval.
        samples: the score on the resamples that all methods share.
        answer: of the method.
    """

    estimate: Estimate
    samples: Samples
    answer: Answer


@dataclass(frozen=True, slots=True)
class Compared:
    """All methods on a pair.

    Attributes:
        backbone: its name.
        task: its name.
        clips: of each split.
        groups: of each test clip.
        cells: by method, or why there is none.
    """

    backbone: str
    task: str
    clips: Mapping[Split, int]
    groups: Sequence[str]
    cells: Mapping[str, Cell | str]


def cell(metric: Metric, truth: Labels, groups: Sequence[str], answer: Answer) -> Cell:
    """Score an answer as our board scores a row."""
    scores = list(answer.scores.astype("float64"))
    weights = statistics.group_weights(groups)
    return Cell(
        intervals.estimate(metric, truth, scores, groups),
        statistics.resampled(metric, truth, scores, weights),
        answer,
    )


def render(compared: Sequence[Compared], *, command: str, pins: str, machine: str) -> str:
    """The whole page."""
    introduction = INTRODUCTION.format(
        command=command, pins=pins, machine=machine, own=_own_numbers(compared)
    )
    called = [(title, what) for title, what in METHODS.values()]
    parts = [introduction, table(["method", "what is called"], called)]
    for task in dict.fromkeys(each.task for each in compared):
        pairs = [each for each in compared if each.task == task]
        counts = " / ".join(str(pairs[0].clips[split]) for split in Split)
        parts.append(f"## {task}\n\n{counts} clips to train / validate / test.\n\n{_scores(pairs)}")
    parts.append(f"## Is `tuned-v1` at or above every peer?\n\n{_verdicts(compared)}")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _own_numbers(compared: Sequence[Compared]) -> str:
    """How far the peers' own accuracies are from ours."""
    apart = [
        abs(each.answer.own - each.estimate.value)
        for pair in compared
        for each in pair.cells.values()
        if isinstance(each, Cell) and not math.isnan(each.answer.own)
    ]
    return f" (of a peer's own number at most {100 * max(apart):.2f} away)" if apart else ""


def _scores(pairs: Sequence[Compared]) -> str:
    headers = ["method"]
    for pair in pairs:
        headers += [f"{pair.backbone}<br>accuracy", "fits", "CPU [s]"]
    rows = [
        [title, *(text for pair in pairs for text in _columns(pair.cells[name]))]
        for name, (title, _) in METHODS.items()
    ]
    return table(headers, rows)


def _columns(found: Cell | str) -> tuple[str, str, str]:
    if isinstance(found, str):
        return f"not measured: {found}", "", ""
    value = found.estimate
    score = f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]"
    return score, str(found.answer.fits), f"{found.answer.cpu_seconds:.2f}"


def _verdicts(compared: Sequence[Compared]) -> str:
    headers = ["pair", *OURS, "best peer", "difference", "at or above?", "CPU"]
    rows = [_verdict(pair) for pair in compared]
    explained = (
        "*Difference*: points, with its paired 95 % interval over groups of clips, not corrected "
        "for the choice of the best of seven peers by their test scores. *Within its interval*: "
        "the peer is above, but the interval of the difference holds 0. "
        "*CPU*: of `tuned-v1`, as a multiple of the peer's."
    )
    verdicts = f"{table(headers, rows)}\n\n{tally([row[PLACE] for row in rows])}\n\n{explained}"
    return f"{verdicts}\n\n### Against one peer at a time\n\n{_one_by_one(compared)}"


def _one_by_one(compared: Sequence[Compared]) -> str:
    """`tuned-v1` against each other method over all pairs: no choice by test scores is made."""
    rows = []
    for name, (title, _) in METHODS.items():
        gaps = [gap for pair in compared if name != "tuned-v1" and (gap := _gap(pair, name))]
        if gaps:
            above = sum(low > 0 for _, low, _ in gaps)
            below = sum(high < 0 for _, _, high in gaps)
            mean = 100 * sum(middle for middle, _, _ in gaps) / len(gaps)
            rows.append([title, f"{mean:+.1f}", str(above), str(below), str(len(gaps))])
    headers = ["method", "mean difference", "clearly above", "clearly below", "pairs"]
    explained = (
        "*Clearly*: the paired 95 % interval of the difference does not hold 0, not corrected for "
        "the number of pairs."
    )
    return f"{table(headers, rows)}\n\n{explained}"


def _gap(pair: Compared, name: str) -> tuple[float, float, float] | None:
    """`tuned-v1` minus another method, with its paired interval, if both are there."""
    ours, other = pair.cells["tuned-v1"], pair.cells[name]
    if isinstance(ours, str) or isinstance(other, str):
        return None
    return _difference(ours, other, pair.groups)


def _difference(one: Cell, other: Cell, groups: Sequence[str]) -> tuple[float, float, float]:
    values = one.estimate.value, other.estimate.value
    return statistics.difference(values, (one.samples, other.samples), groups)


def _verdict(pair: Compared) -> list[str]:
    """Ours against the peer that scores highest on the test clips."""
    ours = pair.cells["tuned-v1"]
    peers = {
        name: found
        for name, found in pair.cells.items()
        if name not in OURS and isinstance(found, Cell)
    }
    name = f"{pair.task}, {pair.backbone}"
    if isinstance(ours, str) or not peers:
        return [name, *[""] * 4, "not measured", ""]
    best = max(peers, key=lambda peer: peers[peer].estimate.value)
    peer = peers[best]
    gap = _difference(ours, peer, pair.groups)
    return [
        name,
        *(_value(pair.cells[mine]) for mine in OURS),
        f"{METHODS[best][0]}, {_value(peer)}",
        "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * number for number in gap)),
        _place(gap),
        f"{ours.answer.cpu_seconds / peer.answer.cpu_seconds:.1f} ×",
    ]


def _value(found: Cell | str) -> str:
    return "" if isinstance(found, str) else f"{100 * found.estimate.value:.1f}"


def _place(gap: tuple[float, float, float]) -> str:
    value, _, high = gap
    if value >= 0:
        return "yes"
    return "within its interval" if high >= 0 else "no"


def tally(kinds: Sequence[str]) -> str:
    """How many pairs there are of each kind."""
    sums = ", ".join(f"{kind}: {kinds.count(kind)}" for kind in dict.fromkeys(kinds))
    return f"Of {len(kinds)} pairs, {sums}."


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of these words."""
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)
