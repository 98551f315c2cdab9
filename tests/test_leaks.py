"""An audit marks the cells that it is about, and shows the score without what leaks."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import board, recording
from bench.registry import Registry
from bench.rows import BoardError
from leaderboard import audits, page, records, terminal
from leaderboard.audits import Audit
from leaderboard.board import Line, Suite
from leaderboard.records import Predictions
from tests.audits import LEAKY, melody
from tests.boards import card
from tests.commands import bench

Capture = pytest.CaptureFixture[str]

HARD = tuple(f"clip {i:03}" for i in range(30))
TASK = "toys/one"


def audit(folder: Path, *leaked: str, data: str = "d", **corpora: tuple[str, ...]) -> None:
    """Write the audit of a task."""
    found = Audit(
        task=TASK, data=data, clips=1374, near=True, too_plain=2, leaked=leaked, corpora=corpora
    )
    place = audits.place(folder, TASK)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(found.to_json())


def shown(folder: Path, known: Registry) -> tuple[Suite, dict[str, Line]]:
    (suite,) = board.suites(folder, known)
    return suite, {line.name: line for line in suite.lines}


def test_a_cell_with_leaks_is_marked_and_shows_the_score_without_them(
    full: Path, known: Registry
) -> None:
    audit(full, *HARD)
    suite, lines = shown(full, known)
    file = records.place(full / "results", "tuned-v1", TASK, "same").with_suffix(".npz")
    whole = Predictions.load(file)
    kept = ~np.isin(whole.ids, HARD)
    parts = (whole.ids[kept], whole.groups[kept], whole.truth[kept], whole.scores[:, kept])
    expected = recording.score(card(TASK).primary, Predictions(*parts), 2)
    clean = lines["same"].clean[TASK]
    assert clean.left_out == 30
    assert clean.score == expected
    rest = f"<sub>{100 * expected.value:.1f} [{100 * expected.low:.1f}, {100 * expected.high:.1f}]"
    cell = page.cell(lines["same"], TASK)
    assert f"{rest} without 30 clips</sub>" in cell
    assert page.LEAK in cell
    assert page.LEAK not in page.cell(lines["same"], "toys/two")
    marked = [str(text) for text in terminal.table(suite).columns[2].cells]
    assert all(page.LEAK in each for each in marked)
    text = page.render([suite], "c")
    assert "2 are too plain to tell: 30 test clips are in another split too." in text
    assert text.count("Not audited for leaks.") == 1


def test_an_audit_that_finds_nothing_says_so_and_marks_nothing(full: Path, known: Registry) -> None:
    audit(full)
    suite, lines = shown(full, known)
    assert not any(line.clean for line in lines.values())
    assert "among 1,374 clips; 2 are too plain to tell: 0 test clips" in page.render([suite], "c")


def test_a_corpus_marks_the_rows_that_were_trained_on_it(full: Path, known: Registry) -> None:
    audit(full, mtt=HARD[:7], other=HARD)
    suite, lines = shown(full, known)
    assert {name: line.clean[TASK].left_out for name, line in lines.items()} == dict.fromkeys(
        lines, 7
    )
    assert "0 test clips are in another split too, 7 are in mtt, 30 are in other." in page.render(
        [suite], "c"
    )
    audit(full, other=HARD)
    assert not any(line.clean for line in shown(full, known)[1].values())


def test_where_all_clips_leak_there_is_no_score_without_them(full: Path, known: Registry) -> None:
    audit(full, *(f"clip {i:03}" for i in range(120)))
    _, lines = shown(full, known)
    assert "no score without 120 clips" in page.cell(lines["same"], TASK)


@pytest.mark.parametrize(("leaked", "data"), [(("clip 000",), "other"), (("stranger",), "d")])
def test_an_audit_of_other_clips_stops_the_board(
    full: Path, known: Registry, leaked: tuple[str, ...], data: str
) -> None:
    audit(full, *leaked, data=data)
    with pytest.raises(BoardError, match=r"audit of toys/one is of other clips .* bench audit"):
        board.suites(full, known)


def test_a_damaged_audit_stops_the_board_by_name(full: Path, known: Registry) -> None:
    audit(full)
    place = audits.place(full, TASK)
    place.write_text(place.read_text()[:-20])
    with pytest.raises(BoardError, match=rf"{re.escape(str(place))} is no audit; move it away"):
        board.suites(full, known)


def test_the_command_marks_the_board_and_keeps_what_it_knew(
    toy: Path, tmp_path: Path, capsys: Capture
) -> None:
    toy.write_text(LEAKY)
    place = tmp_path / "board"
    common = ("-i", str(toy), "--board", str(place))
    pair = ("-b", "level", "-t", "leaky/all", "--on-bad-audio", "skip")
    assert bench("run", *pair, "--trials", "2", "--seeds", "1", *common, capsys=capsys)[0] == 0
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    soundfile.write(corpus / "copy.wav", melody(18), 8000)
    words = ("audit", "leaky/all", *common)
    named = ("--corpus", str(corpus), "--corpus-name", "other")
    assert bench(*words, *named, capsys=capsys)[0] == 1
    assert bench(*words, capsys=capsys)[0] == 1
    found = json.loads(audits.place(place, "leaky/all").read_text())
    assert set(found["leaked"]) == {"copy", "coded", "cut", "part", "20"}
    assert found["corpora"] == {"other": ["18"]}
    assert "without 6 clips" in (place / "README.md").read_text(encoding="utf-8")
    assert bench("leaderboard", "--check", *common, capsys=capsys)[0] == 0
    assert bench(*words, *named[:3], "OTHER", "--no-near", capsys=capsys)[0] == 1
    again = json.loads(audits.place(place, "leaky/all").read_text())
    assert again == found
    code, _, err = bench(*words, *named[:3], "third", "--no-near", capsys=capsys)
    assert code == 1
    assert "no card was trained on 'third': see --corpus-name, by which rows are marked." in err
    assert json.loads(audits.place(place, "leaky/all").read_text())["exact"] == ["third"]
    assert "1 are in third (exact copies only)" in (place / "README.md").read_text("utf-8")
    audits.place(place, "leaky/all").write_text("{}")
    code, _, err = bench(*words, capsys=capsys)
    assert code == 2
    assert "is no audit" in err
