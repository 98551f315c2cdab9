"""What `bench data check` finds, and where data are looked for."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import claims, places
from bench.cli import printing
from bench.places import SettingsError
from tasks import Clip, Split
from tests.commands import TOY, bench

Capture = pytest.CaptureFixture[str]
RATE = 8000


def write(path: Path, number: int, seconds: float = 1.0, level: float = 0.1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = np.random.default_rng(number).normal(0, level, round(seconds * RATE))
    soundfile.write(path, wave, RATE)


@pytest.fixture
def placed(toy: Path) -> Path:
    """The data of `placed/loud`, where they are looked for by default."""
    folder = toy.parent / "cache" / "data" / "placed"
    for number in range(60):
        write(folder / f"{number:02}.wav", number, level=(0.01, 0.1)[number % 2])
    return folder


def checked(capsys: Capture, *words: str) -> tuple[int, dict[str, object]]:
    command = ("data", "check", "placed/loud", "-i", "toy.py", "--json", *words)
    code, out, _ = bench(*command, capsys=capsys)
    (report,) = json.loads(out)
    return code, report


def test_every_kind_of_damage_is_named(placed: Path, capsys: Capture) -> None:
    (placed / "01.wav").unlink()
    (placed / "02.wav").write_bytes(b"no audio at all")
    whole = (placed / "03.wav").read_bytes()
    (placed / "03.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(placed / "04.wav", np.zeros(RATE), RATE)
    write(placed / "05.wav", 5, seconds=0.3)
    (placed / "07.wav").write_bytes((placed / "06.wav").read_bytes())
    code, report = checked(capsys)
    assert code == 1
    unusable = report["unusable"]
    assert isinstance(unusable, list)
    assert {each["clip"]: each["problem"] for each in unusable} == {
        "01": "missing",
        "02": "corrupt",
        "03": "truncated",
        "04": "silent",
    }
    assert report["short"] == [
        {
            "clip": "05",
            "path": str(placed / "05.wav"),
            "problem": "too short",
            "reason": "0.30 s, others have 1.00 s",
        }
    ]
    assert report["duplicated"] == [["06", "07"]]
    assert report["decoded"] == 56
    assert report["expected"] == report["listed"] == {"train": 20, "validation": 20, "test": 20}
    hint = f"1 of 60 audio files are missing, 1 in {placed}; if an archive was not wholly unpacked"
    assert report["hints"] == [f"{hint}, unpack it again. Ask."]
    assert report["errors"] == []


def test_clips_shorter_than_asked_for_are_too_short(placed: Path, capsys: Capture) -> None:
    Path("toy.py").write_text(TOY.replace("n % 2, str(n))", "n % 2, str(n), seconds=0.8)"))
    write(placed / "05.wav", 5, seconds=0.3)
    code, report = checked(capsys)
    unusable = report["unusable"]
    assert code == 1
    assert isinstance(unusable, list)
    assert [(each["clip"], each["problem"]) for each in unusable] == [("05", "too short")]
    assert unusable[0]["reason"] == "0.30 s from 0.00 s on, expected 0.80 s"


def test_what_is_there_is_decoded_where_the_counts_are_wrong(placed: Path, capsys: Capture) -> None:
    Path("toy.py").write_text(TOY.replace("for n in range(60)", "for n in range(59)"))
    (placed / "02.wav").write_bytes(b"")
    code, report = checked(capsys)
    assert code == 2
    assert report["decoded"] == 58
    assert report["listed"] == {"train": 20, "validation": 20, "test": 19}
    errors = report["errors"]
    assert isinstance(errors, list)
    assert "expects 20 train / 20 validation / 20 test clips" in errors[0]
    code, out, _ = bench("data", "check", "placed/loud", "-i", "toy.py", capsys=capsys)
    assert code == 2
    assert f"{placed / '02.wav'}: empty file\nplaced/loud: placed/loud expects 20" in out


def test_a_wrong_root_and_an_archive_that_is_packed_are_told(placed: Path, capsys: Capture) -> None:
    away = placed.rename(placed.with_name("away"))
    placed.with_suffix(".tgz").touch()
    code, report = checked(capsys)
    assert code == 2
    assert report["errors"] == [
        f"placed is not at {placed}. {placed}.tgz is there: unpack it into {placed}. Ask."
    ]
    assert (report["listed"], report["decoded"]) == (None, 0)
    placed.mkdir()
    code, report = checked(capsys)
    assert report["hints"] == [f"none of the 60 audio files is under {placed}. Ask."]
    code, report = checked(capsys, "--data-root", str(away.parent / "nowhere"))
    assert report["errors"] == [f"placed is not at {away.parent / 'nowhere' / 'placed'}. Ask."]


def test_fetching_what_must_be_placed_says_where_from_and_how_large(
    toy: Path, capsys: Capture
) -> None:
    toy.write_text(TOY.replace('how_to_get="Ask."', 'how_to_get="Ask.", size="1.2 GB of mp3"'))
    code, _, err = bench("data", "fetch", "placed/loud", "-i", "toy.py", capsys=capsys)
    place = toy.parent / "cache" / "data" / "placed"
    assert code == 2
    assert f"placed is not at {place}. Ask. It takes 1.2 GB of mp3." in err


def where(capsys: Capture, *words: str) -> str:
    code, out, err = bench("data", "path", "placed/loud", "-i", "toy.py", *words, capsys=capsys)
    assert code == 0, err
    return out.strip()


def test_an_option_is_before_the_environment_before_a_file(
    toy: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(toy.parent / "config"))
    assert where(capsys) == str(toy.parent / "cache" / "data" / "placed")
    own = toy.parent / "config" / "mulap-bench" / "bench.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[data]\nroot = "/own"\n')
    assert where(capsys) == "/own/placed"
    Path("bench.toml").write_text('[data]\nroot = "here"\n', encoding="utf-8-sig")
    assert where(capsys) == str(toy.parent / "here" / "placed")
    Path("bench.toml").write_text('[data]\nroot = "here"\n[data.sets]\nplaced = "/mnt/it"\n')
    assert where(capsys) == "/mnt/it"
    assert places.root() == (str(toy.parent / "here"), str(toy.parent / "bench.toml"))
    monkeypatch.setenv("BENCH_DATA", "/said")
    assert where(capsys) == "/said/placed"
    assert where(capsys, "--data-root", "/asked") == "/asked/placed"
    assert places.root() == ("/said", "BENCH_DATA")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[dat]", "there is no key 'dat'; known: data"),
        ("[data]\nrot = 1", "there is no key 'data.rot'; known: root, sets"),
        ("data = 1", "data is 1, expected a table"),
        ("[data]\nroot = 1", "data.root is 1, expected a path in quotes"),
        ("[data]\nsets = 1", "data.sets is 1, expected a table of folders"),
        ('[data]\nroot = "~no-one/x"', "data.root is '~no-one/x', and there is no such user; give"),
        ("[data.sets]\ngtzan = 1", "data.sets.gtzan is 1, expected a path in quotes"),
        ("[data", "bench.toml cannot be read: "),
    ],
)
def test_settings_that_cannot_be_used_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bench.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        places.of("gtzan")
    assert message in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "bench.toml"))


def test_a_place_for_data_that_are_made_is_refused(toy: Path, capsys: Capture) -> None:
    (toy.parent / "bench.toml").write_text('[data.sets]\ntoys = "/mnt/toys"\n')
    code, _, err = bench("data", "path", "toys/loud", "-i", str(toy), capsys=capsys)
    assert code == 2
    assert "bench.toml places 'toys', which is made in the cache folder: take it out" in err


def test_a_name_that_is_no_utf_8_is_told_and_can_be_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for clip in (
        Clip("a\udcff", Split.TEST, Path("a.wav"), 0, "g"),
        Clip("a", Split.TEST, Path("a.wav"), 0, "g\udcff"),
    ):
        assert str(claims.wrong_name(clip)).endswith(r"\udcff' is no UTF-8; rename the file")
    assert claims.wrong_name(Clip("ä", Split.TEST, Path("a.wav"), 0, "g")) is None
    with printing.reserved():
        printing.line("a\udcff.wav: missing")
    assert capfd.readouterr().out == "a\\udcff.wav: missing\n"
