"""Cards are found, named once, and listed without heavy imports."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import registry
from bench.registry import DuplicateNameError, PluginError, UnknownNameError

ROOT = Path(registry.__file__).parents[1]
CARD = """
from backbones import Backbone, Family, Layer
card = Backbone(
    name={name!r}, family=Family.RANDOM, summary="s", sample_rate=8000, window=1.0,
    layers=(Layer("a", 1),), default="a", build=lambda: None, paper="p", licence="l",
    aliases={aliases!r},
)
"""


def write_card(path: Path, name: str, aliases: tuple[str, ...] = ()) -> Path:
    path.write_text(CARD.format(name=name, aliases=aliases))
    return path


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys, json; from bench import registry; registry.find(); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"torch", "torchaudio", "sklearn", "pandas", "optuna", "scipy", "symusic"}


def test_an_included_file_is_listed(tmp_path: Path) -> None:
    file = write_card(tmp_path / "mine.py", "mine")
    entry = registry.find([file]).backbones["mine"]
    assert (entry.card.name, entry.file) == ("mine", file.resolve())


@pytest.mark.parametrize("name", ["", "a/b", "..", "../x", "/x", "A", "a b", "a\n", "ü"])
def test_a_name_that_cannot_be_a_file_is_refused(tmp_path: Path, name: str) -> None:
    file = write_card(tmp_path / "mine.py", name)
    expected = re.escape(f"{file}: backbone {name!r} needs a name such as my-model-v1.5")
    with pytest.raises(PluginError, match=expected):
        registry.find([file])


TASK = """
from tasks import DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY
data = DataSet(name="mine", licence="l", paper="p", how_to_get="h", recorded=True)
mine = Task(
    name="mine/genre@tiny", summary="s", data=data, kind=Kind.MULTICLASS, labels=("a", "b"),
    metrics=(ACCURACY,), clips=lambda folder: [], counts=dict.fromkeys(Split, 1),
)
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("mine/genre@tiny", "../genre", "'../genre' needs a name such as my-data/genre"),
        ("mine/genre@tiny", "/genre", "needs a name such as my-data/genre"),
        ("mine/genre@tiny", "mine/genre@", "needs a name such as my-data/genre"),
        ('name="mine"', 'name="../mine"', "such as my-data; it has '../mine'"),
        ("(ACCURACY,)", "()", "needs a metric and a label at least"),
        ('("a", "b")', "()", "needs a metric and a label at least"),
        ("fromkeys(Split, 1)", "fromkeys([Split.TEST], 1)", "needs counts for train, validation"),
    ],
)
def test_a_task_that_no_command_can_use_is_refused(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(TASK)
    assert registry.find([file]).tasks["mine/genre@tiny"]
    file.write_text(TASK.replace(before, after))
    with pytest.raises(PluginError, match=re.escape(message)):
        registry.find([file])


def test_a_file_edited_within_the_clock_tick_is_read_again(tmp_path: Path) -> None:
    file = write_card(tmp_path / "mine.py", "mine")
    first = file.stat()
    registry.find([file])
    write_card(file, "mint")
    os.utime(file, ns=(first.st_atime_ns, first.st_mtime_ns))
    assert registry.find([file]).backbones["mint"]


def test_a_name_taken_twice_names_both_files(tmp_path: Path) -> None:
    first = write_card(tmp_path / "first.py", "mine")
    second = write_card(tmp_path / "second.py", "mine")
    with pytest.raises(DuplicateNameError) as raised:
        registry.find([first, second])
    expected = f"two backbones are named 'mine': {first} and {second}. Rename one."
    assert str(raised.value) == expected


def test_an_alias_taken_twice_is_an_error(tmp_path: Path) -> None:
    file = write_card(tmp_path / "mine.py", "mine", aliases=("melstats",))
    with pytest.raises(DuplicateNameError, match=r"'melstats': .*melstats.py and .*mine.py"):
        registry.find([file])


def test_an_alias_finds_its_card() -> None:
    cards = registry.find().backbones
    assert cards["trunk-random"].card is cards["trunk-random-0"].card


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as raised:
        registry.find().backbones["melstat"]
    assert str(raised.value) == "no backbone is named 'melstat'. Did you mean melstats?"


def test_a_strange_name_says_where_names_are_and_how_to_bring_one() -> None:
    cards = registry.find()
    with pytest.raises(UnknownNameError) as raised:
        cards.backbones["?"]
    shown = f"`bench list backbones` shows the {len(cards.backbones.entries)} there are"
    own = "one of your own needs --include FILE."
    assert str(raised.value) == f"no backbone is named '?'. {shown}; {own}"


def test_a_pattern_leaves_presets_out() -> None:
    tasks = registry.find().tasks
    names = [entry.card.name for entry in tasks.matching(["tunes/*"])]
    assert "tunes/type" in names
    assert not any("@" in name for name in names)
    tiny = [entry.card.name for entry in tasks.matching(["tunes/*@tiny"])]
    assert tiny
    assert all(name.endswith("@tiny") for name in tiny)


def test_patterns_keep_their_order_and_name_each_card_once() -> None:
    found = registry.find().backbones.matching(["musicnn-m*", "chroma", "musicnn-mtt"])
    assert [e.card.name for e in found] == ["musicnn-msd", "musicnn-mtt", "chroma"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "holds no Backbone and no Task at its top level"),
        ("raise RuntimeError('two\\nlines')", "cannot be imported: RuntimeError: two lines"),
        ("import nothing_of_that_name", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_file_without_cards_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(PluginError, match=message) as raised:
        registry.find([file])
    assert str(file) in str(raised.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"--include takes a Python file; .*none.py is not one"):
        registry.find([tmp_path / "none.py"])


def install(folder: Path, group: str, module: str) -> None:
    """A distribution as pip would lay it out, with one entry point."""
    info = folder / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\nmine = {module}\n")


def test_an_installed_package_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card(tmp_path / "stranger_module.py", "stranger")
    install(tmp_path, "mulap_bench.backbones", "stranger_module")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find().backbones["stranger"].file.name == "stranger_module.py"


def test_a_broken_installed_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "mulap_bench.tasks", "module_that_is_not_there")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match=r"plug-in module_that_is_not_there cannot be imported"):
        registry.find()


def test_a_stranger_named_tasks_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "tasks"
    package.mkdir()
    (package / "__init__.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", "import bench"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert f"bench needs its own package 'tasks' at {ROOT / 'tasks'}" in done.stderr
    assert str(package) in done.stderr


DOOR = """
from dataclasses import replace
from pathlib import Path
from backbones import Door, DoorError
{card}
def open_it(rest):
    if not Path(rest).is_absolute():
        raise DoorError(f"{{rest}} is no path")
    return replace(card, name=Path(rest).stem)

door = Door(prefix="toy", summary="s", example="toy:x", open=open_it)
"""


def write_door(path: Path) -> Path:
    path.write_text(DOOR.format(card=CARD.format(name=path.stem, aliases=())))
    return path


def test_a_door_opens_a_card_once_and_its_path_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.bin").touch()
    monkeypatch.chdir(tmp_path)
    cards = registry.find([write_door(tmp_path / "behind.py")])
    entry = cards.backbones["toy:net.bin"]
    assert (entry.card.name, entry.reference) == ("net", f"toy:{tmp_path / 'net.bin'}")
    assert cards.backbones[f"toy:{tmp_path / 'net.bin'}"] is entry
    again = registry.find([tmp_path / "behind.py", *cards.opened])
    assert again.backbones["net"].card.name == "net"


def test_what_a_door_refuses_is_one_line(tmp_path: Path) -> None:
    cards = registry.find([write_door(tmp_path / "behind.py")])
    with pytest.raises(registry.PluginError, match=r"^toy:nothing: nothing is no path$"):
        cards.backbones.open("toy:nothing")


def test_what_a_stranger_s_code_raises_behind_a_door_is_one_line(tmp_path: Path) -> None:
    file = write_door(tmp_path / "behind.py")
    file.write_text(
        file.read_text().replace("raise DoorError(", "raise ZeroDivisionError('a\\nb' or ")
    )
    cards = registry.find([file])
    with pytest.raises(
        PluginError, match=r"^toy:nothing cannot be opened: ZeroDivisionError: a b$"
    ):
        cards.backbones.open("toy:nothing")


def test_an_unknown_prefix_offers_the_nearest_door(tmp_path: Path) -> None:
    cards = registry.find([write_door(tmp_path / "behind.py")])
    with pytest.raises(UnknownNameError, match=r"no door to a backbone is named 'tyo'.*mean toy"):
        cards.backbones["tyo:x"]
    with pytest.raises(UnknownNameError, match=r"no door to a task is named 'z'\. Known: csv"):
        cards.tasks["z:x"]


def test_two_doors_of_one_prefix_are_refused(tmp_path: Path) -> None:
    files = [write_door(tmp_path / "first.py"), write_door(tmp_path / "second.py")]
    with pytest.raises(DuplicateNameError, match=r"'toy': .*first\.py and .*second\.py"):
        registry.find(files)
