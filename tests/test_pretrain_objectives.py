"""Objectives: losses against other implementations, gradients, terms, overfitting."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from backbones._networks.heads import WordHead
from backbones._networks.seeded import seeded
from bench.errors import UserError
from bench.pretrain import reading
from bench.pretrain.building import build, build_trunk
from bench.pretrain.objectives import IGNORED, Batch
from bench.pretrain.objectives.contrastive import info_nce
from bench.pretrain.objectives.mulap import ProxyTasks
from bench.pretrain.objectives.simclr import nt_xent
from bench.pretrain.objectives.supervised import of_classes, of_tags
from bench.pretrain.objectives.vicreg import EPSILON, covariance, variance
from bench.pretrain.objectives.weighted import Weighted
from bench.pretrain.presets import Preset
from tests.berts import WORDS, write_bert

transformers = pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")

TERMS = {
    "supervised": ("supervised",),
    "simclr": ("simclr",),
    "vicreg": ("variance", "invariance", "covariance"),
    "contrastive": ("contrastive",),
    "mulap": ("mlm", "mam", "atm"),
}
REACHED = {"supervised": 0.5, "simclr": 0.5, "vicreg": 0.5, "contrastive": 0.5, "mulap": 0.5}
STEPS = 60
WITHOUT_EFFECT = re.compile(r"key\.bias|conv\.bias|(horizontal|middle)\.\d\.0\.bias")
"""Their gradient is zero but for rounding: a key's bias moves all scores of a query alike, and a
normalisation takes the bias of the convolution before it out again."""
CHUNK = 4096
TAGS = 5


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def objective(bert: Path) -> Callable[..., Weighted]:
    """Builds the objective of a few terms, tiny."""

    def make(*terms: str, changes: tuple[str, ...] = ()) -> Weighted:
        file = bert / "recipe.toml"
        file.write_text("[terms]\n" + "".join(f"{term} = 1.0\n" for term in terms))
        sizes = ("trunk.width=0.03", f"text.model={bert}", "clip.chunks=3", "text.layers=3")
        recipe = reading.load(file, Preset.TINY, [*sizes, *changes])
        return build(recipe, build_trunk(recipe), TAGS)

    return make


def unit_rows(items: int, dim: int = 6, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(items, dim, generator=draw, dtype=torch.float64), dim=1)


@pytest.fixture
def batch() -> Batch:
    """Four items with everything in them."""
    draw = torch.Generator().manual_seed(0)
    pitches = 200 * 2 ** (torch.arange(12).reshape(4, 3, 1) / 3)
    tones = torch.sin(2 * torch.pi * pitches * torch.arange(CHUNK) / 16_000)
    chunks = 0.3 * tones + 0.05 * torch.randn(4, 3, CHUNK, generator=draw)
    present = torch.ones(4, 3, dtype=torch.bool)
    present[3, 2] = False
    words = torch.randint(5, len(WORDS), (4, 6), generator=draw)
    hidden = torch.full((4, 6), IGNORED)
    hidden[:2, 2] = words[:2, 2]
    hidden_chunks = torch.zeros(4, 3, dtype=torch.bool)
    hidden_chunks[:, 1] = True
    return {
        "crop": chunks[:, 0],
        "first": chunks[:, 0],
        "second": chunks[:, 1],
        "chunks": chunks,
        "chunks_present": present,
        "words": words,
        "words_present": torch.ones_like(words, dtype=torch.bool),
        "fused_words": words,
        "fused_present": torch.ones_like(words, dtype=torch.bool),
        "hidden_words": hidden,
        "hidden_chunks": hidden_chunks,
        "matches": torch.tensor([1, 1, 0, 0]),
        "tags": torch.eye(4, TAGS),
    }


def test_nt_xent_is_its_definition() -> None:
    first, second, temperature = unit_rows(5), unit_rows(5, seed=1), 0.3
    both = torch.cat([first, second]).numpy()
    losses = []
    for i in range(10):
        j = (i + 5) % 10
        others = [np.exp(both[i] @ both[k] / temperature) for k in range(10) if k != i]
        losses.append(-np.log(np.exp(both[i] @ both[j] / temperature) / sum(others)))
    assert nt_xent(first, second, temperature).item() == pytest.approx(np.mean(losses))


def test_nt_xent_of_views_that_all_agree_is_the_logarithm_of_the_others() -> None:
    same = torch.ones(4, 1)
    assert nt_xent(same, same, 1.0).item() == pytest.approx(np.log(7))


def test_info_nce_is_clips_loss() -> None:
    from transformers.models.clip.modeling_clip import image_text_contrastive_loss

    a, b = unit_rows(7), unit_rows(7, seed=1)
    theirs = image_text_contrastive_loss(14 * b @ a.T)
    assert info_nce(a, b, 14.0).item() == pytest.approx(theirs.item())


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: info_nce(x, y, 14.0),
        lambda x, y: nt_xent(x, y, 0.1),
        lambda x, _: covariance(x),
    ],
)
def test_items_are_not_compared_in_half_precision(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    drawn = torch.randn(2, 9, 6, generator=torch.Generator().manual_seed(0))
    x, y = functional.normalize(drawn, dim=2)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(x, y)
    assert found.item() == loss(x, y).item()


def test_vicregs_variance_and_covariance_are_those_of_numpy() -> None:
    x = 0.6 * np.random.default_rng(0).normal(size=(9, 4))
    spread = np.sqrt(x.var(axis=0, ddof=1) + EPSILON)
    assert variance(torch.tensor(x)).item() == pytest.approx(np.maximum(0, 1 - spread).mean())
    matrix = np.cov(x, rowvar=False)
    expected = (matrix**2).sum() - (np.diag(matrix) ** 2).sum()
    assert covariance(torch.tensor(x)).item() == pytest.approx(expected / 4)


def test_supervised_leaves_out_what_is_not_known() -> None:
    scores = torch.tensor([[0.3, -2.0], [1.0, 5.0]])
    tags = torch.tensor([[1.0, 0.0], [0.0, torch.nan]])
    known = torch.tensor([0.3, -2.0, 1.0]), torch.tensor([1.0, 0.0, 0.0])
    expected = functional.binary_cross_entropy_with_logits(*known)
    torch.testing.assert_close(of_tags(scores, tags), expected)


def test_classes_are_a_softmax() -> None:
    scores = torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    assert of_classes(scores, torch.tensor([[0.0, 0, 1, 0]])).item() == pytest.approx(np.log(4))


def test_masked_words_are_scored_as_by_transformers(bert: Path) -> None:
    config = transformers.BertConfig.from_pretrained(bert)
    theirs = seeded(0, lambda: transformers.BertForMaskedLM(config)).eval()
    head = WordHead(theirs.bert.embeddings.word_embeddings.weight).eval()
    predictions = theirs.cls.predictions
    head.transform[0].load_state_dict(predictions.transform.dense.state_dict())
    head.transform[2].load_state_dict(predictions.transform.LayerNorm.state_dict())
    head.transform[2].eps = config.layer_norm_eps
    torch.nn.init.normal_(predictions.bias)
    head.bias.data.copy_(predictions.bias)
    ids = torch.randint(5, len(WORDS), (2, 6), generator=torch.Generator().manual_seed(0))
    labels = torch.full_like(ids, IGNORED)
    labels[0, 1:4] = ids[0, 1:4]
    out = theirs(ids, labels=labels, output_hidden_states=True)
    wanted = labels != IGNORED
    found = functional.cross_entropy(head(out.hidden_states[-1][wanted]), labels[wanted])
    torch.testing.assert_close(found, out.loss)


@pytest.mark.parametrize("name", TERMS)
def test_terms_are_named_and_finite(
    objective: Callable[..., Weighted], batch: Batch, name: str
) -> None:
    weighted = objective(*TERMS[name])
    terms = weighted(batch)
    assert tuple(terms) == TERMS[name]
    assert all(term.ndim == 0 and term.isfinite() for term in terms.values())
    assert weighted.total(terms).item() == pytest.approx(sum(t.item() for t in terms.values()))


@pytest.mark.parametrize("name", TERMS)
def test_every_parameter_gets_a_gradient(
    objective: Callable[..., Weighted], batch: Batch, name: str
) -> None:
    weighted = objective(*TERMS[name])
    weighted.total(weighted(batch)).backward()
    without = [k for k, p in weighted.named_parameters() if p.grad is None or not p.grad.any()]
    assert not [name for name in without if not WITHOUT_EFFECT.search(name)]


@pytest.mark.parametrize("name", TERMS)
def test_one_batch_is_overfitted(
    objective: Callable[..., Weighted], batch: Batch, name: str
) -> None:
    weighted = objective(*TERMS[name], changes=("fusion.dropout=0",))
    optimiser = torch.optim.AdamW(weighted.parameters(), 3e-3)
    losses: list[float] = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(STEPS):
            terms = weighted(batch)
            losses.append(weighted.total(terms).item())
            optimiser.zero_grad()
            weighted.total(terms).backward()
            optimiser.step()
    assert losses[-1] < REACHED[name] * losses[0], losses


@pytest.mark.parametrize("term", [term for terms in TERMS.values() for term in terms])
def test_every_term_can_stand_alone(
    objective: Callable[..., Weighted], batch: Batch, term: str
) -> None:
    weighted = objective(term)
    assert list(weighted(batch)) == [term]


def test_a_term_with_weight_0_is_off(objective: Callable[..., Weighted], batch: Batch) -> None:
    weighted = objective("mlm", "mam", "atm", changes=("terms.mam=0",))
    assert list(weighted(batch)) == ["mlm", "atm"]
    assert not [name for name, _ in weighted.named_parameters() if "heads.mam" in name]


def test_objectives_add_up_over_one_trunk(objective: Callable[..., Weighted], batch: Batch) -> None:
    weighted = objective("supervised", "atm", changes=("terms.atm=0.5",))
    terms = weighted(batch)
    expected = terms["supervised"] + 0.5 * terms["atm"]
    torch.testing.assert_close(weighted.total(terms), expected)
    trunks = {id(each.get_submodule("trunk")) for each in weighted.objectives[:1]}
    trunks |= {id(each.get_submodule("model.trunk")) for each in weighted.objectives[1:]}
    assert len(trunks) == 1


def proxy(weighted: Weighted) -> ProxyTasks:
    (found,) = weighted.objectives
    assert isinstance(found, ProxyTasks)
    return found


def test_hidden_chunks_are_compared_with_their_features_as_they_are(
    objective: Callable[..., Weighted], batch: Batch
) -> None:
    tasks = proxy(objective("mam").eval())
    streams = tasks.model(
        *(batch["chunks"], batch["chunks_present"], batch["hidden_chunks"]),
        *(batch["fused_words"], batch["fused_present"]),
    )
    target = torch.stack([tasks.model.trunk(c[1:2])["pool"][0, 0] for c in batch["chunks"]])
    assert target.abs().max() > 0.1
    found = tasks.model.heads["mam"](streams.audio[:, 1])
    torch.testing.assert_close(tasks(batch)["mam"], functional.mse_loss(found, target))


def test_no_gradient_flows_into_the_target(
    objective: Callable[..., Weighted], batch: Batch
) -> None:
    weighted = objective("mam")
    batch["hidden_chunks"] = torch.ones(4, 3, dtype=torch.bool)  # the target is the only way left
    weighted(batch)["mam"].backward()
    trunk = proxy(weighted).model.trunk
    assert all(p.grad is None or not p.grad.any() for p in trunk.parameters())
    assert all(p.grad is not None for p in proxy(weighted).model.heads["mam"].parameters())


@pytest.mark.parametrize("term", ["mlm", "mam"])
def test_nothing_hidden_is_no_loss(
    objective: Callable[..., Weighted], batch: Batch, term: str
) -> None:
    batch["hidden_words"].fill_(IGNORED)
    batch["hidden_chunks"].fill_(0)
    weighted = objective(term)
    found = weighted(batch)[term]
    found.backward()
    assert found.item() == 0


def test_masking_is_on_in_eval_too(objective: Callable[..., Weighted], batch: Batch) -> None:
    terms = objective("mlm", "mam", "atm").eval()(batch)
    assert all(term.item() > 0 for term in terms.values())


def test_a_text_encoder_that_is_nowhere(objective: Callable[..., Weighted], bert: Path) -> None:
    (bert / "empty").mkdir(exist_ok=True)
    with pytest.raises(UserError, match=r"the text encoder '.*empty' cannot be had"):
        objective("atm", changes=(f"text.model={bert / 'empty'}",))


def test_padding_of_captions_changes_no_loss(
    objective: Callable[..., Weighted], batch: Batch
) -> None:
    weighted = objective("contrastive", "mlm", "mam", "atm").eval()
    more = dict(batch)
    for name in ("words", "fused_words"):
        more[name] = functional.pad(batch[name], (0, 3), value=9)
    for name in ("words_present", "fused_present"):
        more[name] = functional.pad(batch[name], (0, 3))
    more["hidden_words"] = functional.pad(batch["hidden_words"], (0, 3), value=IGNORED)
    torch.testing.assert_close(weighted(more), weighted(batch))
