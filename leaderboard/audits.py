"""What an audit found in a task: a file beside the records, `<board>/audits/<task>.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from leaderboard.records import Record, RecordError

VERSION: Literal[1] = 1


class Audit(BaseModel):
    """Test clips of a task that are known from elsewhere.

    Attributes:
        task: its name.
        data: digest of its clips, labels and splits.
        clips: how many there are, of all splits.
        near: whether copies that were encoded again, cut or made louder were looked for too.
        too_plain: clips with so few landmarks that such a copy may have been missed.
        leaked: ids of test clips that are in another split too.
        corpora: what backbones were trained on → ids of test clips that are in it.
        exact: those of them of which copies of the same samples only were looked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = VERSION
    task: str
    data: str
    clips: int
    near: bool
    too_plain: int
    leaked: tuple[str, ...]
    corpora: Mapping[str, tuple[str, ...]]
    exact: tuple[str, ...] = ()

    def affecting(self, record: Record) -> set[str]:
        """The test clips that a row's probe or backbone may know."""
        seen = (self.corpora.get(name, ()) for name in record.backbone.trained_on)
        return set(self.leaked).union(*seen)

    def to_json(self) -> str:
        """Indented, ending in a newline."""
        return self.model_dump_json(indent=1) + "\n"


def place(board: Path, task: str) -> Path:
    """Where the audit of a task lies."""
    return board / "audits" / f"{task}.json"


def read(board: Path, task: str) -> Audit | None:
    """The audit of a task; None where there was none.

    Raises:
        RecordError: the file is damaged.
    """
    path = place(board, task)
    try:
        return Audit.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        message = f"{path} is no audit; move it away and run bench audit {task} --board {board}"
        raise RecordError(message) from error
