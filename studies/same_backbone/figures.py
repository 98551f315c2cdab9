"""Draws the figures of the report: vectors, the same bytes for the same evidence."""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studies.same_backbone import curves, listening
from studies.same_backbone.comparing import Table, tables
from studies.same_backbone.evidence import Evidence, Scores
from studies.same_backbone.listening import Heard
from studies.same_backbone.plan import PARTS, RANDOM

COLUMNS = 4
WHISKER = 2
"""Standard errors on either side that are drawn."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def draw(known: Evidence) -> dict[str, bytes]:
    """File name → SVG."""
    found = [each for part in PARTS.values() for each in tables(part, known)]
    files = {}
    for each in found:
        stem = f"{each.part.name}-{each.steps}"
        files[f"{stem}-scores.svg"] = _scores(each, known)
        ended = {t.label: known.trained(t.label, each.steps) for t in each.part.trainings}
        logs = {label: mine for label, mine in ended.items() if mine}
        if logs:
            files[f"{stem}-curves.svg"] = _curves(logs)
        heard = listening.chosen(each.part, each.steps, known.layers)
        if len(heard) > 1:
            files[f"{stem}-layers.svg"] = _layers(heard, known)
    return files


def _grid(
    names: Sequence[str], size: tuple[float, float], fill: Callable[[Axes, str], None]
) -> bytes:
    """One panel a name."""
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    with _style():
        figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
        for place, name in enumerate(names):
            axes = figure.add_subplot(rows, columns, place + 1)
            axes.set_title(name, fontsize=9)
            fill(axes, name)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _style() -> AbstractContextManager[None]:
    """Settings of Matplotlib; identifiers in a file follow from its content."""
    return rc_context(
        {
            "svg.hashsalt": "same-backbone",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def _scores(found: Table, known: Evidence) -> bytes:
    """Means with their error over clips, and a ring for each pre-training seed."""
    panel = _over_axis if found.part.points else _listed

    def fill(axes: Axes, task: str) -> None:
        mine = {label: each[task] for label, each in found.scores.items() if task in each}
        panel(axes, found, mine)
        name = f"{known.metrics[task]} × 100"
        (axes.set_ylabel if found.part.points else axes.set_xlabel)(name)

    return _grid(found.tasks, (3.0, 2.4), fill)


def _listed(axes: Axes, _found: Table, scores: Mapping[str, Scores]) -> None:
    labels = list(scores)
    for place, label in enumerate(labels):
        each, colour = scores[label], "black" if label == RANDOM else COLOURS[0]
        mean, half = 100 * each.mean, 100 * WHISKER * each.over_clips
        axes.errorbar(mean, place, xerr=half, fmt="o", color=colour, capsize=2, markersize=4)
        values = [100 * value for value in each.values.values()]
        axes.plot(values, [place + 0.25] * len(values), "o", mfc="none", mec=colour, markersize=3)
    if RANDOM in scores:
        axes.axvline(100 * scores[RANDOM].mean, color="grey", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()


def _over_axis(axes: Axes, found: Table, scores: Mapping[str, Scores]) -> None:
    points = found.part.points
    colours = dict(zip(dict.fromkeys(curve for curve, _ in points.values()), cycle(COLOURS)))
    for curve, colour in colours.items():
        mine = sorted((points[x][1], x) for x in scores if points.get(x, ("",))[0] == curve)
        means = [100 * scores[label].mean for _, label in mine]
        halves = [100 * WHISKER * scores[label].over_clips for _, label in mine]
        places = [place for place, _ in mine]
        axes.errorbar(
            places, means, halves, fmt="o-", color=colour, capsize=2, markersize=4, label=curve
        )
        for place, label in mine:
            values = [100 * value for value in scores[label].values.values()]
            axes.plot([place] * len(values), values, "o", mfc="none", mec=colour, markersize=3)
    if RANDOM in scores:
        mean = 100 * scores[RANDOM].mean
        axes.axhline(mean, color="black", linewidth=0.8, linestyle=":", label=RANDOM)
    axes.set_xlabel(found.part.axis)
    axes.legend(fontsize=7, frameon=False)


def _layers(heard: Mapping[str, Mapping[str, Heard]], known: Evidence) -> bytes:
    """Every layer's score, one line a training."""
    colours = dict(zip(heard, ("black", *COLOURS), strict=False))

    def fill(axes: Axes, task: str) -> None:
        for label, by_task in heard.items():
            layers = by_task[task].by_layer if task in by_task else {}
            values = [100 * value for value in layers.values()]
            axes.plot(list(layers), values, "o-", color=colours[label], markersize=3, label=label)
        axes.set_ylabel(f"{known.metrics[task]} × 100")
        axes.legend(fontsize=6, frameon=False)

    return _grid(sorted({task for each in heard.values() for task in each}), (3.0, 2.4), fill)


def _curves(logs: Mapping[str, Sequence[curves.Log]]) -> bytes:
    """Every term as a multiple of its beginning; dashes with dots are validation."""

    def fill(axes: Axes, label: str) -> None:
        for term, colour in zip(curves.terms(logs[label][0]), cycle(COLOURS)):
            steps, values = curves.smooth(logs[label], term)
            scale = values[0] or 1.0
            axes.plot(steps, values / scale, color=colour, label=term, linewidth=1)
            steps, values = curves.validations(logs[label], term)
            axes.plot(steps, values / scale, "o--", color=colour, markersize=2, linewidth=0.7)
        axes.set_xlabel("step")
        axes.set_ylabel("term / its beginning")
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.0, low), float(np.clip(high, 1.1, 3.0)))
        axes.legend(fontsize=7, frameon=False)

    return _grid(list(logs), (3.0, 2.4), fill)
