"""The board is the same for the same records, and compares only what can be compared."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench import board, registry
from bench.registry import Entry, Registry
from leaderboard import page, records, terminal
from leaderboard.board import Line, Suite
from tests.boards import card, put
from tests.toys import Toy, toy


def by_name(suite: Suite) -> dict[str, Line]:
    return {line.name: line for line in suite.lines}


def test_rows_have_letters_and_ranks(full: Path, known: Registry) -> None:
    (suite,) = board.suites(full, known)
    lines = by_name(suite)
    assert suite.lines[-1].name == "worst"
    for task in ("toys/one", "toys/two"):
        assert (lines["alike"].letters[task], lines["worst"].letters[task]) == ("a", "b")
        assert lines["same"].letters[task] == "a"
    rank = lines["worst"].rank
    assert rank is not None
    assert (rank.value, rank.low, rank.high) == (3.0, 1.0, 3.0)
    other = lines["alike"].rank
    assert other is not None
    assert 1 <= other.low <= other.value <= other.high <= 3
    assert other.low < other.high


def test_the_page_does_not_depend_on_the_order_in_which_records_came(
    full: Path, known: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    board.write(full, known)
    paths = [path for path in (full / "results").rglob("*") if path.is_file()]
    for seed in range(3):
        copy = tmp_path_factory.mktemp("copy")
        for index in np.random.default_rng(seed).permutation(len(paths)):
            path = paths[index]
            place = copy / path.relative_to(full)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
        board.write(copy, known)
        assert (copy / "README.md").read_bytes() == (full / "README.md").read_bytes()


def test_records_are_taken_in_order_whatever_the_file_system_says(
    full: Path, known: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.write(full, known)
    found = Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda *given: sorted(found(*given), reverse=True))
    assert not board.stale(full, known)


def test_a_page_is_fresh_until_it_or_a_record_changes(full: Path, known: Registry) -> None:
    assert board.stale(full, known)
    board.write(full, known)
    assert not board.stale(full, known)
    put(full, "worst", "toys/one", 0.3)
    assert board.stale(full, known)
    board.write(full, known)
    with (full / "README.md").open("a") as file:
        file.write("\n")
    assert board.stale(full, known)


def test_rows_on_other_clips_or_labels_are_shown_but_not_compared(
    full: Path, known: Registry
) -> None:
    put(full, "fewer", "toys/one", 0.85, clips=slice(100), skipped={"clip 100": "it is|silent"})
    put(full, "relabelled", "toys/one", 0.85, labels_seed=1)
    (suite,) = board.suites(full, known)
    lines = by_name(suite)
    for name in ("fewer", "relabelled"):
        assert "toys/one" in lines[name].records
        assert not lines[name].letters
        assert lines[name].rank is None
    assert lines["alike"].letters["toys/one"] == "a"
    text = page.render([suite], "bench leaderboard")
    assert r"- fewer: clips left out 1, the first clip 100 (it is\|silent)" in text


def test_of_two_rows_that_share_no_clips_that_on_more_has_the_letter(
    tmp_path: Path, known: Registry
) -> None:
    put(tmp_path, "a-few", "toys/one", 0.9, clips=slice(100))
    put(tmp_path, "b-all", "toys/one", 0.6)
    (suite,) = board.suites(tmp_path, known)
    assert [(line.name, line.letters) for line in suite.lines] == [
        ("b-all", {"toys/one": "a"}),
        ("a-few", {}),
    ]


def test_a_row_with_a_hole_has_no_rank_and_does_not_move_the_others(
    full: Path, known: Registry
) -> None:
    before = {line.name: line.rank for line in board.suites(full, known)[0].lines}
    put(full, "aardvark", "toys/one", 0.9)
    (suite,) = board.suites(full, known)
    assert {n: line.rank for n, line in by_name(suite).items() if n in before} == before
    assert suite.lines[-1].name == "aardvark"
    assert suite.lines[-1].rank is None
    assert suite.lines[-1].letters["toys/one"] == "a"
    assert "| aardvark" in page.scores(suite)


def test_a_task_that_is_not_registered_has_rows_without_letters(
    full: Path, known: Registry
) -> None:
    put(full, "alike", "toys/gone", 0.7)
    (suite,) = board.suites(full, known)
    line = by_name(suite)["alike"]
    assert "toys/gone" in line.records
    assert line.letters.keys() == {"toys/one", "toys/two"}
    assert all(each.rank is None for each in suite.lines)


def test_a_single_row_is_a_board(tmp_path: Path, known: Registry) -> None:
    put(tmp_path, "alone", "toys/one", 0.8)
    (suite,) = board.write(tmp_path, known)
    (line,) = suite.lines
    assert line.letters == {"toys/one": "a"}
    assert line.rank is not None
    assert (line.rank.value, line.rank.low, line.rank.high) == (1, 1, 1)


def test_no_record_is_an_empty_board(tmp_path: Path, known: Registry) -> None:
    assert board.write(tmp_path, known) == []
    assert not board.stale(tmp_path, known)


def test_a_task_without_suite_is_shown_under_its_data_set(tmp_path: Path) -> None:
    put(tmp_path, "alone", "toys/one", 0.8)
    path = records.place(tmp_path / "results", "tuned-v1", "toys/one", "alone")
    path.write_text(path.read_text().replace('"toys"\n', "\n"))
    assert [suite.name for suite in board.suites(tmp_path, registry.Registry())] == ["toys"]


def test_a_leak_is_marked_in_its_cell_alone(full: Path, known: Registry) -> None:
    known.tasks.entries["toys/one"] = Entry(card("toys/one", "seen"), Path(__file__))
    put(full, "alike", "toys/one", 0.85, leak=("seen",))
    (suite,) = board.suites(full, known)
    lines = by_name(suite)
    assert page.SEEN in page.cell(lines["alike"], "toys/one")
    assert page.SEEN not in page.cell(lines["alike"], "toys/two")
    assert page.SEEN not in page.cell(lines["same"], "toys/one")
    assert page.SEEN in drawn(suite, 120)


def test_every_table_of_the_page_has_as_many_cells_in_each_row(full: Path, known: Registry) -> None:
    text = page.render(board.suites(full, known), "bench leaderboard")
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) == 1 + 2 * (2 + 1) + 1
    for table in tables:
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(bars) == 1
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.count("Doe, 2020") == 3
    assert "bench run -b worst -t toys/two" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def drawn(suite: Suite, width: int) -> str:
    """The table as a terminal of that width shows it."""
    console = Console(width=width, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(terminal.table(suite))
    return capture.get()


def short(letters: str) -> str:
    """As the table has them."""
    return letters if len(letters) <= 3 else f"{letters[0]}–{letters[-1]}"


def test_seven_tasks_and_ten_backbones_fit_on_120_columns_one_line_a_row(
    tmp_path: Path, known: Registry
) -> None:
    names = ("type", "meter", "tonic", "tempo", "tags", "instrument", "pitch")
    tasks = [f"{'tunes' if i < 5 else 'notes'}/{name}" for i, name in enumerate(names)]
    for task in tasks:
        known.tasks.add(card(task, "seen"), Path(__file__))
        for i in range(10):
            put(tmp_path, f"mulap-[a]-{i}", task, 0.5 + i / 25, leak=["seen"] * (i == 3))
    (suite,) = board.suites(tmp_path, known)
    text = drawn(suite, 120)
    rows = {row.split()[0]: row for row in text.splitlines() if "mulap-[a]-" in row}
    assert list(rows) == [line.name for line in suite.lines]
    for line in suite.lines:
        assert rows[line.name].count("±") == 7
        assert rows[line.name].count(page.SEEN) == 7 * (line.name == "mulap-[a]-3")
        for task in tasks:
            assert f" {short(line.letters[task])} " in f"{rows[line.name]} "
    for name in names:
        assert name in text


def test_a_lopsided_interval_is_written_with_its_ends(full: Path, known: Registry) -> None:
    put(full, "perfect", "toys/one", 1.0)
    shown = drawn(board.suites(full, known)[0], 120)
    assert re.search(r"perfect +– +100.0 \[9\d\.\d, 100\.0\] a", shown)
    assert re.search(r"worst +\S+ +\d\d\.\d±\d", shown)


def test_few_groups_are_warned_of(full: Path, known: Registry) -> None:
    text = page.render(board.suites(full, known), "c")
    assert "intervals are rough" not in text
    for name in ("alike", "same", "worst"):
        put(full, name, "toys/one", 0.8, groups=[f"song {i % 4}" for i in range(120)])
    text = page.render(board.suites(full, known), "c")
    assert text.count("With fewer than 10 groups its intervals are rough.") == 1


def test_groups_of_which_one_has_nearly_all_clips_are_worth_few(
    full: Path, known: Registry
) -> None:
    assert "of equal size" not in page.render(board.suites(full, known), "c")
    for name in ("alike", "same", "worst"):
        put(full, name, "toys/one", 0.8, groups=[f"song {max(i, 90)}" for i in range(120)])
    text = page.render(board.suites(full, known), "c")
    worth = 120**2 / (91**2 + 29)
    assert f"the last in 30 groups, worth {worth:.1f} of equal size. **With fewer" in text


def test_rows_that_other_weights_replace_are_named(tmp_path: Path) -> None:
    pins = [f"file:{place}?checksum=sha256:{digit * 64}" for place, digit in ("a1", "b1", "b2")]
    put(tmp_path, "net", "toys/one", 0.8)
    place = records.place(tmp_path / "results", "tuned-v1", "toys/one", "net")
    fields = json.loads(place.read_text())
    fields["provenance"]["weights"] = pins[0]
    place.write_text(json.dumps(fields))
    net = replace(toy, name="net", weights=pins[0], load=lambda _: Toy())
    tasks = [card("toys/one"), card("toys/two")]
    moved, other = (replace(net, weights=pin) for pin in pins[1:])
    assert board.replaced(tmp_path, "tuned-v1", [moved], tasks) == []
    (said,) = board.replaced(tmp_path, "tuned-v1", [other], tasks)
    expected = f"rows of other weights ({'1' * 12}…) are replaced by those of {'2' * 12}…"
    assert said.startswith(f"net: {expected}, such as toys/one; give one another name")


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [(0, "–"), (1, "1"), (4812, "4,812"), (60_379, "0.06 M"), (472_448, "0.47 M")],
)
def test_a_small_network_is_not_shown_as_of_no_parameters(
    parameters: int, shown: str, tmp_path: Path, known: Registry
) -> None:
    put(tmp_path, "small", "toys/one", 0.9)
    (path,) = (tmp_path / "results").rglob("*.json")
    record = json.loads(path.read_text())
    record["backbone"]["parameters"] = parameters
    path.write_text(json.dumps(record))
    text = page.render(board.suites(tmp_path, known), "bench leaderboard")
    (row,) = (line for line in text.splitlines() if line.startswith("| small") and "MIT" in line)
    assert row.split("|")[4].strip() == shown
