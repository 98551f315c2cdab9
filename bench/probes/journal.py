"""The file in which the finished trials of a search lie."""

import os
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock


def opened(journal: Path) -> optuna.Study:
    """The stored study; the caller holds a lock, so one that lies beside it is a dead process's.

    So is a last line without an end, which Optuna could not read. A file that is damaged elsewhere
    is begun anew.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.is_file():
        whole = journal.read_bytes().rpartition(b"\n")
        os.truncate(journal, len(whole[0]) + len(whole[1]))
    try:
        return _study(journal)
    except (ValueError, LookupError, TypeError, AttributeError):
        journal.unlink()
        return _study(journal)


def _study(journal: Path) -> optuna.Study:
    backend = JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal)))
    return optuna.create_study(
        study_name="search",
        storage=JournalStorage(backend),
        direction="maximize",
        load_if_exists=True,
    )
