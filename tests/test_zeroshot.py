"""A backbone with a text side is asked about labels it has never been trained on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbones import Audio, Backbone, Encoder, Family, Features, Layer, Texts
from bench import extraction, testing
from bench.extraction import Settings
from bench.readout import EncoderError
from bench.testing import ContractError
from tests.commands import TOY, bench

READER = """
from backbones import Backbone, Encoder, Family, Layer

class Reader(Encoder):
    def encode(self, audio):
        loud = np.abs(audio).mean(1)
        both = np.stack([loud, np.full_like(loud, 0.03)], 1)
        return {"both": both[:, None].astype(np.float32)}

    def read(self, texts):
        return np.array([[1, 0] if "loud" in text else [0, 1] for text in texts], np.float32)

reader = Backbone(
    name="reader", family=Family.CROSS_MODAL, summary="s", sample_rate=8000, window=0.5,
    layers=(Layer("both", 2),), default="both", build=Reader, paper="p", licence="l", joint="both",
)
"""

WORDS = ("run", "-t", "toys/loud", "--protocol", "zeroshot-v1", "-i", "toy.py", "--json")


def test_labels_are_told_apart_by_their_texts_alone(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_text(TOY + READER)
    code, out, err = bench(*WORDS, "-b", "reader", capsys=capsys)
    assert code == 0, out + err
    record = json.loads(out)["outcomes"][0]["record"]
    assert record["scores"]["accuracy"]["value"] == 1.0
    assert record["search"]["chosen"]["model"] == "text"
    swapped = TOY.replace("kind=Kind.MULTI", 'prompts=("loud", "soft"), kind=Kind.MULTI', 1)
    toy.write_text(swapped + READER)
    _, out, _ = bench(*WORDS, "-b", "reader", capsys=capsys)
    assert json.loads(out)["outcomes"][0]["record"]["scores"]["accuracy"]["value"] == 0.0


def test_who_cannot_read_or_be_read_is_skipped(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.write_text(TOY + READER)
    _, out, _ = bench(*WORDS, "-b", "level", capsys=capsys)
    reason = "zeroshot-v1 reads the labels, level has no text side"
    assert json.loads(out)["outcomes"][0]["reason"] == reason
    targets = TOY.replace("Kind.MULTICLASS", "Kind.REGRESSION")
    toy.write_text(targets + READER + "# longer: bytecode is told apart by size and second\n")
    _, out, _ = bench(*WORDS, "-b", "reader", capsys=capsys)
    reason = "zeroshot-v1 reads the labels, toys/loud has targets"
    assert json.loads(out)["outcomes"][0]["reason"] == reason


class Wide(Encoder):
    """Reads texts into three numbers."""

    def encode(self, audio: Audio) -> Features:
        return {"a": np.zeros((len(audio), 1, 2), np.float32)}

    def read(self, texts: Sequence[str]) -> Texts:
        return np.zeros((len(texts), 3), np.float32)


WIDE = Backbone(
    name="wide",
    family=Family.CROSS_MODAL,
    summary="s",
    sample_rate=8000,
    window=1.0,
    layers=(Layer("a", 2),),
    default="a",
    build=Wide,
    paper="p",
    licence="l",
    joint="a",
)


def test_texts_of_another_width_are_refused() -> None:
    with pytest.raises(EncoderError, match=r"wide read 1 texts as \(1, 3\), expected \(1, 2\)"):
        extraction.read(WIDE, ["a"], Settings("cpu"))
    with pytest.raises(ContractError, match=r"texts are \(2, 3\), not \(2, 2\)"):
        testing.texts_are_read_into_the_joint_layer(WIDE)


def test_a_joint_layer_is_one_of_the_layers_and_needs_a_reader() -> None:
    with pytest.raises(ValueError, match="wide: the joint layer 'b' is none of"):
        replace(WIDE, joint="b")
    with pytest.raises(NotImplementedError, match="Wide has no text side to read 1 texts"):
        Encoder.read(Wide(), ["a"])
