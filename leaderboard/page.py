"""Renders the board as Markdown. Pure: the same lines give the same bytes."""

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from leaderboard.board import Line, Suite
from leaderboard.records import Record, Score

LEAK = "†"

HOW_TO_READ = f"""\
Every cell is the score on the test split × 100, mean over the seeds of a probe that was tuned and
chosen on validation alone, with its 95 % interval over groups of clips (bootstrap, 1,000
resamples). Lines that share a letter in a column cannot be told apart there (paired bootstrap on
the same clips, Holm-corrected, 5 %). The rank is the mean over the columns, 1 is best, with its
interval over the same resamples; a line that lacks a column has none. {LEAK} marks a backbone
whose weights have seen audio of that task.
"""


def render(suites: Sequence[Suite], command: str) -> str:
    """The page.

    Args:
        suites: in the order in which they are shown.
        command: that writes the page.
    """
    parts = ["# Leaderboard", HOW_TO_READ, f"Written by `{command}`; do not edit."]
    for suite in suites:
        parts += [f"## {suite.name}", scores(suite), *_details(suite)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def scores(suite: Suite) -> str:
    """The main table of a suite."""
    header = ["backbone", "family", "rank", *(f"{t.name}<br>{t.primary}" for t in suite.tasks)]
    rows = [
        [line.name, line.family, _rank(line), *(cell(line, task.name) for task in suite.tasks)]
        for line in suite.lines
    ]
    return _table(rows, header)


def cell(line: Line, task: str) -> str:
    """`58.2 [52.4, 63.9] ab`, and a mark for a leak; a dash where nothing was run."""
    record = line.records.get(task)
    if record is None:
        return "–"
    mark = LEAK if record.leak else ""
    return f"{interval(record.primary)}{mark} {line.letters.get(task, '')}".strip()


def interval(score: Score) -> str:
    """Value and 95 % interval, × 100."""
    return f"{100 * score.value:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _rank(line: Line) -> str:
    if line.rank is None:
        return "–"
    return f"{line.rank.value:.1f} [{line.rank.low:.1f}, {line.rank.high:.1f}]"


def _details(suite: Suite) -> Iterable[str]:
    yield "### What was asked"
    yield _table(*_asked(suite))
    yield "### Every metric"
    yield _table(*_metrics(suite))
    yield "### What was chosen, and what it took"
    yield _table(*_costs(suite))
    yield "### The command that made each row"
    yield "```\n" + "\n".join(r.provenance.command for r in _records(suite)) + "\n```"


def _records(suite: Suite) -> list[Record]:
    return [
        line.records[task.name]
        for task in suite.tasks
        for line in suite.lines
        if task.name in line.records
    ]


def _asked(suite: Suite) -> tuple[list[list[str]], list[str]]:
    rows = []
    for task in suite.tasks:
        record = next(r for r in _records(suite) if r.task.name == task.name)
        clips = record.clips
        rows.append(
            [
                task.name,
                task.summary,
                "recorded" if task.recorded else "rendered",
                f"{clips.train:,} / {clips.validation:,} / {clips.test:,}",
                f"{clips.groups:,}",
            ]
        )
    return rows, ["task", "question", "audio", "train / validation / test clips", "test groups"]


def _metrics(suite: Suite) -> tuple[list[list[str]], list[str]]:
    rows = [
        [r.task.name, r.backbone.name, name, interval(score), _spread(score)]
        for r in _records(suite)
        for name, score in r.scores.items()
    ]
    return rows, ["task", "backbone", "metric", "score", "over seeds"]


def _spread(score: Score) -> str:
    """Lowest and highest value over the seeds of the probe."""
    return f"{100 * min(score.seeds):.1f} – {100 * max(score.seeds):.1f}"


def _costs(suite: Suite) -> tuple[list[list[str]], list[str]]:
    rows = [
        [
            r.task.name,
            r.backbone.name,
            ", ".join(f"{name} {_short(value)}" for name, value in sorted(r.search.chosen.items())),
            f"{r.search.protocol}, {r.search.trials} trials",
            f"{r.backbone.parameters / 1e6:.2f} M",
            f"{r.costs.encode_seconds:.1f} s ({r.costs.real_time_factor:.0f}×)",
            f"{r.costs.probe_seconds:.1f} s",
            r.costs.device,
            str(len(r.clips.skipped)),
        ]
        for r in _records(suite)
    ]
    header = ["task", "backbone", "probe", "protocol", "parameters", "encoding (× real time)"]
    return rows, [*header, "probing", "device", "skipped clips"]


def _short(value: str | float | bool) -> str:  # noqa: FBT001 — one JSON scalar of three types
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    return tabulate(rows, header, tablefmt="pipe", disable_numparse=True)
