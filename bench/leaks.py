"""What a row scores without the test clips that an audit found elsewhere too."""

import numpy as np

from bench import recording
from leaderboard.audits import Audit
from leaderboard.board import Clean
from leaderboard.records import Predictions, Record, RecordError
from tasks import Task


def without(audit: Audit, task: Task, record: Record, predictions: Predictions) -> Clean | None:
    """The primary metric without the clips that leak; None where none does.

    Raises:
        RecordError: the audit is of other data.
    """
    affected = audit.affecting(record)
    known = {*predictions.ids.tolist(), *record.clips.skipped}
    if record.provenance.data not in {"", audit.data} or not affected <= known:
        message = (
            f"the audit of {audit.task} is of other clips than the row of "
            f"{record.backbone.name}; run bench audit {audit.task} again with --board"
        )
        raise RecordError(message)
    kept = ~np.isin(predictions.ids, sorted(affected))
    left_out = int((~kept).sum())
    if not left_out:
        return None
    if not kept.any():
        return Clean(left_out, None)
    rest = Predictions(
        ids=predictions.ids[kept],
        groups=predictions.groups[kept],
        truth=predictions.truth[kept],
        scores=predictions.scores[:, kept],
    )
    try:
        return Clean(left_out, recording.score(task.primary, rest, len(record.search.seeds)))
    except recording.UndefinedTestScoreError:
        return Clean(left_out, None)
