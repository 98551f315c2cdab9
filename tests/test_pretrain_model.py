"""MuLaP's network: sizes, attention, padding, tokens."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from backbones._networks.chunks import of_chunks, pooled
from backbones._networks.coattention import CoAttention, CrossAttention, Stream
from backbones._networks.fusion import AudioTokens
from backbones._networks.mulap import MuLaP
from backbones._networks.seeded import seeded
from backbones._networks.sizes import FusionSizes
from backbones._networks.text import NotABertError, TextEncoder, load_bert, mean_of_tokens
from backbones._networks.trunk import Trunk
from tests.berts import WORDS, write_bert

transformers = pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")

SMALL = FusionSizes(dim=16, layers=3, heads=2, hidden=32, co_dim=16, co_heads=2, text_hidden=32)
CHUNK = 4096


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def model(bert: Path) -> MuLaP:
    def build() -> MuLaP:
        return MuLaP(Trunk(0, 1 / 32), TextEncoder(load_bert(bert)), SMALL, chunks=4)

    return seeded(0, build).eval()


Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def inputs(chunks: int = 3, tokens: int = 5) -> Inputs:
    draw = torch.Generator().manual_seed(1)
    audio = torch.rand((2, chunks, CHUNK), generator=draw) - 0.5
    masked = torch.zeros(2, chunks, dtype=torch.bool)
    masked[0, 1] = True
    ids = torch.randint(5, len(WORDS), (2, tokens), generator=draw)
    return audio, torch.ones_like(masked), masked, ids, torch.ones_like(ids, dtype=torch.bool)


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_full_size_is_the_published_one() -> None:
    base, trunk = transformers.BertConfig(), Trunk(0)

    with torch.device("meta"):
        text = TextEncoder(transformers.BertModel(base, add_pooling_layer=False), layers=6)
        model = MuLaP(trunk, text, FusionSizes(), chunks=6)
    assert model.trunk.dim == 1506
    assert round(parameters(model.trunk) / 1e6, 2) == 0.47
    # The released code has 95 M of which 2 × 1024 × (256 + 768) weights are never used.
    never_used = 2 * (1024 * (256 + 768) + 256 + 768)
    assert round((parameters(model) + never_used) / 1e6) == 95


def test_heads_that_are_not_asked_for_have_no_weights(bert: Path) -> None:
    for term in ("mlm", "mam", "atm"):
        text = TextEncoder(load_bert(bert))
        assert set(MuLaP(Trunk(0, 1 / 32), text, SMALL, 4, [term]).heads) == {term}


def test_cross_attention_is_multi_head_attention() -> None:
    ours = CrossAttention(12, 12, 12, 3, 0.0).eval()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True).eval()
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    x, other = torch.randn(2, 4, 12), torch.randn(2, 6, 12)
    present = torch.tensor([[True] * 6, [True] * 2 + [False] * 4])
    expected, _ = theirs(x, other, other, key_padding_mask=~present)
    torch.testing.assert_close(ours(x, other, present), expected)


def test_cross_attention_of_two_widths_is_multi_head_attention_with_its_own_key_widths() -> None:
    ours = CrossAttention(8, 20, 8, 2, 0.0).eval()
    theirs = nn.MultiheadAttention(8, 2, kdim=20, vdim=20, batch_first=True).eval()
    with torch.no_grad():
        for name in ("query", "key", "value"):
            weight = ours.get_parameter(f"{name}.weight")
            theirs.get_parameter(f"{name[0]}_proj_weight").copy_(weight)
        biases = tuple(ours.get_parameter(f"{name}.bias") for name in ("query", "key", "value"))
        theirs.in_proj_bias.copy_(torch.cat(biases))
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    x, other = torch.randn(2, 4, 8), torch.randn(2, 6, 20)
    present = torch.ones(2, 6, dtype=torch.bool)
    torch.testing.assert_close(ours(x, other, present), theirs(x, other, other)[0])


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="10 cannot be split evenly over 3 heads"):
        CrossAttention(8, 8, 10, 3, 0.0)


def test_both_streams_are_answered_from_the_inputs() -> None:
    block = CoAttention(Stream(8, 6, 8, 2, 16, 0.0), Stream(6, 8, 8, 2, 16, 0.0)).eval()
    audio, text = torch.randn(1, 3, 8), torch.randn(1, 4, 6)
    three, four = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 4, dtype=torch.bool)
    new_audio, new_text = block(audio, three, text, four)
    torch.testing.assert_close(new_audio, block.audio(audio, text, four))
    torch.testing.assert_close(new_text, block.text(text, audio, three))


def test_the_text_encoder_is_the_whole_bert(bert: Path) -> None:
    whole = transformers.BertModel.from_pretrained(bert, add_pooling_layer=False).eval()
    ids = inputs()[3]
    present = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    ours = TextEncoder(load_bert(bert)).eval()
    expected = whole(ids, attention_mask=present.long()).last_hidden_state
    torch.testing.assert_close(ours(ids, present)[present], expected[present])


def test_first_layers_of_the_text_encoder(bert: Path) -> None:
    whole = transformers.BertModel.from_pretrained(bert, add_pooling_layer=False).eval()
    ids = inputs()[3]
    present = torch.ones_like(ids, dtype=torch.bool)
    states = whole(ids, output_hidden_states=True).hidden_states
    torch.testing.assert_close(TextEncoder(load_bert(bert), 2).eval()(ids, present), states[2])


def test_more_layers_than_there_are(bert: Path) -> None:
    with pytest.raises(ValueError, match="9 layers of the text encoder were asked for; it has 3"):
        TextEncoder(load_bert(bert), 9)


def test_more_blocks_than_layers(bert: Path) -> None:
    with pytest.raises(ValueError, match="2 blocks of co-attention need as many layers"):
        MuLaP(Trunk(0, 1 / 32), TextEncoder(load_bert(bert), 1), SMALL)


def test_another_kind_of_text_model_is_refused(tmp_path: Path) -> None:
    transformers.GPT2Config().save_pretrained(tmp_path)
    with pytest.raises(NotABertError, match="is a gpt2 model; the text encoder must be a BERT"):
        load_bert(tmp_path)


def test_a_frozen_text_encoder_has_neither_gradient_nor_dropout(bert: Path) -> None:
    text = TextEncoder(load_bert(bert), frozen=True).train()
    ids = inputs()[3]
    present = torch.ones_like(ids, dtype=torch.bool)
    first, second = text(ids, present), text(ids, present)
    assert not first.requires_grad
    assert torch.equal(first, second)


def test_padding_changes_nothing(model: MuLaP) -> None:
    audio, present, masked, ids, text_present = inputs()
    plain = model(audio, present, masked, ids, text_present)
    more = nn.functional.pad(audio, (0, 0, 0, 1), value=0.3)
    padded = model(
        more,
        nn.functional.pad(present, (0, 1)),
        nn.functional.pad(masked, (0, 1)),
        nn.functional.pad(ids, (0, 4), value=7),
        nn.functional.pad(text_present, (0, 4)),
    )
    torch.testing.assert_close(padded.audio[:, :3], plain.audio)
    torch.testing.assert_close(padded.text[:, :5], plain.text)
    assert not padded.features[:, 3].any()


def test_padding_does_not_move_the_normalisation(model: MuLaP) -> None:
    audio, present, *_ = inputs()
    model.train()
    of_chunks(
        model.trunk, nn.functional.pad(audio, (0, 0, 0, 1)), nn.functional.pad(present, (0, 1))
    )
    once = {k: v.clone() for k, v in model.trunk.named_buffers()}
    again = Trunk(0, 1 / 32).train()
    of_chunks(again, audio, present)
    for name, buffer in again.named_buffers():
        torch.testing.assert_close(once[name], buffer)


def test_chunks_in_one_batch_are_chunks_one_by_one(model: MuLaP) -> None:
    audio, present, *_ = inputs()
    together = of_chunks(model.trunk, audio, present)
    for row in range(2):
        for chunk in range(3):
            alone = model.trunk(audio[row, chunk : chunk + 1])["pool"][0, 0]
            torch.testing.assert_close(together[row, chunk], alone)


def test_the_global_token_cannot_give_away_a_masked_chunk() -> None:
    tokens = AudioTokens(4, 3, FusionSizes(dim=8)).eval()
    features = torch.randn(1, 3, 4)
    present = torch.ones(1, 3, dtype=torch.bool)
    masked = torch.tensor([[False, True, False]])
    other = features.clone()
    other[0, 1] += 1
    before, _ = tokens(features, present, masked)
    after, shown = tokens(other, present, masked)
    assert torch.equal(before, after)
    assert shown.shape == (1, 4)


def test_the_global_token_is_the_detached_mean_of_the_rest() -> None:
    tokens = AudioTokens(4, 3, FusionSizes(dim=8)).eval()
    features = torch.randn(1, 3, 4, requires_grad=True)
    present, masked = torch.tensor([[True, True, False]]), torch.zeros(1, 3, dtype=torch.bool)
    found, _ = tokens(features, present, masked)
    expected = tokens.norm(tokens.project(features[:, :2].mean(1)) + tokens.positions[0])
    torch.testing.assert_close(found[:, 0], expected)
    (gradient,) = torch.autograd.grad(found[:, 0].square().sum(), features)
    assert not gradient.any()


def test_without_a_global_token() -> None:
    tokens = AudioTokens(4, 3, FusionSizes(dim=8, global_token=False))
    three = torch.ones(1, 3, dtype=torch.bool)
    found, present = tokens(torch.randn(1, 3, 4), three, ~three)
    assert found.shape == (1, 3, 8)
    assert torch.equal(present, three)


@pytest.fixture
def checkpointed(bert: Path) -> MuLaP:
    def build() -> MuLaP:
        text = TextEncoder(load_bert(bert))
        return MuLaP(Trunk(0, 1 / 32), text, SMALL, chunks=4, checkpointing=True)

    return seeded(0, build)


def test_checkpointing_changes_neither_gradients_nor_statistics(
    model: MuLaP, checkpointed: MuLaP
) -> None:
    found = []
    for each in (model, checkpointed):
        each.train()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            out = each(*inputs())
            (out.audio.square().sum() + out.text.square().sum()).backward()
        grads = {k: p.grad for k, p in each.named_parameters() if p.grad is not None}
        found.append((grads, dict(each.trunk.named_buffers())))
    (plain, kept), (again, recomputed) = found
    assert plain.keys() == again.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(again[name], gradient)
    for name, buffer in kept.items():
        assert torch.equal(recomputed[name], buffer), name


def test_pooled_is_the_pool_layer() -> None:
    trunk = Trunk(0, 1 / 32).eval()
    audio = inputs()[0][:, 0]
    torch.testing.assert_close(pooled(trunk, audio), trunk(audio)["pool"][:, 0])


def test_mean_of_tokens_leaves_padding_out() -> None:
    x = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert mean_of_tokens(x, torch.tensor([[True, True, False]])).item() == 2
