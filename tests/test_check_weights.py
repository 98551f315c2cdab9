"""`bench check --weights`: real weights, and weights that are not what they seem."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import chirp

from bench import assets, registry
from tests import doors
from tests.commands import bench

CARD = """
import hashlib
from pathlib import Path
import numpy as np
from backbones import Backbone, Encoder, Family, Layer

FILE = Path(__file__).with_name("weights.txt")

class Scaled(Encoder):
    def __init__(self, scale=1.0):
        self.scale = scale

    def encode(self, audio):
        x = self.scale * np.abs(audio).mean(1)[:, None, None]
        return {"level": np.repeat(x, 8, axis=2).astype(np.float32)}

def load(path):
    return Scaled({load})

scaled = Backbone(
    name="scaled", family=Family.HANDCRAFTED, summary="s", sample_rate=8000, window=1.0,
    layers=(Layer("level", 8),), default="level", build=Scaled, paper="p", licence="l",
    weights=f"file:{FILE}?checksum=sha256:{hashlib.sha256(FILE.read_bytes()).hexdigest()}",
    load=load, weights_licence="l", heard={heard},
)
"""
TIME = np.arange(8000) / 8000
CHIRP = 0.5 * np.abs(chirp(TIME, 100, 1, 4000, phi=-90)).mean()


def card(folder: Path, load: str, heard: str = "()") -> Path:
    """A file with a backbone that reads its scale from a file of weights."""
    (folder / "weights.txt").write_text("3.0")
    file = folder / "scaled.py"
    file.write_text(CARD.replace("{load}", load).replace("{heard}", heard))
    return file


@pytest.mark.parametrize("name", ["musicnn-msd", "vgg-mtt"])
def test_published_weights_give_what_their_cards_record(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = bench("check", "--weights", name, capsys=capsys)
    assert code == 0
    assert "of what sha256sum prints of its " in out
    assert "ok     two processes load them alike" in out
    assert "ok     they are not random" in out
    assert "texts" not in out
    assert "ok     they give what the card records" in out


@pytest.mark.parametrize(
    ("load", "heard", "said"),
    [
        (
            "float(path.read_text())",
            f"({3 * CHIRP},) * 8",
            "ok     they give what the card records",
        ),
        ("float(path.read_text())", "(0.5,) * 8", "FAILED they give what the card records"),
        ("1.0", "()", "FAILED they are not random level are those of random weights"),
        ("np.random.default_rng().random()", "()", "FAILED two processes load them alike"),
        ("float('x')", "()", "FAILED they load and encode ValueError"),
    ],
    ids=["right", "of another network", "never read", "not the same twice", "unreadable"],
)
def test_weights_are_seen_through(
    load: str, heard: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = card(tmp_path, load, heard)
    code, out, _ = bench("check", "--weights", "scaled", "-i", str(file), capsys=capsys)
    assert said in out
    assert code == (0 if said.startswith("ok") else 1)


def test_the_digest_of_weights_is_that_of_the_card_whatever_lies_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = doors.torchscript(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    _, card, _ = bench("show", asked, "--json", capsys=capsys)
    (pinned,) = re.findall("sha256:([0-9a-f]{64})", json.loads(card)["weights"])
    assert "sha256sum" in json.loads(card)["weights_held_to"]
    code, out, _ = bench("check", "--weights", asked, capsys=capsys)
    assert code == 0
    assert f"sha256 {pinned} of what sha256sum prints of traced.pt" in out
    printed = f"{hashlib.sha256((tmp_path / 'traced.pt').read_bytes()).hexdigest()}  traced.pt\n"
    assert hashlib.sha256(printed.encode()).hexdigest() == pinned


def test_what_a_digest_is_of_is_said_where_an_archive_holds_the_weights() -> None:
    weights = registry.find().backbones["musicnn-msd"].card.weights
    assert assets.parse(weights or "").held_to == "the sha256 of its archive"


def test_a_backbone_without_weights_has_none_to_check(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = bench("check", "--weights", "melstats", capsys=capsys)
    assert (code, "ok     it has no weights to check" in out) == (0, True)
