"""Puts what an audit found where a board shows it."""

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
    """Write the audit of a task; what is known of the same clips stays, if more was looked for.

    Args:
        board: folder.
        report: on the task.
        near: whether near copies were looked for.
        corpus: what cards call the corpus that was looked up.
        overlap: what was found of it.

    Raises:
        BoardError: the file that is there is damaged.
    """
    found = Audit(
        task=report.task,
        data=report.data,
        clips=report.clips,
        near=near,
        too_plain=len(report.too_plain),
        leaked=tuple(sorted(report.leaked)),
        corpora={},
    )
    with alone(board):
        audit = _with_known(found, _before(board, report))
        if corpus is not None and overlap is not None:
            audit = _with_corpus(audit, corpus, {each.clip for each in overlap.findings}, near=near)
        write_atomically(audits.place(board, report.task), audit.to_json().encode())


def _before(board: Path, report: Report) -> Audit | None:
    """An earlier audit of the same clips."""
    try:
        before = audits.read(board, report.task)
    except RecordError as error:
        raise BoardError(str(error)) from error
    return before if before is not None and before.data == report.data else None


def _with_known(found: Audit, before: Audit | None) -> Audit:
    """Near copies that were found once are not forgotten by a look for exact ones."""
    if before is None:
        return found
    audit = found.model_copy(update={"corpora": before.corpora, "exact": before.exact})
    if found.near or not before.near:
        return audit
    leaked = tuple(sorted({*found.leaked, *before.leaked}))
    return audit.model_copy(update={"near": True, "too_plain": before.too_plain, "leaked": leaked})


def _with_corpus(audit: Audit, corpus: str, clips: set[str], *, near: bool) -> Audit:
    """Likewise of a corpus."""
    exact = {*audit.exact} - {corpus}
    if not near and corpus in audit.corpora and corpus not in audit.exact:
        clips = clips | {*audit.corpora[corpus]}
    elif not near:
        exact.add(corpus)
    corpora = {**audit.corpora, corpus: tuple(sorted(clips))}
    return audit.model_copy(
        update={"corpora": dict(sorted(corpora.items())), "exact": tuple(sorted(exact))}
    )
