"""Plug-ins that misbehave do not take others, the output or a stranger's files with them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import LINEAR, TOY, bench

Capture = pytest.CaptureFixture[str]

RUN = ("run", "-b", "level", "-t", "toys/loud", *LINEAR)


def test_an_error_of_a_plug_ins_own_class_fails_its_pair_alone(toy: Path, capsys: Capture) -> None:
    toy.write_text(
        "from dataclasses import replace\n"
        + TOY
        + """
class Sulky(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def sulk(truth, scores, weights):
    raise Sulky("no", "never")

sulks = replace(loud, name="toys/sulks", metrics=(replace(ACCURACY, function=sulk),))
"""
    )
    words = ("run", "-b", "level", "-t", "toys/sulks", "-t", "toys/loud", *LINEAR, "--json")
    code, out, _ = bench(*words, capsys=capsys)
    sulks, loud = json.loads(out)["outcomes"]
    assert code == 1
    assert sulks["reason"].startswith("Sulky: no and never (traceback in ")
    assert loud["status"] == "done"
    log = Path(sulks["reason"].partition("traceback in ")[2].rstrip(")"))
    assert 'raise Sulky("no", "never")' in log.read_text("utf-8")


def test_what_plug_ins_print_is_not_part_of_the_document(toy: Path, capfd: Capture) -> None:
    loquacious = TOY.replace("PATIENCE = Path", 'print("top")\nPATIENCE = Path')
    for line in ("        if PATIENCE", "    for number in range"):
        indent = " " * (len(line) - len(line.lstrip()))
        loquacious = loquacious.replace(line, f'{indent}print("hello")\n{line}')
    metric = """
from dataclasses import replace
def own(truth, scores, weights):
    print("metric")
    return ACCURACY.function(truth, scores, weights)
loud = replace(loud, metrics=(replace(ACCURACY, function=own),))
"""
    toy.write_text(loquacious + metric)
    code, out, err = bench(*RUN, "--json", capsys=capfd)
    assert code == 0, err
    assert json.loads(out)["outcomes"][0]["status"] == "done"
    assert {"top", "hello", "metric"} <= set(err.split())
    code, out, _ = bench("data", "check", "toys/loud", "--json", "-i", str(toy), capsys=capfd)
    assert json.loads(out)[0]["unusable"] == []


def test_a_page_of_somebody_else_is_left_alone(toy: Path, capsys: Capture) -> None:
    page = toy.with_name("README.md")
    page.write_text("# Leaderboard\n\nof chess\n")
    code, out, err = bench(*RUN, "--board", str(toy.parent), capsys=capsys)
    assert (code, out) == (2, "")
    assert f"{page} is no leaderboard of ours; choose another folder with --board" in err
    assert page.read_text() == "# Leaderboard\n\nof chess\n"
    assert not toy.with_name("results").exists()


def test_a_board_is_not_rendered_without_the_cards_of_its_rows(toy: Path, capsys: Capture) -> None:
    bench(*RUN, capsys=capsys)
    before = (toy.with_name("leaderboard") / "README.md").read_bytes()
    code, _, err = bench("run", "-b", "melstats", "-t", "tunes/type@tiny", capsys=capsys)
    assert code == 2
    assert "leaderboard has rows of toys/loud, not known here; name their files" in err
    assert (toy.with_name("leaderboard") / "README.md").read_bytes() == before


@pytest.mark.parametrize(
    ("pattern", "spoil"),
    [
        ("probes/*/record-*", b""),
        ("probes/*/*-trials*", b"\0" * 300),
        ("probes/*/study.log", b"{}\n"),
        ("probes/*/study.log", b"\0" * 300 + b"\n"),
        ("digests.sqlite", b"\0" * 300),
    ],
)
def test_a_damaged_cache_is_mended_and_gives_the_same_score(
    toy: Path, capsys: Capture, pattern: str, spoil: bytes
) -> None:
    words = ("run", "-b", "level", "-t", "toys/loud", "--trials", "14", "-i", "toy.py")
    bench(*words, capsys=capsys)
    place = next(toy.with_name("leaderboard").rglob("level.json"))
    before = json.loads(place.read_text())
    cache = toy.with_name("cache")
    damaged = list(cache.glob(pattern))
    assert damaged
    for path in (*cache.glob("probes/*/record-*"), *cache.glob("probes/*/*-trials*")):
        path.unlink()
    for path in damaged:
        path.write_bytes(spoil)
    code, _, err = bench(*words, capsys=capsys)
    assert code == 0, err
    after = json.loads(place.read_text())
    assert after["scores"] == before["scores"]
    assert after["search"] == before["search"]


def test_check_takes_a_pattern_of_backbones_and_tasks(toy: Path, capsys: Capture) -> None:
    _, out, _ = bench("check", "*lo*d*", "l*v*l", "-i", str(toy), capsys=capsys)
    assert "level\nok     card is complete" in out
    assert "toys/loud\n" in out


def test_a_board_stays_where_it_was_asked_for_if_a_plug_in_goes_elsewhere(
    toy: Path, tmp_path: Path, capsys: Capture
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    wandering = f"        import os; os.chdir({str(elsewhere)!r})\n        if PATIENCE"
    toy.write_text(TOY.replace("        if PATIENCE", wandering))
    code, out, _ = bench(*RUN, "--board", "mine", "--json", capsys=capsys)
    assert code == 0
    assert json.loads(out)["board"] == str(Path("mine") / "README.md")
    assert (tmp_path / "mine" / "README.md").is_file()
    assert not [*elsewhere.glob("*.md"), *elsewhere.glob("results")]


@pytest.mark.parametrize(
    "harm", ['os.write(1, b"noise")', "os.path.exists('/dev/fd/1') and os.close(1)"]
)
def test_a_library_that_writes_to_the_descriptor_does_not_spoil_the_document(
    toy: Path, harm: str
) -> None:
    noisy = f"        import os; {harm}\n        if PATIENCE"
    toy.write_text(TOY.replace("        if PATIENCE", noisy))
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *RUN, "--json"],
        capture_output=True,
        check=True,
        cwd=toy.parent,
    )
    assert json.loads(ended.stdout)["outcomes"][0]["status"] == "done"


@pytest.mark.parametrize("error", ["GeneratorExit", "SystemExit(3)", "BaseException('odd')"])
def test_no_exception_of_a_plug_in_is_a_stack_trace(toy: Path, capsys: Capture, error: str) -> None:
    toy.write_text(
        TOY.replace("        if PATIENCE", f"        raise {error}\n        if PATIENCE")
    )
    code, out, err = bench(*RUN, "--json", capsys=capsys)
    assert code == 1
    (outcome,) = json.loads(out)["outcomes"]
    assert outcome["status"] == "failed"
    assert outcome["reason"].startswith(error.partition("(")[0])
    assert "Traceback" not in err


def test_many_seeds_have_a_place(toy: Path, capsys: Capture) -> None:
    assert toy.is_file()
    assert bench(*RUN, "--seeds", "300", capsys=capsys)[0] == 0


def test_a_board_with_a_damaged_row_is_refused_before_anything_is_computed(
    toy: Path, capsys: Capture
) -> None:
    bench(*RUN, capsys=capsys)
    row = next((toy.parent / "leaderboard" / "results").rglob("*.json"))
    row.write_text("")
    code, _, err = bench("run", "-b", "melstats", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 2
    assert "level.json is no record: JSON" in err
    assert "encoding" not in err
