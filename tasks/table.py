"""`csv:<file>`: a table with a row a clip, as CSV, TSV or JSON lines."""

from tasks import Door, DoorError, Task, _rows, _table
from tasks._asked import parse


def open_table(rest: str) -> Task:
    """The task of a table.

    Args:
        rest: `<file>`, or `<file>?<option>=<value>&…`; `path`, `label`, `split`, `fold`, `group`,
            `start` and `seconds` name columns, an empty name says not to read one; `label` may
            name several with commas between them.

    Raises:
        DoorError: there is no such file or column, or a cell is not what its column takes.
    """
    asked = parse("csv", rest, _table.OPTIONS)
    if asked.path.is_dir():
        message = f"{asked.path} is a folder; it is opened with folder:{asked.path}"
        raise DoorError(message)
    if not asked.path.is_file() or asked.path.suffix.lower() not in _rows.SUFFIXES:
        message = f"{asked.path} is no table, expected a file *{' or *'.join(_rows.SUFFIXES)}"
        raise DoorError(message)
    return _table.task(asked, [asked.path])


door = Door(
    prefix="csv",
    summary="audio of your own in a table, a row a clip",
    example="csv:my-clips.csv",
    open=open_table,
)
