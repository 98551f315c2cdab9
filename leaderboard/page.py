"""Renders the board as Markdown. Pure: the same lines give the same bytes."""

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from leaderboard.board import Line, Suite
from leaderboard.records import Record, Score, TaskFacts

LEAK = "†"

BEGIN, END = "<!-- board -->", "<!-- /board -->"
"""Marks in a page that the main tables are put between."""

FEW_GROUPS = 10

HOW_TO_READ = f"""\
Every cell is the score on the test split × 100, mean over the seeds of a probe that was tuned and
chosen on validation alone, with its 95 % interval over groups of clips (bootstrap, 1,000
resamples). Rows that share a letter in a column cannot be told apart there (paired bootstrap on
the same clips, Holm-corrected, 5 %); a cell without a letter was scored on other clips than the
rest. The rank is the mean over the columns, 1 is best, with its interval over the same resamples;
a row that lacks a column has none. {LEAK} marks a backbone whose weights have seen audio of that
task.
"""


def render(suites: Sequence[Suite], command: str) -> str:
    """The page.

    Args:
        suites: in the order in which they are shown.
        command: that writes the page.
    """
    parts = ["# Leaderboard", HOW_TO_READ, f"Written by `{command}`; do not edit."]
    for suite in suites:
        parts += [f"## {suite.name}", scores(suite)]
    by_task = _by_task(suites)
    if by_task:
        parts += ["## Every row, by task", *(_task(rows) for rows in by_task)]
        parts += ["## Backbones", _backbones([r for rows in by_task for r in rows])]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def filled(text: str, suites: Sequence[Suite]) -> str:
    """A page of somebody else's with the main tables between its two marks.

    Raises:
        ValueError: the marks are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"it needs the lines {BEGIN} and {END}, in that order"
        raise ValueError(message)
    tables = "\n\n".join(f"**{suite.name}**\n\n{scores(suite)}" for suite in suites)
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def scores(suite: Suite) -> str:
    """The main table of a suite."""
    header = ["backbone", "family", "rank", *(f"{t.name}<br>{t.primary}" for t in suite.tasks)]
    rows = [
        [line.name, line.family, _rank(line), *(cell(line, task.name) for task in suite.tasks)]
        for line in suite.lines
    ]
    return _table(rows, header)


def cell(line: Line, task: str) -> str:
    """Score, leak mark and letters over the interval; a dash where nothing was run."""
    record = line.records.get(task)
    if record is None:
        return "–"
    score = record.primary
    mark = LEAK if record.leak else ""
    head = f"**{100 * score.value:.1f}**{mark} {line.letters.get(task, '')}".strip()
    return f"{head}<br><sub>{_bounds(100 * score.low, 100 * score.high)}</sub>"


def interval(score: Score) -> str:
    """Value and 95 % interval, × 100."""
    return f"{100 * score.value:.1f} {_bounds(100 * score.low, 100 * score.high)}"


def _bounds(low: float, high: float) -> str:
    return f"[{low:.1f}, {high:.1f}]"


def _rank(line: Line) -> str:
    if line.rank is None:
        return "–"
    return f"{line.rank.value:.1f}<br><sub>{_bounds(line.rank.low, line.rank.high)}</sub>"


def _by_task(suites: Sequence[Suite]) -> list[list[Record]]:
    """The records of each task, in the order of the first table that has it."""
    found: dict[str, list[Record]] = {}
    for suite in suites:
        for task in suite.tasks:
            rows = [line.records[task.name] for line in suite.lines if task.name in line.records]
            found.setdefault(task.name, rows)
    return list(found.values())


def _task(records: Sequence[Record]) -> str:
    """A folded section with everything about a task's rows."""
    task = records[0].task
    commands = "\n".join(record.provenance.command for record in records)
    parts = [
        f"<details><summary><b>{task.name}</b>: {task.summary}</summary>",
        _asked(task, records),
        _table(*_metrics(records)),
        _table(*_costs(records)),
        *_left_out(records),
        f"```sh\n{commands}\n```",
        "</details>",
    ]
    return "\n\n".join(parts)


def _asked(task: TaskFacts, records: Sequence[Record]) -> str:
    clips = max((record.clips for record in records), key=lambda each: each.test)
    return (
        f"{'Recorded' if task.recorded else 'Rendered'} audio; "
        f"{clips.train:,} / {clips.validation:,} / {clips.test:,} clips to train, validate and "
        f"test, the last in {clips.groups:,} groups. {_few(clips.groups)}"
        f"Paper: {_ended(task.paper)} Licence: {_ended(task.licence)}"
    )


def _few(groups: int) -> str:
    """A warning where resampling groups says too little."""
    if groups >= FEW_GROUPS:
        return ""
    return f"**With fewer than {FEW_GROUPS} groups its intervals are too narrow.** "


def _ended(text: str) -> str:
    """A sentence with one full stop."""
    return f"{text.rstrip('.')}."


def _metrics(records: Sequence[Record]) -> tuple[list[list[str]], list[str]]:
    names = list(dict.fromkeys(name for record in records for name in record.scores))
    names.sort(key=lambda name: (name != records[0].task.primary, name))
    rows = [
        [
            record.backbone.name,
            *(interval(record.scores[n]) if n in record.scores else "–" for n in names),
            _spread(record.primary),
        ]
        for record in records
    ]
    return rows, ["backbone", *names, f"{names[0]} over seeds"]


def _spread(score: Score) -> str:
    """Lowest and highest value over the seeds of the probe."""
    return f"{100 * min(score.seeds):.1f} to {100 * max(score.seeds):.1f}"


def _costs(records: Sequence[Record]) -> tuple[list[list[str]], list[str]]:
    rows = [
        [
            r.backbone.name,
            ", ".join(f"{name} {_short(value)}" for name, value in sorted(r.search.chosen.items())),
            f"{100 * r.search.validation:.1f}",
            f"{r.search.protocol}, {r.search.trials} trials, {len(r.search.seeds)} seeds",
            f"{r.costs.encode_seconds:,.1f} s ({r.costs.real_time_factor:,.0f}×)",
            f"{r.costs.probe_seconds:,.1f} s",
            r.costs.device,
        ]
        for r in records
    ]
    header = ["backbone", "chosen probe", "on validation", "protocol", "encoding (× real time)"]
    return rows, [*header, "probing", "device"]


def _left_out(records: Sequence[Record]) -> Iterable[str]:
    """One line a row that some clips are missing from."""
    lines = [
        f"- {r.backbone.name}: clips left out {len(r.clips.skipped):,}, "
        f"the first {name} ({_plain(reason)})"
        for r in records
        for name, reason in sorted(r.clips.skipped.items())[:1]
    ]
    if lines:
        yield "\n".join(lines)


def _backbones(records: Sequence[Record]) -> str:
    cards = {record.backbone.name: record.backbone for record in records}
    rows = [
        [
            card.name,
            card.family,
            card.summary,
            f"{card.parameters / 1e6:.2f} M" if card.parameters else "–",
            ", ".join(card.trained_on) or "–",
            card.paper,
            card.licence,
            card.weights_licence or "–",
        ]
        for _, card in sorted(cards.items())
    ]
    header = ["backbone", "family", "what it is", "parameters", "trained on", "paper"]
    return _table(rows, [*header, "licence of code", "of weights"])


def _short(value: str | float | bool) -> str:  # noqa: FBT001 — one JSON scalar of three types
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """One line in which nothing ends a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    cells = [[_plain(text) for text in row] for row in rows]
    return tabulate(cells, [_plain(text) for text in header], "pipe", disable_numparse=True)
