"""Data that are missing, damaged or false, from the command line."""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import LINEAR, TOY, bench


def test_missing_data_are_a_failed_row(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("run", "-b", "level", "-t", "placed/loud", *LINEAR, capsys=capsys)
    place = toy.parent / "cache" / "data" / "placed"
    assert code == 1
    assert f"failed (placed is not at {place}. Ask.)" in " ".join(out.split())


@pytest.mark.usefixtures("toy")
def test_a_place_under_a_name_that_is_misspelt_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("bench.toml").write_text('[data.sets]\nplacd = "/mnt/it"\n')
    code, out, _ = bench("data", "check", "placed/loud", "-i", "toy.py", capsys=capsys)
    assert code == 2
    said = f"{Path('bench.toml').absolute()} places 'placd': spell it placed if that is it."
    assert said in " ".join(out.split())


@pytest.mark.parametrize(
    "words",
    [
        ("data", "path", "placed/loud", "-i", "toy.py"),
        ("data", "list", "-i", "toy.py"),
        ("data", "check", "toys/loud", "-i", "toy.py"),
        ("run", "-b", "level", "-t", "toys/loud", *LINEAR),
    ],
)
@pytest.mark.usefixtures("toy")
def test_a_place_under_a_name_like_a_data_set_s_is_told_by_every_command(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bench.toml").write_text('[data.sets]\nplacd = "/mnt/it"\ngtzn = "x"\nmine = "y"\n')
    code, _, err = bench(*words, capsys=capsys)
    assert code == 0, err
    told = [line for line in err.splitlines() if " places " in line]
    assert [line.partition("; ")[2].partition("?")[0] for line in told] == [
        "did you mean gtzan",
        "did you mean placed",
    ]


@pytest.mark.usefixtures("toy")
def test_a_place_of_a_card_behind_include_is_no_misspelt_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = '[data.sets]\nplaced = "a"\nplacer = "b"\ntune = "c"\n'
    Path("bench.toml").write_text(said)
    for words in (("-i", "toy.py"), ()):
        code, _, err = bench("data", "list", *words, capsys=capsys)
        assert code == 0
        assert " places " not in err


@pytest.mark.usefixtures("toy")
def test_a_place_that_cannot_be_read_leaves_the_list_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("bench.toml").write_text('[data.sets]\nplaced = "sx3://bucket/it"\n')
    code, out, err = bench("data", "list", "-i", "toy.py", "--json", capsys=capsys)
    assert code == 0, err
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows["toys"]["state"] == "not there"
    assert rows["placed"]["state"] == "not readable"
    assert rows["placed"]["folder"].startswith("sx3://bucket/it cannot be read: ")


def path_of(task: str, toy: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    _, out, _ = bench("data", "path", task, "-i", str(toy), capsys=capsys)
    return Path(out.strip())


def damage(toy: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Place data, then spoil two files; where they are."""
    made, folder = (path_of(task, toy, capsys) for task in ("toys/loud", "placed/loud"))
    bench("data", "fetch", "toys/loud", "-i", str(toy), capsys=capsys)
    shutil.copytree(made, folder)
    (folder / "07.wav").write_bytes(b"")
    (folder / "45.wav").unlink()
    return folder


def test_bad_audio_stops_the_run_and_names_every_file(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = damage(toy, capsys)
    code, _, err = bench("run", "-b", "level", "-t", "placed/loud", *LINEAR, capsys=capsys)
    assert code == 2
    assert f"{folder / '07.wav'}: empty file" in err
    assert f"{folder / '45.wav'}: missing" in err
    assert "2 audio files cannot be used" in err
    assert not (toy.with_name("leaderboard") / "results").exists()


def test_bad_audio_can_be_left_out_and_is_counted(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(toy, capsys)
    words = ("run", "-b", "level", "-t", "placed/loud", *LINEAR, "--on-bad-audio", "skip", "--json")
    code, out, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "07.wav: empty file, left out" in err
    clips = json.loads(out)["outcomes"][0]["record"]["clips"]
    assert clips["skipped"] == {"07": "empty file", "45": "missing"}
    assert (clips["train"], clips["validation"], clips["test"]) == (19, 20, 19)
    assert "clips left out 2, the first 07" in (
        toy.with_name("leaderboard") / "README.md"
    ).read_text("utf-8")


def test_what_is_left_out_must_leave_enough(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = damage(toy, capsys)
    for number in range(20, 40):
        (folder / f"{number}.wav").write_bytes(b"")
    words = ("run", "-b", "level", "-t", "placed/loud", *LINEAR, "--on-bad-audio", "skip")
    code, out, err = bench(*words, capsys=capsys)
    assert code == 1
    said = "without the clips whose audio cannot be used, placed/loud has no validation clips; give"
    assert said in " ".join((out + err).split())


def test_data_check_lists_every_bad_file(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(toy, capsys)
    code, out, _ = bench("data", "check", "placed/loud", "--json", "-i", str(toy), capsys=capsys)
    assert code == 1
    (report,) = json.loads(out)
    assert [(each["clip"], each["reason"]) for each in report["unusable"]] == [
        ("07", "empty file"),
        ("45", "missing"),
    ]
    code, out, _ = bench("data", "check", "placed/loud", "-i", str(toy), capsys=capsys)
    assert code == 1
    assert "45.wav: missing" in out


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "07.wav").write_bytes(b""),
        lambda folder: (folder / "45.wav").unlink(),
        lambda folder: (folder / "46.wav").write_bytes((folder / "47.wav").read_bytes()),
        lambda folder: (folder / "more.wav").touch(),
        lambda folder: (folder.parent / f"{folder.name}.json").write_text("{"),
    ],
)
def test_data_that_were_made_are_made_again_where_damaged(
    toy: Path, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], object]
) -> None:
    folder = path_of("toys/loud", toy, capsys)
    words = ("run", "-b", "level", "-t", "toys/loud", *LINEAR, "--json")
    _, before, _ = bench(*words, capsys=capsys)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    harm(folder)
    code, after, err = bench(*words, capsys=capsys)
    assert code == 0, err
    assert "making toys" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    scores = [json.loads(out)["outcomes"][0]["record"]["scores"] for out in (before, after)]
    assert scores[0] == scores[1]
    assert "making toys" not in bench(*words, capsys=capsys)[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("splits[n // 20]", "splits[n // 20 % 2 * 2]"), "toys/loud has no validation clips; give"),
        (("n % 2, str(n)", "n // 40, str(n)"), "all train clips are 'soft'; a probe needs two"),
        (("n % 2, str(n)", "n % 2 * (n < 40), str(n)"), "all test clips are 'soft'; a probe needs"),
    ],
)
def test_a_split_that_nothing_can_be_learnt_or_told_from_is_refused(
    toy: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], message: str
) -> None:
    toy.write_text(TOY.replace(*change))
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert message in " ".join(out.split())


def type_of(label: str) -> str:
    return type(ast.literal_eval(label)).__name__


@pytest.mark.parametrize("label", ["0.9", "2", "-1", "True", "(0, 1)"])
def test_a_label_that_is_no_class_is_refused(
    toy: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    toy.write_text(TOY.replace("n % 2, str(n)", f"{label} if n == 7 else n % 2, str(n)"))
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert f"07 has the label {label} ({type_of(label)}), expected an int from 0 to 1" in " ".join(
        out.split()
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("n % 2, str(n)", 'n % 2, "one"', "all test clips are of one group; an interval needs"),
        (
            "n % 2, str(n)",
            "(float('nan'),), str(n)",
            "00 has the label (nan,) (tuple), expected finite",
        ),
        (
            "n % 2, str(n)",
            "(0.5, 1.0), str(n)",
            "00 has the label (0.5, 1.0) (tuple), expected a tuple",
        ),
    ],
)
def test_clips_that_cannot_be_scored_are_refused(
    toy: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, message: str
) -> None:
    text = TOY.replace(before, after)
    if "(" in after:
        text = text.replace("Kind.MULTICLASS", "Kind.REGRESSION", 1)
        text = text.replace('labels=("soft", "loud")', 'labels=("level",)', 1)
    toy.write_text(text)
    code, out, _ = bench("run", "-b", "level", "-t", "toys/loud", *LINEAR, capsys=capsys)
    assert code == 1
    assert message in out


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ("start=float('nan')", "00 starts at nan s, expected 0 or later"),
        ("start=-1.0", "00 starts at -1.0 s, expected 0 or later"),
        ("seconds=0.0", "00 is 0.0 s long, expected more than 0, or None for the rest"),
        ("start=1 / 0", "cannot be read from"),
        ("begin=1", "TypeError: Clip.__init__() got an unexpected keyword argument 'begin'"),
    ],
)
def test_the_other_task_goes_on_where_clips_are_wrong(
    toy: Path, capsys: pytest.CaptureFixture[str], times: str, message: str
) -> None:
    wrong = "def clips_2(folder):" + TOY.partition("def clips(folder):")[2].partition("toys =")[0]
    second = 'also = replace(loud, name="toys/also", clips=clips_2)\n'
    toy.write_text(
        f"from dataclasses import replace\n{TOY}\n"
        f"{wrong.replace('str(n))', f'str(n), {times})')}\n{second}"
    )
    words = ("run", "-b", "level", "-t", "toys/also", "-t", "toys/loud", *LINEAR, "--json")
    code, out, _ = bench(*words, capsys=capsys)
    assert code == 1
    failed, done = json.loads(out)["outcomes"]
    assert message in failed["reason"]
    assert done["status"] == "done"
    checked = ("data", "check", "toys/also", "toys/loud", "--json", "-i", str(toy))
    code, out, _ = bench(*checked, capsys=capsys)
    assert code == 2
    also, loud = json.loads(out)
    assert message in also["errors"][0]
    assert (loud["listed"], loud["unusable"]) == (loud["expected"], [])
    code, out, _ = bench("check", "toys/*", "-i", str(toy), capsys=capsys)
    assert code == 1
    assert message in out
    assert "ok     files are there" in out


def test_data_list_is_one_document(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("data", "list", "--json", "-i", str(toy), capsys=capsys)
    found = {each["name"]: each for each in json.loads(out)}
    assert found["placed"]["state"] == "not there"
    assert found["placed"]["how_to_get"] == "Ask."
