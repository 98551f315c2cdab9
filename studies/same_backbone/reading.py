"""What the trainings themselves say about their scores: length, terms, and what was not learned."""

import math
from collections.abc import Sequence

import numpy as np

from leaderboard.details import table
from studies.same_backbone import curves
from studies.same_backbone.comparing import Table
from studies.same_backbone.evidence import Evidence
from studies.same_backbone.plan import RANDOM

GUESS = {"atm": math.log(2)}
"""Terms whose value is known for a network that has learned nothing: two equal classes."""

LEARNED = 0.02
"""Share of a term's beginning by which it has to fall on validation to have been learned at all."""

EARLY = 0.5
"""Share of a training before which a lowest validation loss means overfitting."""


def lengths(tables: Sequence[Table]) -> str:
    """Differences from the random trunk at each length; empty where there is one length."""
    steps = [found.steps for found in tables]
    if len(steps) < 2:  # noqa: PLR2004 — two lengths make a comparison
        return ""
    labels = [t.label for t in tables[0].part.trainings if t.label != RANDOM]
    tasks = tables[-1].tasks
    rows = [
        [label, *("<br>".join(_at(found, label, task) for found in tables) for task in tasks)]
        for label in labels
    ]
    about = (
        f"Difference from the random trunk after {_and([f'{n:,}' for n in steps])} steps, one line "
        "each; bold where it is told apart."
    )
    heading = "## What longer training changes"
    return "\n\n".join([heading, about, table(rows, ["training", *tasks])])


def _at(found: Table, label: str, task: str) -> str:
    gap = found.gaps.get(task, {}).get((label, RANDOM))
    if gap is None:
        return "–"
    text = f"{100 * gap.value:+.1f}"
    return f"**{text}**" if found.different(task, (label, RANDOM)) else text


def terms(found: Table, known: Evidence) -> str:
    """Every term of every loss on validation clips, and what can be said of it."""
    rows = []
    for training in found.part.trainings:
        logs = known.trained(training.label, found.steps)
        names = curves.terms(logs[0]) if logs else ()
        rows += [[training.label, term, *_course(logs, term)] for term in names]
    header = ["training", "term", "first validation", "lowest, at step", "last", "a guess"]
    return table(rows, header) if rows else ""


def _course(logs: Sequence[curves.Log], term: str) -> list[str]:
    steps, values = curves.validations(logs, term)
    if not len(steps):
        return ["–"] * 4
    least = int(np.argmin(values))
    guess = f"{GUESS[term]:.3f}" if term in GUESS else "–"
    lowest = f"{values[least]:.3f} at {steps[least]:,.0f}"
    return [f"{values[0]:.3f}", lowest, f"{values[-1]:.3f}", guess]


def reasons(found: Table, known: Evidence) -> list[str]:
    """A line for each training: where it helped, and what its own curves say of why not."""
    lines = []
    for training in found.part.trainings:
        logs = known.trained(training.label, found.steps)
        if training.label == RANDOM or not logs:
            continue
        told = [_gains(found, training.label), *_learned(logs), *_course_of(logs, found.steps)]
        lines.append(f"- **{training.label}**: " + "; ".join(filter(None, told)) + ".")
    return ["\n".join(lines)] if lines else []


def _gains(found: Table, label: str) -> str:
    if (label, RANDOM) not in found.pairs():
        return ""
    verdicts = found.verdicts((label, RANDOM))
    ahead = f"better than random on {_and(verdicts.above)}" if verdicts.above else ""
    behind = f"worse than random on {_and(verdicts.below)}" if verdicts.below else ""
    both = _and([each for each in (ahead, behind) if each])
    return both or "told apart from random on no task"


def _learned(logs: Sequence[curves.Log]) -> list[str]:
    """Terms that did not fall on validation, or are where a guess is."""
    found = []
    for term in curves.terms(logs[0]):
        steps, values = curves.validations(logs, term)
        if not len(steps):
            continue
        guess = GUESS.get(term)
        if guess is not None and values[-1] > (1 - LEARNED) * guess:
            text = f"`{term}` ends at {values[-1]:.3f} on validation, and a guess has {guess:.3f}"
            found.append(f"{text}: it was not learned")
        elif len(steps) > 1 and LEARNED > 1 - values[-1] / values[0] >= 0:
            text = f"`{term}` hardly falls after its first validation"
            found.append(f"{text} ({values[0]:.3f} to {values[-1]:.3f})")
    return found


def _course_of(logs: Sequence[curves.Log], length: int) -> list[str]:
    """Whether it was still learning when it ended, or overfitted."""
    lowest = [step for log in logs if (step := curves.lowest(log)) is not None]
    if not lowest:
        return []
    if max(lowest) < EARLY * length:
        at = _and([f"{step:,}" for step in lowest])
        first = min(curves.validations(logs, "loss")[0])
        text = (
            f"its validation loss was lowest at step {at} (the first validation is at step "
            f"{first:,.0f}) and rose from there, while its own loss fell: it overfitted"
        )
        return [text]
    if min(lowest) == length:
        return ["its validation loss was lowest at the last step: it was still learning"]
    return []


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
