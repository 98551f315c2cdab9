"""Renders the board as Markdown. Pure: the same lines give the same bytes."""

from collections.abc import Sequence

from leaderboard import details
from leaderboard.audits import Audit
from leaderboard.board import Line, Suite
from leaderboard.details import bounds, interval, table
from leaderboard.records import Record

SEEN, LEAK = "†", "‡"

SMALL = 10_000
"""Fewer parameters are shown one by one."""

BEGIN, END = "<!-- board {name} -->", "<!-- /board -->"
"""Marks in a page that the main tables of the board of that name are put between."""

HOW_TO_READ = f"""\
Every cell is the score on the test split × 100, mean over the seeds of a probe that was tuned and
chosen on validation alone, with its 95 % interval over groups of clips (jackknife). Rows that share
a letter in a column cannot be told apart there (paired bootstrap on the same clips,
Holm-corrected, 5 %); a cell without a letter was scored on other clips than the rest. The rank is
the mean over the columns, 1 is best, with its interval over tasks (Student's t); a row that lacks a
column has none. {SEEN} marks a backbone whose weights have seen the data set of that task. {LEAK}
marks a cell some of whose test clips an audit (`bench audit`) found in another split, or in what
the backbone was trained on; below it stands the score without them.
"""


def render(suites: Sequence[Suite], mark: str) -> str:
    """The page.

    Args:
        suites: in the order in which they are shown.
        mark: a line that says what writes the page.
    """
    parts = ["# Leaderboard", HOW_TO_READ, mark]
    for suite in suites:
        parts += [f"## {suite.title}", scores(suite), *_power(suite)]
    by_task = _by_task(suites)
    if by_task:
        sections = [details.section(*each) for each in by_task]
        parts += ["## Every row, by task", *sections]
        parts += ["## Backbones", _backbones([r for rows, *_ in by_task for r in rows])]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def filled(text: str, name: str, suites: Sequence[Suite]) -> str:
    """A page of somebody else's with the main tables of a board between its two marks.

    Raises:
        ValueError: the first mark is there, and the second does not follow.
    """
    before, begin, rest = text.partition(BEGIN.format(name=name))
    _, end, after = rest.partition(END)
    if begin and not end:
        message = f"{begin} has no {END} after it"
        raise ValueError(message)
    if not begin:
        return text
    tables = "\n\n".join(f"**{suite.title}**\n\n{scores(suite)}" for suite in suites)
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def scores(suite: Suite) -> str:
    """The main table of a suite."""
    header = ["backbone", "family", "rank", *(f"{t.name}<br>{t.primary}" for t in suite.tasks)]
    rows = [
        [line.name, line.family, _rank(line), *(cell(line, task.name) for task in suite.tasks)]
        for line in suite.lines
    ]
    return table(rows, header)


def cell(line: Line, task: str) -> str:
    """Score, leak mark and letters over the interval; a dash where nothing was run."""
    record = line.records.get(task)
    if record is None:
        return "–"
    score = record.primary
    head = f"**{100 * score.value:.1f}**{marks(line, task)} {line.letters.get(task, '')}".strip()
    whole = f"{head}<br><sub>{bounds(100 * score.low, 100 * score.high)}</sub>"
    clean = line.clean.get(task)
    if clean is None:
        return whole
    rest = interval(clean.score) if clean.score else "no score"
    return f"{whole}<br><sub>{rest} without {clean.left_out:,} clips</sub>"


def marks(line: Line, task: str) -> str:
    """Whether the backbone has seen the data set, and whether test clips leak."""
    seen = SEEN if line.records[task].leak else ""
    return seen + (LEAK if task in line.clean else "")


def _power(suite: Suite) -> list[str]:
    """How large a difference has to be to be seen on each task."""
    if not suite.detectable:
        return []
    found = ", ".join(f"{task} {100 * gap:.1f}" for task, gap in suite.detectable.items())
    return [f"True differences that one comparison of two rows finds 80 times in 100: {found}."]


def _rank(line: Line) -> str:
    if line.rank is None:
        return "–"
    return f"{line.rank.value:.1f}<br><sub>{bounds(line.rank.low, line.rank.high)}</sub>"


def _by_task(suites: Sequence[Suite]) -> list[tuple[list[Record], float, Audit | None]]:
    """What `details.section` takes of each task, in the order of the first table that has it."""
    found: dict[tuple[str, str], tuple[list[Record], float, Audit | None]] = {}
    for suite in suites:
        for task in suite.tasks:
            rows = [line.records[task.name] for line in suite.lines if task.name in line.records]
            known = (rows, suite.worth[task.name], suite.audits.get(task.name))
            found.setdefault((suite.protocol, task.name), known)
    return list(found.values())


def _size(parameters: int) -> str:
    """Millions of parameters; all of them where a hundredth of a million is too coarse."""
    if not parameters:
        return "–"
    return f"{parameters:,}" if parameters < SMALL else f"{parameters / 1e6:.2f} M"


def _backbones(records: Sequence[Record]) -> str:
    cards = {record.backbone.name: record.backbone for record in records}
    rows = [
        [
            card.name,
            card.family,
            card.summary,
            _size(card.parameters),
            ", ".join(card.trained_on) or "–",
            card.paper,
            card.licence,
            card.weights_licence or "–",
        ]
        for _, card in sorted(cards.items())
    ]
    header = ["backbone", "family", "what it is", "parameters", "trained on", "paper"]
    return table(rows, [*header, "licence of code", "of weights"])
