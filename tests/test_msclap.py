"""Microsoft's CLAP: the published file, against other implementations."""

import json
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from backbones import Audio, Backbone, WeightsError
from backbones._networks.seeded import seeded
from backbones.msclap import msclap_2023
from bench.testing import BACKBONE_CHECKS, Check, noise
from tests.towers import TEXTS, WORDS, drawn, normalised, write_tokenizer

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

DEPTHS, WIDTH, JOINT = (2, 1, 1, 1), 8, 12


def test_the_card_has_the_size_of_the_network() -> None:
    from backbones._towers import msclap_network

    with torch.device("meta"):
        network = msclap_network()
    assert sum(x.numel() for x in network.parameters()) == msclap_2023.parameters
    shapes = {name: tuple(x.shape) for name, x in network.state_dict().items()}
    assert shapes["htsat.layers.2.blocks.5.intermediate.dense.weight"] == (1536, 384)
    assert shapes["gpt.wte.weight"] == (50_257, 768)
    assert [layer.dim for layer in msclap_2023.layers] == [96, 192, 384, 768, 768, 768, 1024]


@pytest.fixture
def few_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code with a few thousand weights."""
    htsat = transformers.ClapAudioConfig(
        patch_embeds_hidden_size=WIDTH, depths=DEPTHS, num_attention_heads=(1, 2, 2, 2),
        hidden_size=8 * WIDTH,
    )  # fmt: skip
    gpt = transformers.GPT2Config(vocab_size=300, n_positions=32, n_embd=16, n_layer=2, n_head=2)
    for name, value in {"HTSAT": htsat, "GPT2": gpt, "MS_JOINT": JOINT}.items():
        monkeypatch.setattr(f"backbones._towers.{name}", value)


@pytest.mark.usefixtures("few_weights")
@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.name)
def test_a_small_one_keeps_the_contract(check: Check[Backbone]) -> None:
    sizes = [*(WIDTH * times for times in (1, 2, 4, 8, 8, 8)), JOINT]
    pairs = zip(msclap_2023.layers, sizes, strict=True)
    check.run(replace(msclap_2023, layers=tuple(replace(x, dim=dim) for x, dim in pairs)))


def pictures() -> torch.nn.Module:
    """The Swin transformer of timm; HTSAT is one."""
    timm = pytest.importorskip("timm", reason="the extra `timm` is not installed")
    made: torch.nn.Module = seeded(
        2,
        lambda: timm.models.swin_transformer.SwinTransformer(
            img_size=256, patch_size=4, in_chans=1, num_classes=0, embed_dim=WIDTH, window_size=8,
            depths=DEPTHS, num_heads=(1, 2, 2, 2),
        ),
    )  # fmt: skip
    return made.eval()


def places() -> Tensor:
    """Which entry of its table a pair of places in a window of 8 by 8 has; published as floats."""
    y, x = (part.flatten() for part in np.meshgrid(range(8), range(8), indexing="ij"))
    rows, columns = y[:, None] - y[None], x[:, None] - x[None]
    return torch.tensor(15 * (rows + 7) + columns + 7, dtype=torch.float32)


def write_msclap(folder: Path) -> dict[str, Tensor]:
    """The files of Microsoft's CLAP, as their authors name what is in them."""
    from backbones import _towers

    state = {}
    for name, x in pictures().state_dict().items():
        parts = name.split(".")
        if "downsample" in parts:  # timm has it before a stage, HTSAT behind one
            parts[1] = str(int(parts[1]) - 1)
        state["htsat." + ".".join(parts)] = x
    for stage, depth in enumerate(DEPTHS):
        for block in range(depth):
            at = f"htsat.layers.{stage}.blocks.{block}"
            state[f"{at}.attn.relative_position_index"] = places()
    state["htsat.layers.0.blocks.1.attn_mask"] = torch.zeros(64, 64, 64)
    shapes: dict[str, tuple[int, ...]] = {"htsat.bn0.running_mean": (64,)}
    shapes |= {"htsat.bn0.weight": (64,), "htsat.bn0.bias": (64,)}
    shapes |= {"htsat.tscam_conv.weight": (3,), "htsat.logmel_extractor.melW": (5,)}
    for tower, width in (("", 64), ("words.", 16)):
        sizes: dict[str, tuple[int, ...]] = {
            "linear1.weight": (JOINT, width),
            "linear2.weight": (JOINT, JOINT),
        }
        sizes |= {"layer_norm.weight": (JOINT,), "layer_norm.bias": (JOINT,)}
        shapes |= {f"{tower}projection.{name}": size for name, size in sizes.items()}
    state |= drawn(shapes)
    state["htsat.bn0.running_var"] = torch.linspace(50, 400, 64)
    state["htsat.bn0.num_batches_tracked"] = torch.tensor(7.0)
    gpt = seeded(3, lambda: transformers.GPT2Model(_towers.GPT2)).state_dict()
    masks = {
        f"h.{n}.attn.{name}": torch.zeros(1) for n in (0, 1) for name in ("bias", "masked_bias")
    }
    published = {"logit_scale": torch.tensor(2.0)}
    published |= {f"caption_encoder.base.{name}": x for name, x in {**gpt, **masks}.items()}
    for name, x in state.items():
        words = name.removeprefix("words.")
        audio = f"audio_encoder.{'base.' if name.startswith('htsat') else ''}{name}"
        published[audio if words == name else f"caption_encoder.{words}"] = x
    torch.save({"model": published}, folder / "CLAP_weights_2023.pth")
    write_tokenizer(folder, whole=False)
    return state


def projected(state: dict[str, Tensor], x: Tensor, tower: str = "") -> Tensor:
    weights = (state[f"{tower}projection.{name}"] for name in ("linear1.weight", "linear2.weight"))
    first, second = weights
    mapped = x @ first.T
    scale, offset = (state[f"{tower}projection.layer_norm.{name}"] for name in ("weight", "bias"))
    return normalised(mapped + functional.gelu(mapped) @ second.T, scale) + offset


def picture(state: dict[str, Tensor], audio: Audio) -> Tensor:
    """What HTSAT looks at, by librosa: four quarters of 7 s of log-mel below each other."""
    mel = librosa.feature.melspectrogram(
        y=audio, sr=32_000, n_fft=1024, hop_length=320, n_mels=64, fmin=50, fmax=14_000,
        pad_mode="reflect",
    )  # fmt: skip
    decibel = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)
    names = ("running_mean", "running_var", "weight", "bias")
    center, variance, scale, offset = (state[f"htsat.bn0.{name}"][:, None] for name in names)
    x = (torch.from_numpy(decibel) - center) / (variance + 1e-5).sqrt() * scale + offset
    whole = functional.interpolate(x.mT[:, None], (1024, 64), mode="bicubic", align_corners=True)
    return torch.cat(whole.chunk(4, dim=2), dim=3).mT


@pytest.mark.parametrize("seconds", [7.0, 3.0])
@pytest.mark.usefixtures("few_weights")
def test_msclap_hears_as_published(seconds: float, tmp_path: Path) -> None:
    state, audio = write_msclap(tmp_path), noise(msclap_2023, 2, seconds)
    assert msclap_2023.load is not None
    found = msclap_2023.load(tmp_path).encode(audio)
    repeated = np.tile(audio, 3)[:, : 7 * 44_100]
    with torch.no_grad():
        swin = pictures()
        heard = swin.forward_features(picture(state, repeated))  # type: ignore[operator]
    pooled = heard.mean((1, 2))
    np.testing.assert_allclose(found["pooled"][:, 0], pooled, atol=2e-5)
    np.testing.assert_allclose(found["projected"][:, 0], projected(state, pooled), atol=5e-5)
    assert float((pooled[0] - pooled[1]).abs().max()) > 1e-3


@pytest.mark.usefixtures("few_weights")
def test_msclap_reads_as_published(tmp_path: Path) -> None:
    """Its authors pad to 77 with id 0 and mask that; here it is 20."""
    from backbones import _towers

    state = write_msclap(tmp_path)
    gpt = seeded(3, lambda: transformers.GPT2Model(_towers.GPT2)).eval()
    assert msclap_2023.load is not None
    found = msclap_2023.load(tmp_path).read(TEXTS)
    said = [[*(WORDS.get(word, 3) for word in text.split()), 8] for text in TEXTS]
    ids = torch.tensor([[*each, *[0] * (20 - len(each))] for each in said])
    with torch.no_grad():
        read = gpt(input_ids=ids, attention_mask=(ids != 0).long()).last_hidden_state
    last = torch.stack([row[len(each) - 1] for row, each in zip(read, said, strict=True)])
    np.testing.assert_allclose(found, projected(state, last, "words."), atol=1e-5)


@pytest.mark.usefixtures("few_weights")
def test_weights_are_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    write_msclap(tmp_path)
    file = tmp_path / "CLAP_weights_2023.pth"
    assert msclap_2023.load is not None
    held = torch.load(file, weights_only=True)
    name = "audio_encoder.base.htsat.layers.0.blocks.1.attn.qkv.bias"
    for odd in ({}, {name: torch.tensor(1.0)}, {name: torch.zeros(2)}):
        rest = {key: x for key, x in held["model"].items() if key != name}
        torch.save({"model": rest | odd}, file)
        with pytest.raises(WeightsError, match=r"1\.attention\.self\.key\.bias is missing"):
            msclap_2023.load(tmp_path)


@pytest.mark.usefixtures("few_weights")
def test_a_tokenizer_neither_pads_nor_knows_more_than_the_encoder(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    write_msclap(tmp_path)
    file = tmp_path / "tokenizer.json"
    assert msclap_2023.load is not None
    expected = msclap_2023.load(tmp_path).read(TEXTS)
    padded = Tokenizer.from_file(str(file))
    padded.enable_padding(length=9)
    padded.save(str(file))
    np.testing.assert_array_equal(msclap_2023.load(tmp_path).read(TEXTS), expected)
    held = json.loads(file.read_text())
    held["model"]["vocab"]["fiddle"] = 400
    file.write_text(json.dumps(held))
    with pytest.raises(WeightsError, match="has tokens up to 400, the encoder knows 300"):
        msclap_2023.load(tmp_path)
