"""Made-up trainings of the same-backbone study, and rows of its page."""

import json
from pathlib import Path

from studies.same_backbone.plan import Name

STEPS = 4


def put_training(results: Path, name: Name, *, finished: bool = True) -> None:
    folder = results / "trainings" / str(name)
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = [
        {"step": n + 1, "loss": 8 / (n + 1), "mlm": 2.0 / (n + 1), "spread": 0.5, "seconds": 1.5}
        for n in range(name.steps if finished else name.steps // 2)
    ]
    for row, loss in zip(rows[1::2], (3.0, 5.0), strict=False):
        row["validation"] = {"loss": loss, "mlm": 1.0, "spread": 0.5}
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if finished:
        (folder / "record.json").write_text("{}")


def cells(text: str, first: str) -> list[list[str]]:
    """The tables' rows that begin with a cell."""
    lines = (line for line in text.splitlines() if line.startswith("|"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] == first]
