"""Pins, the cache, the mirror and PyPI: what `bench.assets` promises without a network."""

import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from bench import assets
from bench.assets import AssetError, cached, fetch, parse

ZEROS = "0" * 64
CHECKSUM = f"checksum=sha256:{ZEROS}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_CACHE", str(folder))
    monkeypatch.delenv("BENCH_MIRROR", raising=False)
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_wheel(folder: Path, name: str = "demo", requires: str = ">=3") -> Path:
    """A wheel with two files of data in a folder."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("demo/a.txt", "a")
        wheel.writestr("demo/sub/b.txt", "b")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: {requires}\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_sdist(folder: Path, witness: Path) -> Path:
    """A sdist whose build leaves a witness."""
    tree = folder.parent / "demo-1.0"
    tree.mkdir()
    (tree / "data.txt").write_text("data")
    (tree / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tree / "backend.py").write_text(
        "import os\n"
        f"open({str(witness)!r}, 'w').close()\n"
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        "    info = os.path.join(folder, 'demo-1.0.dist-info')\n"
        "    os.makedirs(info)\n"
        "    with open(os.path.join(info, 'METADATA'), 'w') as file:\n"
        "        file.write('Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n')\n"
        "    return 'demo-1.0.dist-info'\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        "    raise NotImplementedError\n"
    )
    path = folder / "demo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, "demo-1.0")
    return path


def pypi(path: Path, member: str = "", qualifier: str = "") -> str:
    return f"pkg:pypi/demo@1.0?checksum=sha256:{sha256(path)}{qualifier}#{member}"


@pytest.mark.parametrize(
    ("pin", "kind", "name", "version", "member", "file_name"),
    [
        (f"pkg:pypi/A_b@1?{CHECKSUM}#x/y", "pypi", "a-b", "1", "x/y", "a_b-1-*.whl"),
        (f"pkg:npm/%40s/p@2?{CHECKSUM}", "npm", "@s/p", "2", "", "s-p-2.tgz"),
        (f"pkg:deb/debian/d@1:2-3?{CHECKSUM}", "deb", "d", "1:2-3", "", "d_1%3a2-3_*.deb"),
        (f"pkg:deb/debian/d@2?arch=all&{CHECKSUM}", "deb", "d", "2", "", "d_2_all.deb"),
        (f"pkg:huggingface/o/N@r?{CHECKSUM}#f/m.bin", "huggingface", "o/N", "r", "f/m.bin",
         "o--N--f--m.bin"),
        (f"pkg:generic/g?download_url=https://h/d%2520e.zip&{CHECKSUM}", "generic", "g", "", "",
         "d e.zip"),
        (f"file:/a%23b/c.zip?{CHECKSUM}#m", "file", "/a#b/c.zip", "", "m", "c.zip"),
        ("some/folder", "file", "some/folder", "", "", "folder"),
    ],
)  # fmt: skip
def test_a_pin_says_what_its_url_says(
    pin: str, kind: str, name: str, version: str, member: str, file_name: str
) -> None:
    read = parse(pin)
    assert (read.kind, read.name, read.version, read.member) == (kind, name, version, member)
    assert read.file_name == file_name
    assert read.sha256 == (ZEROS if "checksum" in pin else "")


@pytest.mark.parametrize(
    ("pin", "complaint"),
    [
        ("pkg:pypi/six@1", "has no checksum; add ?checksum=sha256:"),
        ("pkg:pypi/six@1?checksum=md5:00", "needs checksum=sha256:<64 hexadecimal digits>, not"),
        ("pkg:pypi/six@1?checksum=sha256:00", "needs checksum=sha256:<64 hexadecimal digits>"),
        (f"pkg:pypi/six?{CHECKSUM}", "needs an exact version after @, not ''"),
        (f"pkg:pypi/six@--pre?{CHECKSUM}", "needs an exact version after @, not '--pre'"),
        (f"pkg:npm/--help@1?{CHECKSUM}", "has a name that no package has: '--help'"),
        (f"pkg:deb/debian/d@1?arch=%20x&{CHECKSUM}", "has an unknown ?arch=, ' x'"),
        (f"pkg:cargo/x@1?{CHECKSUM}", "unknown type 'cargo'; known are pkg:pypi, pkg:npm, pkg:deb"),
        ("pkg:pypi", "is no package URL: "),
        (f"pkg:huggingface/o/n@r?{CHECKSUM}", "must name the file that its checksum is of"),
        (f"pkg:generic/g?{CHECKSUM}", "is no https:// address"),
        (f"pkg:generic/g?download_url=file:///x&{CHECKSUM}", "a local file is pinned as file:"),
        (f"pkg:generic/g?download_url=http://h/x&{CHECKSUM}", "is no https:// address"),
        (f"pkg:generic/g?download_url=https://h/&{CHECKSUM}", "a plain file name in ?file_name="),
        (f"pkg:pypi/six@1?file_name=../x.whl&{CHECKSUM}", "plain file name in ?file_name=, not"),
        ("", "names no local file"),
        ("file://host/x", "names no local file"),
        ("https://host/x", "is neither a package URL (pkg:...) nor file:/path nor a local path"),
        ("/x#../y", "names '../y', which is not inside /x"),
        ("/x?sha=1", "may say ?checksum= and &files=, not 'sha'"),
        ("/x?files=a", "has no checksum; add ?checksum=sha256:"),
        (f"/x?files=../a&{CHECKSUM}", "names '../a' in ?files=, which is no file inside"),
        (f"pkg:pypi/six@1?files=a&{CHECKSUM}", "may name several ?files= of the hub"),
        ("pkg:huggingface/o/n@main#a", "has no checksum, and 'main' may move: give a commit"),
        (f"pkg:huggingface/o/n@{'c' * 40}?files=a&{CHECKSUM}", "so it needs no checksum"),
        (f"pkg:huggingface/o/n@{'c' * 40}?files=a,/b", "names '/b' in ?files="),
        (f"pkg:huggingface/o/n@{'c' * 40}?files=a,o/m@{'d' * 40}//b", "which is no file inside"),
        (f"pkg:huggingface/o/n@{'c' * 40}?files=a,o/m@{'d' * 40}/../b", "which is no file inside"),
        (f"pkg:huggingface/o/n@{'c' * 40}?files=a,o/m@{'d' * 40}/./a", "which is no file inside"),
        (
            f"pkg:huggingface/o/n@{'c' * 40}?files=a,o/m@{'d' * 40}/a",
            "two files that would both be",
        ),
    ],
)
def test_a_malformed_pin_is_named_with_what_is_wrong(pin: str, complaint: str) -> None:
    with pytest.raises(AssetError, match=re.escape(complaint)) as raised:
        parse(pin)
    assert "\n" not in str(raised.value)


def test_members_of_a_wheel_come_from_one_download(index: Path, cache: Path) -> None:
    wheel = make_wheel(index, requires="<3")
    digest, pins = sha256(wheel), [pypi(wheel, m) for m in ("demo/a.txt", "demo", "demo/sub", "")]
    assert [cached(pin) for pin in pins] == [None] * 4

    file = fetch(pins[0])
    assert file == cache / "assets" / digest / "unpacked/demo/a.txt"
    assert file.read_text() == "a"
    assert not (file.parent / "sub").exists()
    wheel.unlink()
    assert cached(pins[1]) is None
    assert (fetch(pins[1]) / "sub/b.txt").read_text() == "b"
    assert cached(pins[2]) == file.parent / "sub"
    assert fetch(pins[3]) == cache / "assets" / digest / "demo-1.0-py3-none-any.whl"
    assert not list(cache.rglob("work-*"))


def test_a_call_for_what_is_there_imports_no_client(index: Path) -> None:
    pin = pypi(make_wheel(index), "demo")
    fetch(pin)
    heavy = {"urllib.request", "huggingface_hub", "pip", "torch", "numpy", "filelock"}
    code = (
        "import sys; before = set(sys.modules); from bench.assets import fetch;"
        f"fetch({pin!r}); print(sorted({heavy!r} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_a_network_one_line_says_how_to_place_it(index: Path, cache: Path) -> None:
    with pytest.raises(AssetError) as raised:
        fetch(f"pkg:pypi/demo@1.0?{CHECKSUM}#demo")
    assert not list(index.iterdir())
    assert str(raised.value) == (
        f"demo 1.0 (demo-1.0-*.whl, sha256 {ZEROS}) cannot be downloaded with pip from the "
        "configured index: ERROR: No matching distribution found for demo==1.0; "
        f"put it at {cache}/placed/demo-1.0-*.whl"
    )
    (cache / "placed").mkdir()
    wheel = make_wheel(cache / "placed")
    assert (fetch(pypi(wheel, "demo")) / "a.txt").read_text() == "a"


def test_another_file_than_the_pinned_is_refused(index: Path) -> None:
    digest = sha256(make_wheel(index))
    with pytest.raises(AssetError, match=rf"sha256 {ZEROS}\) .*: what came has sha256 {digest};"):
        fetch(f"pkg:pypi/demo@1.0?{CHECKSUM}")


def test_a_sdist_is_taken_only_when_named_and_run_only_when_verified(
    index: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "executed"
    sdist = make_sdist(index, witness)
    for pin in (pypi(sdist), f"pkg:pypi/demo@1.0?{CHECKSUM}&file_name=demo-1.0.tar.gz"):
        with pytest.raises(AssetError, match="cannot be downloaded with pip"):
            fetch(pin)
    assert not witness.exists()
    named = pypi(sdist, "data.txt", "&file_name=demo-1.0.tar.gz")
    assert fetch(named).read_text() == "data"
    assert witness.exists()


def test_without_pip_the_remedy_is_named(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    site = Path(pytest.__file__).parent.parent
    for name in ("packageurl", "platformdirs", "filelock"):
        (libraries / name).symlink_to(site / name)
    for name in ("bench", "backbones", "tasks", "leaderboard"):
        (libraries / name).symlink_to(Path(assets.__file__).parents[2] / name)
    code = (
        f"import sys; sys.path.insert(0, {str(libraries)!r}); from bench import assets\n"
        "print(assets.clients()['pypi'])\n"
        f"try: assets.fetch('pkg:pypi/demo@1.0?{CHECKSUM}')\n"
        "except assets.AssetError as error: print(error)"
    )
    python = tmp_path / "bare/bin/python"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    remedy = f"{python} has no pip: run `{python} -m ensurepip` or `uv pip install pip`"
    status, error = done.stdout.splitlines()
    assert status == remedy
    assert f": {remedy}; put it at " in error
