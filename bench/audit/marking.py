"""Puts what an audit found where a board shows it."""

from collections.abc import Mapping
from pathlib import Path

from bench.audit.corpus import Overlap
from bench.audit.findings import Report
from bench.rows import BoardError, alone
from bench.store import write_atomically
from leaderboard import audits
from leaderboard.audits import Audit
from leaderboard.records import RecordError


def keep(
    board: Path, report: Report, *, near: bool, corpus: str | None, overlap: Overlap | None
) -> None:
    """Write the audit of a task; what is known of other corpora stays, while the clips do.

    Args:
        board: folder.
        report: on the task.
        near: whether near copies were looked for.
        corpus: what cards call the corpus that was looked up.
        overlap: what was found of it.

    Raises:
        BoardError: the file that is there is damaged.
    """
    with alone(board):
        found = dict(_known(board, report))
        if corpus is not None and overlap is not None:
            found[corpus] = tuple(sorted({each.clip for each in overlap.findings}))
        audit = Audit(
            task=report.task,
            data=report.data,
            clips=report.clips,
            near=near,
            too_plain=len(report.too_plain),
            leaked=tuple(sorted(report.leaked)),
            corpora=dict(sorted(found.items())),
        )
        write_atomically(audits.place(board, report.task), audit.to_json().encode())


def _known(board: Path, report: Report) -> Mapping[str, tuple[str, ...]]:
    try:
        before = audits.read(board, report.task)
    except RecordError as error:
        raise BoardError(str(error)) from error
    return before.corpora if before is not None and before.data == report.data else {}
