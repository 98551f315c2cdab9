"""Renders the report. Pure: the same evidence gives the same bytes; text follows the numbers."""

import math
from collections.abc import Sequence

import numpy as np

from leaderboard.details import table
from studies.same_backbone import curves, listening, reading
from studies.same_backbone.comparing import Table, own, tables
from studies.same_backbone.evidence import ALPHA, Evidence, Scores
from studies.same_backbone.plan import CORE, PARTS, RANDOM, Pair

COMMAND = "python -m studies.same_backbone"
HEADER = f"""\
# One trunk, trained in every way

Every training begins from the same random weights (a pre-training seed decides them), sees the same
clips of the embedded tunes in batches of the same size, and takes as many steps. What is kept is
the trunk, frozen; `bench run` probes it by `tuned-v1`. Scores are × 100. In the preset `small` the
trunk has a quarter of MuLaP's channels: its scores do not compare with the board's
`trunk-random-*`, which have all.

Scores are means over the pre-training seeds that a training has. *Clips* is the standard error over
test clips, *seeds* the standard deviation over pre-training seeds. A difference is over the seeds
that both trainings have, so that it need not be that of the two scores above it.

Differences are tested by a t-test whose variance is the sum of both, paired by clip (bootstrap over
groups) and by seed (both trainings of a seed begin from the same weights). How much scores vary
over seeds is estimated on each task from all trainings of a length together (the residual of
trainings × seeds) as if it were the same for all, since three seeds of one pair say little about
it; a training with one seed is tested with the error that one seed has. p-values are Holm-corrected
for all comparisons that a part makes on a task, not for the number of tasks, at
{100 * ALPHA:.0f} %. What is not told apart need not be equal: each part says how large a difference
would have been seen.

In the figures of scores a dot is the mean with twice the error over clips on either side, a ring is
one pre-training seed. In those of losses a line is the training, dashes are validation.

Written by `{COMMAND} report` from the records in `results/`; do not edit."""

LATE = 0.1
"""Share of a training whose mean is its loss at the beginning, or at the end."""


def render(known: Evidence) -> str:
    """The page."""
    found = [each for part in PARTS.values() for each in tables(part, known)]
    sections = [_section(each, known) for each in found]
    longer = [reading.lengths([each for each in found if each.part is CORE])]
    parts = [HEADER, _run(found, known), *longer, *sections]
    return "\n\n".join(each for each in parts if each) + "\n"


def _run(found: Sequence[Table], known: Evidence) -> str:
    """What has been run and what has not."""
    rows = []
    for part in PARTS.values():
        mine = [each for each in found if each.part is part]
        if not mine:
            rows.append([part.name, "not run", "–", f"`{COMMAND} {part.name}`"])
        rows += [
            [part.name, f"{each.steps:,}", _counts(each), f"`{command(each)}`"] for each in mine
        ]
    lengths = {each.steps for each in found if each.part is CORE}
    heard = sorted(steps for _, steps in known.layers if steps in lengths)
    rows += [
        [
            "layers",
            f"{steps:,}",
            listening.counts(known.layers, steps),
            f"`{COMMAND} layers --steps {steps}`",
        ]
        for steps in dict.fromkeys(heard)
    ]
    text = "## What has been run\n\n" + table(rows, ["part", "steps", "seeds", "command"])
    broken = [name for name in sorted(known.logs) if name not in known.finished]
    lines = [f"- {name} has not ended: {len(known.logs[name]):,} steps are done" for name in broken]
    return "\n\n".join([text, *(["\n".join(lines)] if lines else [])])


def command(found: Table) -> str:
    """What makes a table."""
    preset = " --preset tiny" if all("@tiny" in task for task in found.tasks) else ""
    most = max(len(found.seeds(label)) for label in found.scores.keys() & own(found.part))
    return f"{COMMAND} {found.part.name}{preset} --steps {found.steps} --seeds {most}"


def _counts(found: Table) -> str:
    """How many seeds of how many trainings are there."""
    counts = {t.label: 0 for t in found.part.trainings}
    counts |= {label: len(found.seeds(label)) for label in found.scores}
    if len(set(counts.values())) == 1:
        return f"{next(iter(counts.values()))} of all {len(counts)} trainings"
    run = [f"{label} {number}" for label, number in counts.items() if number]
    rest = "" if len(run) == len(counts) else f"; the other {len(counts) - len(run)} not run"
    return ", ".join(run) + rest


def _section(found: Table, known: Evidence) -> str:
    part = found.part
    stem = f"{part.name}-{found.steps}"
    parts = [
        f"## {part.heading}, {found.steps:,} steps",
        part.about,
        f"![Scores by task](figures/{stem}-scores.svg)",
        _scores(found, known),
        "### Against the random trunk",
        *_verdicts(found, [pair for pair in found.pairs() if pair[1] == RANDOM]),
        "### Against each other",
        *_leaders(found),
        *_verdicts(found, [pair for pair in found.pairs() if pair[1] != RANDOM]),
        _seen(found),
        _differences(found),
        "### Why",
        *reading.reasons(found, known),
        "### Trainings",
        f"![Loss over steps](figures/{stem}-curves.svg)",
        _trainings(found, known),
        reading.terms(found, known),
        "### Layers",
        listening.section(part, found.steps, known.layers),
        _layers(found),
    ]
    return "\n\n".join(each for each in parts if each)


def _scores(found: Table, known: Evidence) -> str:
    ranks = found.ranks()
    header = ["training", "mean rank", *(f"{t}<br>{known.metrics[t]}" for t in found.tasks)]
    rows = [
        [label, _rank(ranks.get(label)), *(_cell(each.get(task)) for task in found.tasks)]
        for label, each in found.scores.items()
    ]
    return table(rows, header)


def _rank(rank: tuple[float, float, float] | None) -> str:
    if rank is None:
        return "–"
    return f"{rank[0]:.1f}<br><sub>[{rank[1]:.1f}, {rank[2]:.1f}]</sub>"


def _cell(scores: Scores | None) -> str:
    if scores is None:
        return "–"
    errors = f"clips {_shown(scores.over_clips)}, seeds {_shown(scores.over_seeds)}"
    return f"**{_shown(scores.mean)}**<br><sub>{errors}</sub>"


def _shown(value: float) -> str:
    """A score × 100; a dash where there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def _verdicts(found: Table, pairs: Sequence[Pair]) -> list[str]:
    """A table of the tasks on which each pair is told apart; none without a pair."""
    rows = []
    for one, two in pairs:
        verdicts = found.verdicts((one, two))
        columns = (verdicts.above, verdicts.below, verdicts.alike)
        rows.append([f"{one} against {two}", *(_listed(tasks) for tasks in columns)])
    return [table(rows, ["", "better on", "worse on", "not told apart on"])] if rows else []


def _listed(tasks: Sequence[str]) -> str:
    return f"{len(tasks)}: {', '.join(tasks)}" if tasks else "0"


def _leaders(found: Table) -> list[str]:
    """Who is best, task by task and by mean rank; where all pairs are compared."""
    if found.part.points:
        return []
    rows = []
    for task in found.tasks:
        first, alike = found.best(task)
        score = _shown(found.scores[first][task].mean)
        rows.append([task, f"{first} ({score})", ", ".join(alike) or "none"])
    ranks = {label: rank[0] for label, rank in found.ranks().items()}
    order = sorted(ranks, key=lambda label: (ranks[label], label))
    text = "By mean rank over the tasks: " + ", ".join(f"{x} {ranks[x]:.1f}" for x in order) + "."
    return [
        table(rows, ["task", "best mean", "not told apart from it"]),
        *([text] if ranks else []),
    ]


def _seen(found: Table) -> str:
    """How large a difference has to be."""
    sizes = [f"{task} {100 * found.least(task):.1f}" for task in found.tasks if found.gaps[task]]
    about = "The smallest difference that is told apart as the first of a task (median over pairs)"
    return f"{about}: {', '.join(sizes)}." if sizes else ""


def _differences(found: Table) -> str:
    """Every comparison with its size and p-value, folded away."""
    rows = [
        [f"{one} - {two}", *(_difference(found, task, (one, two)) for task in found.tasks)]
        for one, two in found.pairs()
    ]
    inner = table(rows, ["difference", *found.tasks])
    about = "mean difference (standard errors over clips, over seeds; p after Holm)"
    return f"<details><summary>Every comparison: {about}</summary>\n\n{inner}\n\n</details>"


def _difference(found: Table, task: str, pair: Pair) -> str:
    gap = found.gaps[task].get(pair)
    if gap is None:
        return "–"
    errors = f"{_shown(gap.over_clips)}, {_shown(gap.over_seeds)}"
    text = f"{100 * gap.value:+.1f} ({errors}; {found.p[task][pair]:.3f})"
    return f"**{text}**" if found.different(task, pair) else text


def _trainings(found: Table, known: Evidence) -> str:
    """How the loss went, as means over the seeds that ended."""
    rows = []
    for training in found.part.trainings:
        logs = known.trained(training.label, found.steps)
        if logs:
            rows.append([training.label, *_course(logs)])
    header = ["training", "loss, first tenth", "last tenth", "lowest validation loss at step"]
    about = (
        "*Spread* is the mean over the trunk's features of their deviation over a batch's chunks."
    )
    shown = table(rows, [*header, "spread at the end"])
    return f"{shown}\n\n{about}" if rows else ""


def _course(logs: Sequence[curves.Log]) -> list[str]:
    losses = np.array([[row["loss"] for row in log] for log in logs], dtype=float)
    few = max(1, round(LATE * losses.shape[1]))
    lowest = [curves.lowest(log) for log in logs]
    spreads = [log[-1]["spread"] for log in logs]
    return [
        f"{losses[:, :few].mean():.3g}",
        f"{losses[:, -few:].mean():.3g}",
        ", ".join("–" if step is None else f"{step:,}" for step in lowest),
        f"{np.mean(spreads):.2g}",
    ]


def _layers(found: Table) -> str:
    """Where in the trunk probes chose to listen."""
    rows = [
        [label, *(_chosen(each.get(task)) for task in found.tasks)]
        for label, each in found.scores.items()
    ]
    inner = table(rows, ["layer chosen on validation, by seed", *found.tasks])
    return f"<details><summary>Layers that probes chose</summary>\n\n{inner}\n\n</details>"


def _chosen(scores: Scores | None) -> str:
    return "–" if scores is None else ", ".join(scores.layers[s] for s in sorted(scores.layers))
