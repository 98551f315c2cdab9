"""Renders a suite for a terminal: short cells, one line a backbone."""

from rich import box
from rich.table import Table
from rich.text import Text

from leaderboard.board import Line, Suite
from leaderboard.page import marks

MOST = 3
"""Letters that are written out."""

UNEVEN = 0.25
"""An interval whose sides differ by more than this share of it is written with its ends."""


def table(suite: Suite) -> Table:
    """Scores × 100, the 95 % interval as ± or by its ends, then letters."""
    title = f"{suite.title}: score × 100, its 95 % interval, ties by letter"
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
    below, above = 100 * (score.value - score.low), 100 * (score.high - score.value)
    even = abs(below - above) < UNEVEN * (below + above)
    ends = f" [{100 * score.low:.1f}, {100 * score.high:.1f}]"
    spread = f"±{(below + above) / 2:.1f}" if even else ends
    letters = _short(line.letters.get(task, ""))
    return Text.assemble(
        f"{100 * score.value:.1f}", (spread, "dim"), marks(line, task), (f" {letters}", "bold")
    )


def _short(letters: str) -> str:
    """`bcde` as `b–e`; letters in a row are as they are up to three."""
    in_a_row = len(letters) > MOST and ord(letters[-1]) - ord(letters[0]) == len(letters) - 1
    return f"{letters[0]}–{letters[-1]}" if in_a_row else letters
