"""Fine-tuning begins at the linear probe, learns what frozen features lack, and can be resumed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn

from backbones import Audio, Backbone, Encoder, Family, Features, Layer
from backbones._torch import TorchEncoder
from bench import audio
from bench.pairing import why_not
from bench.probes import Hyper, Indices, Matrix, Model, Pooling, finetune, trainable
from bench.probes import Problem as Frozen
from bench.probes.fit import Fitter, head
from bench.probes.job import ProbeError
from bench.probes.protocols import PROTOCOLS, FineTune
from bench.probes.trainable import Trainable
from bench.registry import Registry
from bench.stretch import Stretch
from tasks import Kind, Metric, Split, Truth
from tasks._metrics import ACCURACY, PR_AUC, R2
from tests.commands import LINEAR, bench

RATE, CLIPS = 4_000, 24
HYPER = Hyper("vector", Pooling.MEAN, standardise=True, model=Model.LINEAR, c=0.1)

pytestmark = pytest.mark.usefixtures("one_thread")


class Tiny(nn.Module):
    """One convolution whose filters are all but deaf to pitch at first, batch-normalised."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.filters = nn.Parameter(0.2 + 0.02 * torch.randn(4, 1, 32, generator=generator))
        self.norm = nn.BatchNorm1d(4)

    def forward(self, samples: Tensor) -> dict[str, Tensor]:
        heard = nn.functional.conv1d(samples[:, None], self.filters, stride=8)
        return {"vector": self.norm(heard).relu().mT}


class Counted(TorchEncoder):
    """Says how many were made."""

    made = 0

    def __init__(self) -> None:
        super().__init__(Tiny())
        Counted.made += 1


card = Backbone(
    name="tiny", family=Family.RANDOM, summary="s", sample_rate=RATE, window=0.5,
    layers=(Layer("vector", 4, 500.0),), default="vector", build=Counted, paper="p", licence="l",
    parameters=140,
)  # fmt: skip


class Vectors:
    """Features of the frozen network, one vector a clip."""

    def __init__(self, clips: Mapping[Split, Sequence[Stretch]]) -> None:
        encoder = TorchEncoder(Tiny())
        self.x = {split: _vectors(encoder, stretches) for split, stretches in clips.items()}

    def pooled(self, split: Split, _layer: str, _pooling: Pooling) -> Matrix:
        return self.x[split]

    def owners(self, split: Split) -> Indices:
        raise NotImplementedError(split)


def _vectors(encoder: TorchEncoder, stretches: Sequence[Stretch]) -> Matrix:
    clips = [audio.cut(audio.read(s.path, RATE), RATE, 0.5, None, 0.1) for s in stretches]
    return np.stack([encoder.summarise(np.stack(clip))["vector"][:, 0].mean(0) for clip in clips])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[Split, list[Stretch]]:
    """Tones of two pitches in noise, at random levels; one clip is shorter than a window."""
    folder, rng = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    found: dict[Split, list[Stretch]] = {}
    for split in Split:
        found[split] = []
        for number in range(CLIPS):
            time = np.arange(RATE * (0.3 if number == 4 else 1.1)) / RATE
            tone = np.sin(2 * np.pi * (700, 900)[number % 2] * time + rng.uniform(0, 6))
            path = folder / f"{split}-{number}.wav"
            wave = rng.uniform(0.05, 0.3) * tone + rng.normal(0, 0.1, len(time))
            soundfile.write(path, wave, RATE, subtype="FLOAT")
            found[split].append(Stretch(path))
    return found


def labels(kind: Kind) -> Truth:
    high = np.arange(CLIPS) % 2
    if kind is Kind.MULTICLASS:
        return high
    if kind is Kind.REGRESSION:
        return np.stack([5e4 + 10.0 * high], axis=1)
    known = np.stack([high, 1 - high], axis=1).astype(np.float64)
    known[3, 0] = np.nan
    return known


METRICS: dict[Kind, Metric] = {
    Kind.MULTICLASS: ACCURACY,
    Kind.MULTILABEL: PR_AUC,
    Kind.REGRESSION: R2,
}


def problems(clips: dict[Split, list[Stretch]], kind: Kind) -> tuple[Frozen, finetune.Problem]:
    """The same problem with frozen features, and to be fine-tuned."""
    known = {Split.TRAIN: labels(kind), Split.VALIDATION: labels(kind)}
    outputs = 1 if kind is Kind.REGRESSION else 2
    frozen = Frozen(kind, outputs, METRICS[kind], Vectors(clips), known)
    start = head(frozen, HYPER)
    return frozen, finetune.Problem(frozen, start, card, Counted, HYPER, clips)


def protocol(epochs: int = 12, **changes: tuple[float, ...]) -> FineTune:
    """Short enough for a test."""
    shipped = PROTOCOLS["finetune-v1"]
    assert isinstance(shipped, FineTune)
    return replace(shipped, epochs=epochs, rates=changes.get("rates", (1e-2,)), batch=8)


@pytest.mark.parametrize("kind", METRICS)
def test_untrained_it_is_the_linear_probe(clips: dict[Split, list[Stretch]], kind: Kind) -> None:
    frozen, problem = problems(clips, kind)
    found = finetune.train(problem, protocol(epochs=0), 1e-3, 0)
    (predict,) = Fitter(frozen).fit([HYPER], 0)
    np.testing.assert_allclose(found.test, predict(Split.TEST), rtol=1e-4, atol=1e-4)
    assert found.epochs == 0


def test_weights_decay_and_nothing_else(
    clips: dict[Split, list[Stretch]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[torch.optim.Optimizer] = []

    class Seen(torch.optim.AdamW):
        def __init__(self, groups: list[dict[str, Any]], rate: float) -> None:
            super().__init__(groups, rate)
            made.append(self)

    monkeypatch.setattr(torch.optim, "AdamW", Seen)
    finetune.train(problems(clips, Kind.MULTICLASS)[1], protocol(1), 1e-3, 0)
    decayed, plain = made[0].param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (1e-2, 0)
    assert {p.ndim > 1 for p in decayed["params"]} == {True}
    assert {p.ndim for p in plain["params"]} == {1}


@pytest.mark.parametrize("kind", METRICS)
def test_it_learns_what_frozen_features_lack(clips: dict[Split, list[Stretch]], kind: Kind) -> None:
    frozen, problem = problems(clips, kind)
    (predict,) = Fitter(frozen).fit([HYPER], 0)
    weight = np.ones((1, CLIPS))

    def tested(scores: np.ndarray) -> float:
        return float(problem.frozen.metric.function(labels(kind), scores, weight)[0])

    found = finetune.train(problem, protocol(), 1e-2, 0)
    assert found.epochs > 0
    assert found.validation > frozen.score(predict(Split.VALIDATION))
    assert tested(found.test) > tested(predict(Split.TEST)) + 0.05
    assert found.test.shape == predict(Split.TEST).shape


def test_the_same_seed_trains_the_same_network(clips: dict[Split, list[Stretch]]) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    first, again, other = (finetune.train(problem, protocol(2), 1e-2, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


def test_statistics_of_normalisation_stay_and_weights_move(
    clips: dict[Split, list[Stretch]],
) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    encoder = TorchEncoder(Tiny())
    before = {name: x.clone() for name, x in encoder.network.state_dict().items()}
    finetune.train(replace(problem, encoder=lambda: encoder), protocol(), 1e-2, 0)
    after = encoder.network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if "running" in name)
    assert not torch.equal(after["filters"], before["filters"])
    assert not encoder.network.training


def test_the_best_epoch_is_kept_though_training_goes_astray(
    clips: dict[Split, list[Stretch]],
) -> None:
    frozen, problem = problems(clips, Kind.MULTICLASS)
    (predict,) = Fitter(frozen).fit([HYPER], 0)
    found = finetune.train(problem, protocol(), 1e3, 0)
    assert found.validation >= frozen.score(predict(Split.VALIDATION))
    assert np.isfinite(found.test).all()


def test_one_rate_is_chosen_on_validation_and_finished_trainings_are_kept(
    clips: dict[Split, list[Stretch]], tmp_path: Path
) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    asked = protocol(3, rates=(1e-9, 1e-2))
    Counted.made = 0
    (variant,), tried = finetune.probe(problem, asked, (0, 1), tmp_path)
    assert Counted.made == 3, "two rates, and a second seed at the better one"
    assert variant.scores.shape == (2, CLIPS, 2)
    assert [each.hyper["learning_rate"] for each in tried] == [1e-9, 1e-2]
    assert variant.validation == max(each.score for each in tried)
    assert variant.hyper["learning_rate"] == 1e-2
    (again,), _ = finetune.probe(problem, asked, (0, 1), tmp_path)
    assert Counted.made == 3
    np.testing.assert_array_equal(again.scores, variant.scores)
    weaker = replace(HYPER, c=1e-4)
    elsewhere = replace(problem, start=weaker, head=head(problem.frozen, weaker))
    (other,), _ = finetune.probe(elsewhere, asked, (0, 1), tmp_path)
    assert Counted.made == 6
    assert not np.array_equal(other.scores, variant.scores)


def test_no_rate_is_tried_after_the_budget(
    clips: dict[Split, list[Stretch]], tmp_path: Path
) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    asked = protocol(1, rates=(1e-9, 1e-2))
    for seconds, rates in ((1e-9, [1e-9]), (1e9, [1e-9, 1e-2]), (1e-9, [1e-9])):
        _, tried = finetune.probe(problem, asked, (0,), tmp_path, seconds)
        assert [each.hyper["learning_rate"] for each in tried] == rates


def test_windows_are_encoded_in_pieces(
    clips: dict[Split, list[Stretch]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    sizes: list[int] = []

    class Watched(Counted):
        def summarise(self, audio: Audio) -> Features:
            sizes.append(len(audio))
            return super().summarise(audio)

    network = Trainable(card, Watched(), "vector", problem.head, Kind.MULTICLASS)
    whole, most = network.scores(clips[Split.TEST]), max(sizes)
    sizes.clear()
    monkeypatch.setattr(trainable, "BATCH_SECONDS", 0.0)
    np.testing.assert_allclose(network.scores(clips[Split.TEST]), whole, atol=1e-6)
    assert most > max(sizes) == 1


class NoNetwork(Encoder):
    """Made of nothing that learns."""

    def encode(self, audio: Audio) -> Features:
        return {"vector": audio[:, None, :4]}


def test_only_a_network_can_be_trained(clips: dict[Split, list[Stretch]], cards: Registry) -> None:
    _, problem = problems(clips, Kind.MULTICLASS)
    with pytest.raises(ProbeError, match="tiny cannot be fine-tuned: its encoder is a NoNetwork"):
        finetune.train(replace(problem, encoder=NoNetwork), protocol(), 1e-3, 0)
    task = cards.tasks["tunes/type"].card
    reason = why_not(cards.backbones["melstats"].card, task, protocol())
    assert reason == "finetune-v1 trains weights, melstats has none"
    assert why_not(cards.backbones["musicnn-msd"].card, task, protocol()) is None


NETWORK = """
import torch
from backbones import Backbone, Family, Layer
from backbones._torch import TorchEncoder

class Power(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([1.0, 0.5]))

    def forward(self, samples):
        return {"power": (self.scale * samples[..., None] ** 2)[:, ::8]}

power = Backbone(
    name="power", family=Family.RANDOM, summary="s", sample_rate=8000, window=0.5, parameters=2,
    layers=(Layer("power", 2, 1000.0),), default="power",
    build=lambda: TorchEncoder(Power()), paper="p", licence="l",
)
"""


def test_a_row_of_its_own_protocol(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy.write_text(toy.read_text() + NETWORK)
    words = ("run", "-b", "power", "-t", "toys/loud", "--seeds", "2", *LINEAR[2:])
    code, out, err = bench(*words, "--protocol", "finetune-v1", capsys=capsys)
    assert code == 0, err
    assert "toys, finetune-v1" in out
    record = Path("leaderboard/results/finetune-v1/toys/loud/power.json")
    assert '"learning_rate"' in record.read_text()
    assert "100.0" in out
