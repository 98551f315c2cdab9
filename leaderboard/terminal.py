"""Renders a suite for a terminal: short cells, one line a backbone."""

from rich import box
from rich.table import Table
from rich.text import Text

from leaderboard.board import Line, Suite
from leaderboard.page import LEAK

MOST = 3
"""Letters that are written out."""


def table(suite: Suite) -> Table:
    """Scores × 100, half the width of the 95 % interval beside them, then letters."""
    title = f"{suite.name}: score × 100 ± half of the 95 % interval, ties by letter"
    drawn = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD)
    drawn.padding, drawn.pad_edge, drawn.show_edge = (0, 1, 0, 0), False, False
    drawn.add_column("backbone", no_wrap=True)
    drawn.add_column("rank", justify="right", no_wrap=True)
    for task in suite.tasks:
        name = task.name.replace("/", "/\n", 1)
        drawn.add_column(Text(f"{name}\n{task.primary}"), overflow="fold")
    for line in suite.lines:
        rank = f"{line.rank.value:.1f}" if line.rank else "–"
        cells = (_cell(line, task.name) for task in suite.tasks)
        drawn.add_row(Text(line.name), rank, *cells)
    return drawn


def _cell(line: Line, task: str) -> Text:
    record = line.records.get(task)
    if record is None:
        return Text("–")
    score = record.primary
    mark = LEAK if record.leak else ""
    half = 50 * (score.high - score.low)
    letters = _short(line.letters.get(task, ""))
    return Text.assemble(
        f"{100 * score.value:.1f}", (f"±{half:.1f}", "dim"), mark, (f" {letters}", "bold")
    )


def _short(letters: str) -> str:
    """`bcde` as `b–e`; letters in a row are as they are up to three."""
    in_a_row = len(letters) > MOST and ord(letters[-1]) - ord(letters[0]) == len(letters) - 1
    return f"{letters[0]}–{letters[-1]}" if in_a_row else letters
