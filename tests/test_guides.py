"""The guides' code is run as it stands, by a stranger who edits no file of ours."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bench import registry
from leaderboard.published import published
from tasks import Split
from tests.commands import bench

pytestmark = pytest.mark.no_cover

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
OTHERS_DATA = ("magnatagatune",)
"""Guides whose data have to be fetched by hand; what needs none of them is run."""

NAMES = sorted({path.stem for path in GUIDES.glob("*.md")} - {*OTHERS_DATA})


def call(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run one `bench` or `python` command in this folder; its output."""
    program, *rest = shlex.split(command)
    if program == "bench":
        code, out, err = bench(*rest, capsys=capsys)
        assert code == 0, out + err
        return out
    done = subprocess.run([sys.executable, *rest], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("guide", NAMES)
def test_a_guide_does_what_it_says(
    guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
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
        call(tiny.replace("--preset small", "--preset tiny"), capsys)
    (page,) = tmp_path.glob("*/README.md")
    found = [record.stem for record in page.parent.glob("results/**/*.json")]
    assert len(found) == sum(command.startswith("bench run ") for command in commands)
    assert all(name in page.read_text(encoding="utf-8") for name in found)


@pytest.mark.parametrize("guide", OTHERS_DATA)
def test_a_guide_to_data_of_others_names_what_there_is(
    guide: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    for command in re.findall(r"^\$ (.*)$", "\n".join(CONSOLE.findall(text)), re.MULTILINE):
        assert call(command, capsys)
    cards = registry.find()
    named = re.findall(r"--task (\S+)|data check (\S+)|^\| `(\S+)`", text, re.MULTILINE)
    tasks = [cards.tasks["".join(each)].card for each in named]
    assert {task.name for task in tasks} == {"magnatagatune/clean", "magnatagatune/12-1-3"}
    for task in tasks:
        assert " / ".join(f"{task.counts[split]:,}" for split in Split) in text
    run = set(re.findall(r"--backbone (\S+)", text))
    assert run <= cards.backbones.entries.keys()
    asked = set(re.findall(r"^bench compare (\w\S*) (\S+)$", text, re.MULTILINE)[0])
    assert asked <= run
    columns = published().columns
    heard = {name for name, column in columns.items() if column.task in {t.name for t in tasks}}
    models = [model for model in published().models if run & {*model.backbones}]
    assert any(heard & model.scores.keys() for model in models), "--published would be empty"
