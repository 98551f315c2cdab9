"""A training that was interrupted ends as a whole one, or says why it cannot go on."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backbones import pretrained
from bench import kept
from bench.pretrain import state
from bench.pretrain.corpus import open_corpus
from bench.pretrain.loop import pretrain
from bench.pretrain.manifest import CorpusError
from bench.pretrain.order import indices
from bench.pretrain.recipe import OBJECTIVES
from bench.pretrain.state import StateError
from bench.progress import Reporter
from tests.corpora import rows, write_manifest
from tests.trainings import (
    CLOCKS,
    Plug,
    UnpluggedError,
    corpus,
    log,
    place,
    recipe,
    train,
    without_clocks,
)

pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(tmp_path_factory.mktemp("place"))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_resumed_is_uninterrupted(base: Path, tmp_path: Path, name: str) -> None:
    """Bit for bit, and no row of the log is missing or there twice."""
    of = recipe(base, name, "train.steps=4", "train.save=2", "train.validate=2")
    whole, out = train(of, base, tmp_path / "whole"), tmp_path / "out"
    with pytest.raises(UnpluggedError):
        train(of, base, out, Plug(3))
    assert len(log(out)) == 3
    train(of, base, out)
    weights = "weights.safetensors"
    assert (out / weights).read_bytes() == (whole / weights).read_bytes()
    assert without_clocks(out) == without_clocks(whole)
    assert not (out / "resume").exists()
    assert_rows_are_complete(log(out), {"loss", *OBJECTIVES[name], "spread"})


def assert_rows_are_complete(rows: list[dict[str, Any]], measured: set[str]) -> None:
    """A row a step, a validation every second one, and nothing that is not finite."""
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        validated = row.pop("validation", None)
        assert set(row) == {"step", "rate", "gradient", *measured, *CLOCKS}
        assert (validated is not None) == (row["step"] % 2 == 0)
        assert validated is None or set(validated) == measured
        assert all(math.isfinite(x) for x in (*row.values(), *(validated or {}).values()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_the_log_after_an_interruption_too(base: Path, tmp_path: Path) -> None:
    shown = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    of = recipe(base, "supervised", "train.steps=4", "train.save=2", "train.validate=2")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(3), tensorboard=True)
    train(of, base, tmp_path / "out", tensorboard=True)
    curves = shown.EventAccumulator(str(tmp_path / "out" / "tensorboard"))
    curves.Reload()
    rows = log(tmp_path / "out")
    assert set(curves.Tags()["scalars"]) == {
        *(name for name in rows[0] if name != "validation"),
        *(f"validation/{name}" for name in rows[1]["validation"]),
    }
    found = {event.step: event.value for event in curves.Scalars("loss")}
    assert found == pytest.approx({row["step"]: row["loss"] for row in rows}, rel=1e-6)
    validated = [event.step for event in curves.Scalars("validation/loss")]
    assert validated == [2, 4]


def test_what_stops_before_its_first_state_begins_anew(base: Path, tmp_path: Path) -> None:
    of, out = recipe(base, "simclr"), tmp_path / "out"
    with pytest.raises(UnpluggedError):
        train(of, base, out, Plug(1))
    assert not (out / "resume").exists()
    assert [row["step"] for row in log(train(of, base, out))] == [1, 2, 3, 4, 5, 6]


def test_another_corpus_is_no_resuming(tmp_path: Path) -> None:
    base = place(tmp_path)
    of = recipe(base, "simclr", "train.save=1")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    write_manifest(base / "corpus", [{**row, "caption": "changed"} for row in rows(16)])
    with pytest.raises(StateError, match=r"the corpus is not the one that .*out was trained on"):
        train(of, base, tmp_path / "out")


def flip(data: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("harm", [flip, lambda data: data[:-100]])
def test_a_damaged_state(harm: Callable[[bytes], bytes], base: Path, tmp_path: Path) -> None:
    of = recipe(base, "simclr", "train.save=1")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    file = tmp_path / "out" / state.FILE
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(StateError, match=r"state.zip is damaged .* delete .* begin anew"):
        train(of, base, tmp_path / "out")


def test_other_audio_is_said_once_and_recorded(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = recipe(base, "simclr", "train.steps=6", "train.save=1")
    one, other = (replace(corpus(base), audio=digest) for digest in ("one", "other"))
    told = []
    for heard in (one, one, other, other):
        with pytest.raises(UnpluggedError):
            pretrain(of, heard, tmp_path / "out", Plug(2))
        err = capsys.readouterr().err
        told.append("tones: its audio is not what was heard before; the record names all" in err)
    assert told == [False, False, True, False]
    pretrain(of, one, tmp_path / "out", Reporter())
    audio = pretrained.read_record(tmp_path / "out")["corpus"]["audio"]
    assert audio == ["one", "other", "one"]


def test_another_start_is_no_resuming(base: Path, tmp_path: Path) -> None:
    begin = recipe(base, "simclr", "train.steps=1")
    start = train(begin, base, tmp_path / "start")
    of = recipe(base, "simclr", "train.save=1", f"trunk.start={start}")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    shutil.rmtree(start)
    train(replace(begin, seed=1), base, start)
    with pytest.raises(
        StateError, match=r"start is not the checkpoint that .*out was started from"
    ):
        train(of, base, tmp_path / "out")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_steps_before_bad_audio_are_not_lost(base: Path, tmp_path: Path, split: str) -> None:
    """An item of the second step cannot be read; mended, the training ends as a whole one."""
    source = shutil.copytree(base / "corpus", tmp_path / "corpus")
    more = ("train.steps=5", "train.validate=2", "train.save=100", "corpus.cache=0")
    of = recipe(base, "supervised", *more, "train.workers=1")
    whole = tmp_path / "whole"
    pretrain(of, open_corpus(source, "tones", 0.25), whole, Reporter())
    items = len(corpus(base).train)
    late = next(iter({*indices(of.seed, 1, 6, items)} - {*indices(of.seed, 0, 6, items)}))
    data = open_corpus(source, "tones", 0.25)
    file = data.train[late].file if split == "train" else data.validation[0].file
    sound = file.read_bytes()
    file.write_bytes(sound[:100])
    with pytest.raises(CorpusError, match="cannot be used"):
        pretrain(of, open_corpus(source, "tones", 0.25), tmp_path / "out", Reporter())
    assert len(log(tmp_path / "out")) == 1
    file.write_bytes(sound)
    pretrain(of, open_corpus(source, "tones", 0.25), tmp_path / "out", Reporter())
    assert without_clocks(tmp_path / "out") == without_clocks(whole)


def test_a_state_of_another_version(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "simclr", "train.save=1")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    parts = dict(kept.read(tmp_path / "out" / state.FILE) or {})
    parts[state.FACTS] = json.dumps(json.loads(parts[state.FACTS]) | {"format": 99}).encode()
    kept.write(tmp_path / "out" / state.FILE, parts)
    with pytest.raises(StateError, match=r"state.zip is of another version"):
        train(of, base, tmp_path / "out")


def test_a_log_that_was_deleted_begins_where_it_was(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "simclr", "train.steps=6", "train.save=2", "train.validate=0")
    out = tmp_path / "out"
    with pytest.raises(UnpluggedError):
        train(of, base, out, Plug(3))
    (out / "log.jsonl").unlink()
    with pytest.raises(UnpluggedError):
        train(of, base, out, Plug(3))
    with (out / "log.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    train(of, base, out)
    assert [row["step"] for row in log(out)] == [3, 4, 5, 6]
