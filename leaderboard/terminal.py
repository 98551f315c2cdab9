"""Renders a suite for a terminal: short cells, one line a backbone."""

from rich.table import Table

from leaderboard.board import Line, Suite
from leaderboard.page import LEAK


def table(suite: Suite) -> Table:
    """Scores × 100, half the width of the 95 % interval beside them, letters under them."""
    drawn = Table(title=f"{suite.name}: score × 100 ± half of the 95 % interval, ties by letter")
    drawn.add_column("backbone", no_wrap=True)
    drawn.add_column("rank", justify="right")
    for task in suite.tasks:
        drawn.add_column(f"{task.name}\n{task.primary}", justify="right")
    for line in suite.lines:
        rank = f"{line.rank.value:.1f}" if line.rank else "–"
        drawn.add_row(line.name, rank, *(_cell(line, task.name) for task in suite.tasks))
    return drawn


def _cell(line: Line, task: str) -> str:
    record = line.records.get(task)
    if record is None:
        return "–"
    score = record.primary
    mark = LEAK if record.leak else ""
    half = 50 * (score.high - score.low)
    return f"{100 * score.value:.1f}±{half:.1f}{mark}\n{line.letters.get(task, '')}"
