"""Real interrupts and kills of real processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.commands import LINEAR, TOY

INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have turned it off
from bench import cli
cli.main()
"""

A_MINUTE = "import time; [time.sleep(0.1) for _ in range(600)]"
"""An interrupt that comes between Python's last look and a sleep waits for the end of the sleep."""


def test_ctrl_c_says_how_to_go_on(toy: Path) -> None:
    """A real interrupt of a real process in the middle of encoding."""
    slow = toy.read_text().replace(
        "        return {",
        f'        Path("begun").touch()\n        {A_MINUTE}\n        return {{',
    )
    toy.write_text(slow)
    words = [sys.executable, "-c", INTERRUPTIBLE, "run", "-b", "level", "-t", "toys/loud", *LINEAR]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=toy.parent)
    while not toy.with_name("begun").exists():
        assert process.poll() is None
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted. What is finished is kept; the same command goes on from there." in err
    assert "Traceback" not in err


SLOW_START = """
import os, sys, time
from pathlib import Path
if "spawn_main" in " ".join(sys.orig_argv):
    Path(f"{os.getpid()}.begun").touch()
    time.sleep(60)
"""


def test_ctrl_c_in_a_process_that_loads_weights_is_one_line(toy: Path) -> None:
    """A real interrupt of all processes that a terminal would interrupt."""
    toy.write_text(
        TOY + "import hashlib\nfrom dataclasses import replace\n"
        "pin = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()\n"
        "loaded = replace(level, name='loaded', load=lambda path: Level(), weights_licence='l',\n"
        "    weights=f'file:{__file__}?checksum=sha256:{pin}')\n"
    )
    toy.with_name("sitecustomize.py").write_text(SLOW_START)
    path = os.pathsep.join([str(toy.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [sys.executable, "-c", INTERRUPTIBLE, "check", "loaded", "--weights", "-i", "toy.py"]
    process = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        cwd=toy.parent,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    while not list(toy.parent.glob("*.begun")):
        assert process.poll() is None
    os.killpg(process.pid, 2)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    (line,) = err.strip().splitlines()
    assert line.startswith("bench: interrupted.")


RENDERS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tasks import _render
with _render.workers([], 2) as pool:
    _render.each(pool, abs, range(8), lambda _done, _total: None)
"""


def test_ctrl_c_while_data_are_made_ends_all_processes(tmp_path: Path) -> None:
    """A real interrupt of all processes that a terminal would interrupt, while they start."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_START)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-c", RENDERS],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    while len(found := list(tmp_path.glob("*.begun"))) < 2:
        assert process.poll() is None
    os.killpg(process.pid, 2)
    _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert err.count("Traceback") == err.count("KeyboardInterrupt") == 1
    assert not any(alive(int(each.stem)) for each in found)


def test_workers_end_with_a_parent_that_is_killed(toy: Path) -> None:
    """A real kill of a real run while its processes probe."""
    slow = (
        TOY + "\nimport multiprocessing, os, time\n"
        "if multiprocessing.parent_process() is not None:\n"
        "    Path(__file__).with_name(f'{os.getpid()}.pid').touch()\n"
        "    time.sleep(60)\n"
    )
    toy.write_text(slow)
    words = [sys.executable, "-m", "bench", "run", "-b", "level", "-t", "toys/loud", *LINEAR]
    parent = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd=toy.parent)
    while not list(toy.parent.glob("*.pid")):
        assert parent.poll() is None
        time.sleep(0.1)
    (worker,) = (int(path.stem) for path in toy.parent.glob("*.pid"))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(worker)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
