"""The guides' code is run as it stands, by a stranger who edits no file of ours."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[1] / "docs" / "guides"
FILE = re.compile(r"^```python (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = {
    "loudness.py": 40,
    "filters.py": 50,
    "waves.py": 60,
    "corpus.py": 20,
    "clips.py": 20,
    "network.py": 25,
    "elsewhere.py": 40,
}
NAMES = sorted(path.stem for path in GUIDES.glob("*.md"))


def call(command: str, folder: Path) -> str:
    """Run one `bench` or `python` command in a folder; its output."""
    program, *rest = shlex.split(command)
    words = [sys.executable, *(["-m", "bench"] if program == "bench" else []), *rest]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("guide", NAMES)
def test_a_guide_does_what_it_says(guide: str, tmp_path: Path) -> None:
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    files = FILE.findall(text)
    assert files
    for name, code in files:
        assert code.count("\n") <= MOST_LINES[name]
        (tmp_path / name).write_text(code, encoding="utf-8")
    commands = re.findall(r"^\$ (.*)$", "\n".join(CONSOLE.findall(text)), re.MULTILINE)
    assert any(command.startswith("bench run ") for command in commands)
    for command in commands:
        full = "--task tunes" in command and "@tiny" not in command
        tiny = f"{command} --preset tiny" if full else command
        call(tiny.replace("--preset small", "--preset tiny"), tmp_path)
    (page,) = tmp_path.glob("*/README.md")
    found = [record.stem for record in page.parent.glob("results/**/*.json")]
    assert len(found) == sum(command.startswith("bench run ") for command in commands)
    assert all(name in page.read_text(encoding="utf-8") for name in found)
