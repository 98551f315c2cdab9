"""Provenance: a digest of code follows what the code imports, and nothing else."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import provenance

FILES = {
    "card.py": "import helper\nfrom package import used\nfrom package.sub.deep import thing\n",
    "helper.py": "import card\nimport missing_library\nVALUE = 1\n",
    "unrelated.py": "VALUE = 1\n",
    "package/__init__.py": "",
    "package/used.py": "from . import near, FLAG\nfrom .sub import beside\nimport package.dotted\n",
    "package/near.py": "from .used import x\n",
    "package/dotted.py": "from backbones import Layer\n",
    "package/unused.py": "VALUE = 1\n",
    "package/sub/__init__.py": "from ..above import up\n",
    "package/above.py": "",
    "package/sub/beside.py": "def f():\n    from . import inner\n",
    "package/sub/inner.py": "",
    "package/sub/deep.py": "thing = 1\n",
}
FOLLOWED = [
    *("card.py", "helper.py", "package/__init__.py", "package/used.py", "package/near.py"),
    *("package/dotted.py", "package/sub/__init__.py", "package/above.py"),
    *("package/sub/beside.py", "package/sub/inner.py", "package/sub/deep.py"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


def code_digest(*files: Path) -> str:
    """As of a process that has read nothing yet."""
    provenance._followed.cache_clear()
    return provenance.code_digest.__wrapped__(*files)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


@pytest.mark.parametrize("name", FOLLOWED)
def test_an_imported_file_counts(name: str, project: Path) -> None:
    before = code_digest(project / "card.py")
    (project / name).write_text(f"{FILES[name]}\nEDITED = True\n")
    assert code_digest(project / "card.py") != before


@pytest.mark.parametrize("name", ["unrelated.py", "package/unused.py", "data.txt"])
def test_any_other_file_does_not(name: str, project: Path) -> None:
    before = code_digest(project / "card.py")
    (project / name).write_text("EDITED = True\n")
    assert code_digest(project / "card.py") == before


def test_a_file_may_move_with_what_it_imports(project: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(project, tmp_path / "elsewhere"))
    (moved / "helper.py").write_text(FILES["helper.py"])
    assert code_digest(moved / "card.py") == code_digest(project / "card.py")


def test_modules_do_not_trade_places_unseen(tmp_path: Path) -> None:
    card = {"card.py": "import a\nimport b\n"}
    one = write(tmp_path / "one", {**card, "a.py": "x = 1\n", "b.py": "x = 2\n"})
    two = write(tmp_path / "two", {**card, "a.py": "x = 2\n", "b.py": "x = 1\n"})
    assert code_digest(one / "card.py") != code_digest(two / "card.py")


def test_this_project_counts_wherever_the_card_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = write(tmp_path, {"card.py": "from backbones._torch import TorchEncoder\n"}) / "card.py"
    before = code_digest(card)
    copy = tmp_path / "root"
    shutil.copytree(provenance.ROOT / "backbones", copy / "backbones")
    copy.with_suffix(".py").write_text("a file that is named like the folder beside it")
    monkeypatch.setattr(provenance, "ROOT", copy)
    assert code_digest(card) == before
    with (copy / "backbones" / "__init__.py").open("a") as file:
        file.write("EDITED = True\n")
    assert code_digest(card) != before


@pytest.mark.parametrize("name", ["site-packages", "dist-packages"])
def test_libraries_beside_an_installed_card_do_not_count(name: str, tmp_path: Path) -> None:
    files = {
        "plugin/__init__.py": "",
        "plugin/card.py": "import torch\nimport plugin.net\nfrom numpy import linalg\n",
        "plugin/net.py": "",
        "single.py": "import torch\n",
        "torch/__init__.py": "x = 1\n",
        "numpy/linalg.py": "x = 1\n",
    }
    folder = write(tmp_path / name, files)
    package, module = (code_digest(folder / card) for card in ("plugin/card.py", "single.py"))
    write(folder, {"torch/__init__.py": "x = 2\n", "numpy/linalg.py": "x = 2\n"})
    assert code_digest(folder / "plugin/card.py") == package
    assert code_digest(folder / "single.py") == module
    write(folder, {"plugin/net.py": "x = 2\n"})
    assert code_digest(folder / "plugin/card.py") != package


@pytest.mark.parametrize("name", ["elsewhere.py", "elsewhere/__init__.py"])
def test_what_is_imported_from_another_folder_counts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = write(tmp_path / "card", {"card.py": "import elsewhere\n"}) / "card.py"
    folder = write(tmp_path / "path", {name: "x = 1\n"})
    monkeypatch.syspath_prepend(folder)
    before = fresh_digest(card)
    write(folder, {name: "x = 2\n"})
    assert fresh_digest(card) != before


def test_another_version_of_an_imported_library_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = write(tmp_path, {"a.py": "def f():\n    import torch\n", "b.py": "import json\n"})
    before = [code_digest(cards / name) for name in ("a.py", "b.py")]
    monkeypatch.setattr(provenance, "_version", lambda _name: "0.0")
    after = [code_digest(cards / name) for name in ("a.py", "b.py")]
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)


def fresh_digest(file: Path) -> str:
    """As another process would make it."""
    importlib.invalidate_caches()
    provenance._elsewhere.cache_clear()
    return code_digest(file)


def test_equal_values_have_equal_digests() -> None:
    value = {"b": [1, 2.5, None], "a": "é"}
    assert provenance.digest(value) == provenance.digest(dict(sorted(value.items())))
    assert provenance.digest(value) == provenance.digest(json.loads(json.dumps(value)))
    assert provenance.digest(value) != provenance.digest({**value, "a": "e"})
    assert len(provenance.digest(value)) == 64


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_tells_of_changed_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    commit = provenance.commit.__wrapped__
    assert commit() is None
    git(tmp_path, "init", "--quiet")
    assert commit() is None
    write(tmp_path, {"a.py": "x = 1\n", "pyproject.toml": "", "notes.txt": ""})
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit() == head
    write(tmp_path, {"notes.txt": "changed", "result.json": "{}"})
    assert commit() == head
    write(tmp_path, {"a.py": "x = 2\n"})
    assert commit() == f"{head}-dirty"
    monkeypatch.setenv("PATH", "")
    assert commit() is None


def test_versions_and_machine() -> None:
    versions = provenance.packages()
    assert versions.keys() == set(provenance.PACKAGES)
    assert all(version[0].isdigit() for version in versions.values())
    major, minor, *_ = sys.version_info
    assert provenance.machine().startswith(f"Python {major}.{minor}.")
