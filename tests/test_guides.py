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
MOST_LINES = {"loudness.py": 40, "filters.py": 50, "waves.py": 60}
NAMES = sorted(path.stem for path in GUIDES.glob("*.md"))


def bench(command: str, folder: Path) -> str:
    """Run one `bench` command in a folder; its output."""
    words = [sys.executable, "-m", "bench", *shlex.split(command)]
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
    commands = re.findall(r"^\$ bench (.*)$", "\n".join(CONSOLE.findall(text)), re.MULTILINE)
    assert any(command.startswith("run ") for command in commands)
    for command in commands:
        tiny = f"{command} --preset tiny" if "--task tunes" in command else command
        bench(tiny, tmp_path)
    (page,) = tmp_path.glob("leaderboard*/README.md")
    found = [record.stem for record in page.parent.glob("results/**/*.json")]
    assert len(found) == sum(command.startswith("run ") for command in commands)
    assert all(name in page.read_text(encoding="utf-8") for name in found)
