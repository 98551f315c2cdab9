"""Processes begin where the parent is now, and Ctrl-C is the parent's."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks._processes import interrupts_deferred, processes


@pytest.mark.parametrize("preloaded", [(), ("statistics",)])
def test_a_process_begins_where_its_parent_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preloaded: tuple[str, ...]
) -> None:
    for value in ("one", "two"):
        (tmp_path / value).mkdir()
        monkeypatch.chdir(tmp_path / value)
        monkeypatch.setenv("BENCH_OF_THIS_TEST", value)
        with processes(1, preloaded=preloaded) as pool:
            assert pool.submit(os.getenv, "BENCH_OF_THIS_TEST").result() == value
            assert pool.submit(os.getcwd).result() == str(tmp_path / value)
        monkeypatch.delenv("BENCH_OF_THIS_TEST")
        with processes(1, preloaded=preloaded) as pool:
            assert pool.submit(os.getenv, "BENCH_OF_THIS_TEST").result() is None


@pytest.mark.parametrize("preloaded", [(), ("statistics",)])
def test_a_process_that_dies_is_an_error(preloaded: tuple[str, ...]) -> None:
    with (
        pytest.raises(RuntimeError, match="terminated abruptly"),
        processes(1, preloaded=preloaded) as pool,
    ):
        pool.submit(os._exit, 3).result()


SCRIPT = """
import os
from tasks._processes import processes
if __name__ == "__main__":
    with processes(1, preloaded=("statistics",)) as pool:
        print(pool.submit(os.path.abspath, "here").result())
"""


@pytest.mark.parametrize("temporary", ["short", "long" * 30])
def test_neither_the_working_folder_nor_that_of_temporary_files_matters(
    tmp_path: Path, temporary: str
) -> None:
    for name in ("scripts", temporary):
        (tmp_path / name).mkdir()
    (tmp_path / "scripts" / "script.py").write_text(SCRIPT)
    (tmp_path / "statistics.py").write_text("open('imported', 'w')")
    words = [sys.executable, str(tmp_path / "scripts" / "script.py")]
    path = os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    environment = {**os.environ, "TMPDIR": str(tmp_path / temporary), "PYTHONPATH": path}
    printed = subprocess.check_output(words, cwd=tmp_path, env=environment, text=True)
    assert printed == f"{tmp_path / 'here'}\n"
    assert not (tmp_path / "imported").exists()


def test_an_interrupt_while_processes_start_comes_after() -> None:
    """Whichever thread takes it."""
    ended = threading.Event()
    threading.Thread(target=ended.wait, daemon=True).start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = []

    def interrupted() -> None:
        with interrupts_deferred():
            os.kill(os.getpid(), signal.SIGINT)
            started.append("all")

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
        ended.set()
    assert started == ["all"]
