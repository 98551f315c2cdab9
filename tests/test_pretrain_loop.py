"""The loop: every objective, what stops it, what comes of it."""

import json
import math
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, load_file, save
from torch import nn

from backbones import Family, pretrained
from backbones._networks.calibration import calibrate
from backbones._networks.trunk import Trunk
from bench import kept
from bench.errors import UserError
from bench.pretrain import optimiser, reading, state
from bench.pretrain.building import build, build_trunk
from bench.pretrain.checkpoint import OccupiedError
from bench.pretrain.corpus import open_corpus
from bench.pretrain.loader import Part, batches
from bench.pretrain.loop import Training, pretrain
from bench.pretrain.manifest import CorpusError
from bench.pretrain.recipe import TrainRecipe
from bench.pretrain.step import TrainingError
from bench.pretrain.world import World
from bench.progress import Reporter
from tests.corpora import rows, write_manifest
from tests.trainings import Plug, UnpluggedError, corpus, log, place, recipe, train, without_clocks

pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(tmp_path_factory.mktemp("place"))


def test_training_lowers_the_loss(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "supervised", "train.steps=60", "train.rate=3e-3", "train.validate=60")
    found = log(train(of, base, tmp_path / "out"))
    losses = [row["loss"] for row in found]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_without_a_step_the_trunk_is_the_random_one(base: Path, tmp_path: Path) -> None:
    out = train(recipe(base, "supervised", "train.steps=0", "seed=3"), base, tmp_path / "out")
    card = pretrained.card(out)
    assert (card.family, card.trained_on) == (Family.RANDOM, ())
    assert "random weights" in card.summary
    wave = np.random.default_rng(0).normal(0, 0.1, (1, 48_000)).astype(np.float32)
    encoder, random = Trunk(0, 0.03), Trunk(3, 0.03)
    pretrained.fill(encoder, pretrained.verified(out))
    calibrate(random)
    with torch.no_grad():
        found, expected = (x.eval()(torch.from_numpy(wave))["pool"] for x in (encoder, random))
    assert torch.equal(found, expected)


def test_a_finished_folder_is_left_alone(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = recipe(base, "simclr", "train.steps=1")
    out = train(of, base, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.name != ".lock"}
    train(of, base, out)
    assert "is finished" in capsys.readouterr().err
    assert before == {
        path: path.stat().st_mtime_ns for path in out.iterdir() if path.name != ".lock"
    }


def test_a_folder_of_another_training_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpluggedError):
        train(recipe(base, "simclr"), base, tmp_path / "out", Plug(1))
    with pytest.raises(OccupiedError, match=r"by another recipe: train.rate 0.001 → 0.5. Choose"):
        train(recipe(base, "simclr", "train.rate=0.5"), base, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(OccupiedError, match=r"full holds something else than a training"):
        train(recipe(base, "simclr"), base, tmp_path / "full")


def test_numbers_that_are_not_finite_stop_with_their_batch(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "supervised", "train.rate=1e30", "train.warmup=0", "train.clip=0")
    with pytest.raises(TrainingError, match=r"step \d: not finite: .*loss.*; the batch is in"):
        train(of, base, tmp_path / "out")
    (file,) = (tmp_path / "out").glob("batch-*.safetensors")
    tensors = load_file(file)
    assert tensors["0 crop"].shape == (6, 3200)
    assert len(log(tmp_path / "out")) == int(file.stem.split("-")[1]) - 1


def test_collapsed_features_stop(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "mulap", "train.collapse=100")
    with pytest.raises(TrainingError, match=r"step 1: the trunk's features have collapsed: they"):
        train(of, base, tmp_path / "out")


def test_features_that_are_alike_have_no_spread(base: Path, tmp_path: Path) -> None:
    """A trunk whose last factors are zero makes the same of everything, and is stopped."""
    first = train(recipe(base, "simclr", "train.steps=1"), base, tmp_path / "first")
    weights = load_file(first / "weights.safetensors")
    for name, x in weights.items():
        if name.endswith(("norm.weight", ".1.weight")):
            x.zero_()
    (first / "weights.safetensors").write_bytes(save(weights))
    record = json.loads((first / "record.json").read_text())
    record["weights"] = sha256(save(weights)).hexdigest()
    (first / "record.json").write_text(json.dumps(pretrained.sealed(record)))
    with pytest.raises(TrainingError, match="step 1: the trunk's features have collapsed"):
        train(recipe(base, "mulap", f"trunk.start={first}"), base, tmp_path / "second")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains_and_resumes(base: Path, tmp_path: Path, precision: str) -> None:
    few = ("train.steps=3", "train.save=1", "train.validate=0")
    of = recipe(base, "supervised", *few, f"train.precision={precision}")
    whole = train(of, base, tmp_path / "whole")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    train(of, base, tmp_path / "out")
    assert without_clocks(tmp_path / "out") == without_clocks(whole)
    single = log(train(recipe(base, "supervised", *few), base, tmp_path / "single"))
    assert log(whole)[0]["loss"] == pytest.approx(single[0]["loss"], rel=0.05)
    assert log(whole)[0]["loss"] != single[0]["loss"]


@pytest.mark.parametrize(("name", "pieces"), [("mulap", 3), ("mulap", 6), ("supervised", 3)])
def test_parts_of_a_batch_make_no_other_loss(
    base: Path, tmp_path: Path, name: str, pieces: int
) -> None:
    """Nor another gradient, though parts hold unequal numbers of hidden words and known tags."""
    content = rows(16)
    unknown = [row | {"tags": None} if n % 3 else row for n, row in enumerate(content)]
    for row in unknown:
        row["audio_path"] = str(base / "corpus" / str(row["audio_path"]))
    source = write_manifest(tmp_path, unknown)
    found = []
    for parts in (1, pieces):
        of = recipe(base, name, f"train.accumulate={parts}", "terms.atm=0")
        data = open_corpus(source, "tones", 0.25)
        training = Training(of, data, tmp_path, World(torch.device("cpu")), sharded=False)
        training.stepper.objective.eval()  # neither dropout nor normalisation over a part
        made = batches(training._views(1), range(3), 6, Part(pieces=parts), 1)
        found.append([training.stepper.train(step, next(made), tmp_path) for step in range(3)])
    for one, other in zip(*found, strict=True):
        for number in ("loss", *training.stepper.objective.weights, "gradient"):
            assert other[number] == pytest.approx(one[number], rel=1e-4)


def test_checkpointing_changes_no_number(base: Path, tmp_path: Path) -> None:
    plain = train(recipe(base, "contrastive"), base, tmp_path / "plain")
    again = train(recipe(base, "contrastive", "train.checkpointing=true"), base, tmp_path / "again")
    for one, other in zip(without_clocks(plain), without_clocks(again), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)


def test_what_decays(base: Path) -> None:
    of = recipe(base, "mulap", "terms.contrastive=1", "train.decay=0.5")
    model = build(of, build_trunk(of), 5)
    decayed, plain = optimiser.build(model, of.train).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.5, 0.0)
    names = {id(p): name for name, p in model.named_parameters()}
    with_decay = {names[id(p)] for p in decayed["params"]}
    assert len(decayed["params"]) + len(plain["params"]) == len(names)
    norms = (nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d)
    for path, module in model.named_modules():
        if isinstance(module, norms):
            assert not any(f"{path}.{name}" in with_decay for name, _ in module.named_parameters())
    assert not [name for name in with_decay if name.endswith(("bias", "scale", "positions"))]
    assert not [name for name in with_decay if "position_embeddings" in name]
    assert any(name.endswith("conv.weight") for name in with_decay)


def test_how_the_rate_goes() -> None:
    def rates(**settings: object) -> list[float]:
        sized = reading.load(changes=[f"train.{k}={v}" for k, v in settings.items()]).train
        assert isinstance(sized, TrainRecipe)
        return [round(optimiser.rate(step, sized), 6) for step in range(sized.steps)]

    linear = rates(steps=10, warmup=0.2, rate=1.0, schedule="linear")
    assert linear == [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    cosine = rates(steps=4, warmup=0, rate=2.0, schedule="cosine")
    assert cosine == [2.0, 1.707107, 1.0, 0.292893]
    assert rates(steps=3, warmup=0, rate=0.5, schedule="constant") == [0.5, 0.5, 0.5]
    assert rates(steps=2, warmup=1, rate=1.0) == [0.5, 1.0]


def test_the_gradient_is_clipped(base: Path, tmp_path: Path) -> None:
    """The first moment after a step is a tenth of the gradient that was used."""
    of = recipe(base, "simclr", "train.clip=0.01", "train.save=1", "train.steps=2")
    with pytest.raises(UnpluggedError):
        train(of, base, tmp_path / "out", Plug(2))
    tensors = load((kept.read(tmp_path / "out" / state.FILE) or {})[state.TENSORS])
    moments = [x for name, x in tensors.items() if name.startswith("exp_avg ")]
    norm = math.sqrt(sum(float(x.square().sum()) for x in moments))
    assert log(tmp_path / "out")[0]["gradient"] > 0.01
    assert norm == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_what_a_start_was_trained_on_is_not_forgotten(base: Path, tmp_path: Path) -> None:
    first = train(recipe(base, "simclr", "train.steps=1"), base, tmp_path / "first")
    of = recipe(base, "simclr", "train.steps=1", f"trunk.start={first}")
    pretrain(of, replace(corpus(base), name="bells"), tmp_path / "second", Reporter())
    record = pretrained.read_record(tmp_path / "second")
    assert record["trained_on"] == ["tones", "bells"]
    assert record["start"] == pretrained.read_record(first)["weights"]


def test_a_finished_training_is_verified(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "simclr", "train.steps=1")
    weights = train(of, base, tmp_path / "out") / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match="has sha256"):
        train(of, base, tmp_path / "out")


def test_items_of_several_classes(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "supervised", "supervised.exclusive=true")
    with pytest.raises(CorpusError, match=r"items of one tag each; 16 of 16 have none or several"):
        train(of, base, tmp_path / "out")


def test_sizes_that_do_not_fit(base: Path, tmp_path: Path) -> None:
    of = recipe(base, "mulap", "fusion.blocks=5")
    with pytest.raises(UserError, match="the recipe's sizes do not fit each other: 5 blocks"):
        train(of, base, tmp_path / "out")


def test_two_at_once_are_refused(base: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / "out").mkdir()
    with (
        FileLock(tmp_path / "out" / ".lock"),
        pytest.raises(TrainingError, match=r"another process trains in .*out; wait"),
    ):
        train(recipe(base, "simclr"), base, tmp_path / "out", Reporter())


def test_a_batch_that_processes_cannot_share_evenly(base: Path, tmp_path: Path) -> None:
    four = World(torch.device("cpu"), size=4)
    with pytest.raises(TrainingError, match=r"train.batch 6 cannot be split evenly over 4 process"):
        Training(recipe(base, "simclr"), corpus(base), tmp_path, four, sharded=False)
