"""What the command line says, to whom, and how it exits."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from bench import provenance, registry
from tests.commands import LINEAR, TOY, bench


def test_a_run_prints_the_board_and_writes_it(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR)
    code, out, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "level" in out
    assert "encoding with level" in err
    page = toy.with_name("leaderboard") / "README.md"
    assert "| level " in page.read_text(encoding="utf-8")


def test_a_second_run_encodes_nothing_and_scores_the_same(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--json")
    _, first, _ = bench(*words, capsys=capsys)
    toy.with_name("patience").touch()
    code, second, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "encoding" not in err
    (before,), (after,) = json.loads(first)["outcomes"], json.loads(second)["outcomes"]
    assert (before["status"], after["status"]) == ("done", "kept")
    assert before["record"] == after["record"]


def test_json_is_one_document(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("list", "--json"),
        ("list", "tasks", "--json", "-i", str(toy)),
        ("show", "toys/loud", "--json", "-i", str(toy)),
        ("show", "musicnn-msd", "--json"),
        ("data", "check", "toys/loud", "--json", "-i", str(toy)),
        ("doctor", "--json"),
    ):
        code, out, err = bench(*words, capsys=capsys)
        assert code == 0, err
        json.loads(out)


def test_show_says_how_the_embedded_tasks_are_split_and_leaves_no_blank(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [entry for entry in registry.find().tasks if entry.card.data.make is not None]
    assert {entry.card.data.name for entry in entries} >= {"tunes", "notes", "notes-recorded"}
    assert all(entry.card.split_from and entry.card.grouped_by for entry in entries)
    _, out, _ = bench("show", "toys/loud", "-i", str(toy), capsys=capsys)
    rows = [line.split(maxsplit=2) for line in out.splitlines()]
    assert ["split", "from", "–"] in [[word.strip() for word in row] for row in rows]


def test_show_has_the_counts_of_a_split(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("show", "toys/loud", "--json", "-i", str(toy), capsys=capsys)
    assert json.loads(out)["counts"] == {"train": 20, "validation": 20, "test": 20}


def test_a_leak_is_recorded(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--json", capsys=capsys)
    assert json.loads(out)["outcomes"][0]["record"]["leak"] == ["toys"]
    assert "†" in (toy.with_name("leaderboard") / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("toy")
def test_a_mismatch_is_a_skipped_row(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("run", "-b", "level", "--suite", "toys", *LINEAR, capsys=capsys)
    assert code == 0
    reason = "toys/when asks about time, level gives one vector a window"
    assert f"level × toys/when: skipped ({reason})" in out


def test_a_failure_is_a_failed_row_and_exit_1(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.with_name("patience").touch()
    words = ("run", "-b", "level", "-b", "melstats", "-t", "toys/loud", *LINEAR)
    code, out, err = bench(*words, capsys=capsys)
    assert code == 1
    assert "level × toys/loud: failed (RuntimeError: out of patience (traceback in " in out
    assert "Traceback" not in out + err
    assert "melstats" in out


def test_a_backbone_that_cannot_be_opened_does_not_stop_the_others(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.with_name("unfinished").mkdir()
    broken = ("torchscript:none.pt?rate=8000", "./unfinished")
    words = ("run", "-b", broken[0], "-b", "level", "-b", broken[1], "-t", "toys/loud", *LINEAR)
    code, out, err = bench(*words, capsys=capsys)
    assert code == 1
    assert f"{broken[0]}: none.pt is no file\n" in err
    assert f"{broken[0]} × toys/loud: failed ({broken[0]}: none.pt is no file)" in out
    assert f"{broken[1]} × toys/loud: failed (unfinished holds no record.json" in out
    assert "1 row of this run" in out


@pytest.mark.usefixtures("toy")
def test_backbones_none_of_which_can_be_opened_are_a_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("run", "-b", "torchscript:one.pt", "-b", "torchscript:two.pt", "-t", "toys/loud")
    code, out, err = bench(*words, *LINEAR, capsys=capsys)
    assert (code, out) == (2, "")
    assert "one.pt is no file; torchscript:two.pt: two.pt is no file" in err


def test_a_run_without_a_row_makes_no_board(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy.with_name("patience").touch()
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert "out of patience" in out
    assert not toy.with_name("leaderboard").exists()


def test_a_row_of_other_weights_is_not_replaced_in_silence(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR)
    _, _, err = bench(*words, capsys=capsys)
    assert "other weights" not in err
    row = next(toy.parent.rglob("level.json"))
    fields = json.loads(row.read_text())
    fields["provenance"]["weights"] = f"file:older?checksum=sha256:{'1' * 64}"
    row.write_text(json.dumps(fields))
    _, _, err = bench(*words, capsys=capsys)
    assert "level: rows of other weights (111111111111…) are replaced by those of none" in err


def test_a_stale_page_is_exit_1(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    words = ("leaderboard", "--check", "-i", str(toy))
    assert bench(*words, capsys=capsys)[0] == 0
    with (toy.with_name("leaderboard") / "README.md").open("a") as page:
        page.write("edited\n")
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 1
    assert "stale" in out
    assert bench("leaderboard", "-i", str(toy), capsys=capsys)[0] == 0
    assert bench(*words, capsys=capsys)[0] == 0


def test_check_runs_the_contracts(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("check", "level", "-i", str(toy), capsys=capsys)
    assert code == 0
    assert "ok     features are finite" in out
    toy.with_name("patience").touch()
    code, out, _ = bench("check", "level", "-i", str(toy), capsys=capsys)
    assert code == 1
    assert "FAILED features are finite RuntimeError: out of patience" in out


def test_check_of_a_task_says_when_its_data_are_not_there(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = bench("check", "toys/loud", "-i", str(toy), capsys=capsys)
    assert code == 0
    assert "only the card is checked" in out
    bench("data", "fetch", "toys/loud", "-i", str(toy), capsys=capsys)
    _, out, _ = bench("check", "toys/loud", "-i", str(toy), capsys=capsys)
    assert "ok     files are there" in out


def test_an_included_file_finds_its_neighbours_and_prints_nothing_of_ours(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.with_name("beside_toy.py").write_text("print('hello')\nRATE = 8000\n")
    toy.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from beside_toy import RATE\n@dataclass\nclass Mine:\n    rate: int = RATE\n" + TOY
    )
    code, out, err = bench("list", "tasks", "--json", "-i", str(toy), "-i", str(toy), capsys=capsys)
    assert code == 0, err
    assert "toys/loud" in {task["name"] for task in json.loads(out)["tasks"]}
    assert "hello" in err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("--version", capsys=capsys)
    assert (code, out) == (0, f"{metadata.version('mulap-bench')}\n")
    code, out, err = bench(capsys=capsys)
    assert (code, err) == (0, "")
    assert "leaderboard" in out


@pytest.mark.usefixtures("toy")
def test_a_run_that_gives_no_row_is_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("run", "-b", "level", "-t", "toys/when", *LINEAR, capsys=capsys)
    assert code == 1
    assert "skipped" in out


def test_an_older_row_is_not_shown_as_the_failed_pair_s(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "-b", "level", "-b", "melstats", "-t", "toys/loud", *LINEAR)
    bench(*words, capsys=capsys)
    toy.write_text(toy.read_text() + "\nRENEWED = True\n")
    provenance.code_digest.cache_clear()
    toy.with_name("patience").touch()
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 1
    assert "toys/loud: failed (RuntimeError: out of patience" in out
    assert "; its row is of an earlier run" in out


@pytest.mark.usefixtures("toy")
def test_a_board_is_not_rendered_without_its_cards(capsys: pytest.CaptureFixture[str]) -> None:
    bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    for words in (("leaderboard",), ("leaderboard", "--check")):
        code, _, err = bench(*words, capsys=capsys)
        assert code == 2
        assert "leaderboard has rows of toys/loud, not known here; name their files" in err


def test_checks_take_patterns(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("check", "toys/l*", "lev*", "-i", str(toy), capsys=capsys)
    assert code == 0, out
    for name in ("toys/loud", "level"):
        assert f"{name}\n" in out


def test_a_preset_has_a_board_of_its_own(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = toy.read_text() + "\nfrom dataclasses import replace\n"
    toy.write_text(text + 'small = replace(loud, name="toys/loud@tiny")\n')
    words = ("run", "-b", "level", "-t", "toys/loud", "--preset", "tiny", *LINEAR)
    assert bench(*words, capsys=capsys)[0] == 0
    assert (toy.parent / "leaderboard-tiny" / "README.md").is_file()
    assert not (toy.parent / "leaderboard").exists()


@pytest.mark.usefixtures("toy")
def test_a_table_is_as_wide_as_it_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = []
    for columns in ("60", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        _, out, _ = bench("list", "backbones", capsys=capsys)
        widths.append(max(len(line) for line in out.splitlines()))
    assert widths == [60, 120]


@pytest.mark.usefixtures("toy")
def test_a_plug_in_that_exits_is_a_failed_row(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_text(toy.read_text().replace('RuntimeError("out of patience")', "SystemExit(0)"))
    toy.with_name("patience").touch()
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert "level × toys/loud: failed (SystemExit: 0" in out


def test_doctor_promises_clients_and_no_source(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("doctor", "--json", capsys=capsys)
    found = json.loads(out)
    assert found["clients"]["generic"] == "ok"
    assert "sources" not in found
    _, out, _ = bench("doctor", "--help", capsys=capsys)
    assert "No source is asked" in out


LAYERS = """
from dataclasses import replace
names = ("in", "block0", "block1", "block2", "block4", "block5", "a", "b", "out")
layers = tuple(Layer(name, 7 if name == "out" else 1024, 62.5) for name in names)
level = replace(level, layers=(*layers, Layer("pool", 7)), default="pool")
"""


def test_show_has_layers_that_are_counted_up_in_one_word(
    toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    toy.write_text(TOY + LAYERS)
    _, out, _ = bench("show", "level", "-i", str(toy), capsys=capsys)
    (line,) = (line for line in out.splitlines() if line.startswith(" layers "))
    assert line.removeprefix(" layers ").strip() == (
        "in: 1,024 at 62.5 Hz; block0 … block2: 1,024 at 62.5 Hz; "
        "block4 … block5: 1,024 at 62.5 Hz; a: 1,024 at 62.5 Hz; b: 1,024 at 62.5 Hz; "
        "out: 7 at 62.5 Hz; pool: 7"
    )
