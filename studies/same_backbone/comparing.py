"""A part of the study at one length: its scores and tests, computed once for tables and text."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from bench import statistics
from studies.same_backbone import evidence
from studies.same_backbone.evidence import ALPHA, Evidence, Gap, OverSeeds, Scores
from studies.same_backbone.plan import RANDOM, Pair, Part


@dataclass(frozen=True, slots=True)
class Verdicts:
    """On which tasks a training is above another, below, or not told apart from it."""

    above: tuple[str, ...]
    below: tuple[str, ...]
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What a part found.

    Attributes:
        part: of the study.
        steps: of its trainings.
        tasks: names.
        scores: label → task → scores.
        gaps: task → pair → difference.
        p: task → pair → Holm-corrected p-value.
    """

    part: Part
    steps: int
    tasks: tuple[str, ...]
    scores: Mapping[str, Mapping[str, Scores]]
    gaps: Mapping[str, Mapping[Pair, Gap]]
    p: Mapping[str, Mapping[Pair, float]]

    def different(self, task: str, pair: Pair) -> bool:
        """Whether a pair was compared on a task and told apart."""
        return self.p[task].get(pair, 1.0) <= ALPHA

    def verdicts(self, pair: Pair) -> Verdicts:
        """On the tasks on which the pair was compared."""
        tasks = [task for task in self.tasks if pair in self.gaps[task]]
        apart = [task for task in tasks if self.different(task, pair)]
        return Verdicts(
            above=tuple(task for task in apart if self.gaps[task][pair].value > 0),
            below=tuple(task for task in apart if self.gaps[task][pair].value < 0),
            alike=tuple(task for task in tasks if task not in apart),
        )

    def least(self, task: str) -> float:
        """The smallest difference that is told apart as the first of a task, median over pairs."""
        gaps = self.gaps[task].values()
        return median(each.least(len(gaps)) for each in gaps)

    def pairs(self) -> list[Pair]:
        """Those that were compared on any task, in the part's order."""
        return [pair for pair in self.part.pairs if any(pair in self.gaps[t] for t in self.tasks)]

    def best(self, task: str) -> tuple[str, list[str]]:
        """The label of the best mean, and those that were compared with it and are no worse."""
        means = {label: each[task].mean for label, each in self.scores.items() if task in each}
        first = max(means, key=lambda label: means[label])
        compared = [pair for pair in self.gaps[task] if first in pair]
        alike = [pair for pair in compared if not self.different(task, pair)]
        return first, [one if two == first else two for one, two in alike]

    def ranks(self) -> dict[str, tuple[float, float, float]]:
        """Mean rank over tasks with its interval, of the trainings that have every task."""
        labels = [label for label, each in self.scores.items() if set(each) == set(self.tasks)]
        by_task = [
            statistics.ranks([self.scores[label][task].mean for label in labels])
            for task in self.tasks
        ]
        return {
            label: statistics.mean_rank([float(ranks[i]) for ranks in by_task], len(labels))
            for i, label in enumerate(labels)
        }

    def seeds(self, label: str) -> list[int]:
        """Pre-training seeds of a training that have a row on every task it has rows on."""
        found = [set(each.values) for each in self.scores[label].values()]
        return sorted(set.intersection(*found))


def tables(part: Part, known: Evidence) -> list[Table]:
    """One for each length at which something but the random trunk was trained and scored."""
    mine = own(part)
    lengths = {steps for label, steps in known.scores if label in mine}
    return [_table(part, steps, known) for steps in sorted(lengths)]


def own(part: Part) -> set[str]:
    """Trainings that a part is run by: neither random nor, if it has others, those of the core."""
    changed = {training.label for training in part.trainings if training.changes}
    return changed or {training.label for training in part.trainings} - {RANDOM}


def _table(part: Part, steps: int, known: Evidence) -> Table:
    labels = [training.label for training in part.trainings]
    scores = evidence.common(labels, steps, known)
    tasks = tuple(task for task in known.metrics if any(task in each for each in scores.values()))
    gaps = {task: _gaps(part, task, scores, known.varying(task, steps)) for task in tasks}
    p = {task: evidence.corrected(found) for task, found in gaps.items()}
    return Table(part, steps, tasks, scores, gaps, p)


def _gaps(
    part: Part,
    task: str,
    scores: Mapping[str, Mapping[str, Scores]],
    varying: OverSeeds | None,
) -> dict[Pair, Gap]:
    found = {}
    for one, two in part.pairs:
        if task in scores.get(one, {}) and task in scores.get(two, {}):
            first, second = scores[one][task], scores[two][task]
            if first.values.keys() & second.values.keys():
                found[one, two] = evidence.gap(first, second, varying)
    return found
