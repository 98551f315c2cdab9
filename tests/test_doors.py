"""Doors to backbones: each keeps the contract, runs to a row, and says what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backbones import Precision
from bench import extraction, provenance, registry
from bench.errors import UserError
from bench.registry import PluginError
from bench.testing import check_backbone, noise
from tests import doors
from tests.commands import bench

MAKERS: dict[str, Callable[[Path], str]] = {
    "torchscript": doors.torchscript,
    "onnx": doors.onnx,
    "timm": doors.timm,
    "hf": doors.hf,
    "hear": doors.hear,
    "xares": doors.xares,
}
LIBRARIES = {"onnx": "onnxruntime", "timm": "timm", "hf": "transformers"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """What to ask of a door, with something behind it."""
    made: dict[str, str] = {}

    def ask(prefix: str) -> str:
        pytest.importorskip(LIBRARIES.get(prefix, "torch"))
        if prefix not in made:
            made[prefix] = MAKERS[prefix](tmp_path_factory.mktemp(prefix))
        return made[prefix]

    return ask


@pytest.mark.parametrize("prefix", MAKERS)
def test_what_comes_through_a_door_keeps_the_contract(
    prefix: str, opened: Callable[[str], str]
) -> None:
    card = registry.find().backbones[opened(prefix)].card
    assert [found for found in check_backbone(card) if found[1] is not None] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mteb")
def test_every_door_runs_to_a_row(
    vectors: Path,
    opened: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [*(opened(prefix) for prefix in MAKERS), f"embeddings:{vectors}", doors.MTEB]
    words = [word for each in asked for word in ("-b", each)]
    words += ["-t", "tunes/type", "--preset", "tiny", "--protocol", "linear-v1", "--json"]
    code, out, err = bench("run", *words, capsys=capsys)
    assert code == 0, err
    outcomes = json.loads(out)["outcomes"]
    assert [each["status"] for each in outcomes] == ["done"] * len(asked), outcomes
    trained = {each["backbone"]: each["record"]["backbone"]["trained_on"] for each in outcomes}
    assert trained["embeddings-mine"] == ["msd"]
    assert trained["xares-tiny_encoder"] == ["unknown"]


def test_hear_is_the_module_s_own_call(opened: Callable[[str], str]) -> None:
    card = registry.find().backbones[opened("hear")].card
    audio = noise(card, 3)
    found = card.build().encode(audio)
    scope: dict[str, Callable[..., torch.Tensor]] = {}
    exec(doors.HEAR, scope)  # noqa: S102 — the module's own functions, beside the bridge
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = scope["load_model"]()
        scene = scope["get_scene_embeddings"](torch.from_numpy(audio), model)
        frames = scope["get_timestamp_embeddings"](torch.from_numpy(audio), model)[0]
    np.testing.assert_allclose(found["scene"][:, 0], scene, atol=1e-6)
    np.testing.assert_allclose(found["timestamps"], frames, atol=1e-6)
    assert [layer.frame_rate for layer in card.layers] == [100.0, None]


HEARBASELINE = (
    "pkg:pypi/hearbaseline@2021.1.1?file_name=hearbaseline-2021.1.1-py3-none-any.whl&checksum="
    "sha256:1ba0a50b6cd0c85f7ecccd1222dcb1fad8919b4e2ea04d1a9bfe6752586a6040#hearbaseline/vqt.py"
)


def test_a_published_hear_module_gives_what_it_gives_alone(
    fetched: Callable[[str], Path],
) -> None:
    file = fetched(HEARBASELINE)
    card = registry.find().backbones[f"hear:{file}"].card
    audio = noise(card, 2, 1.0)
    found = card.build().encode(audio)
    scope: dict[str, Callable[..., torch.Tensor]] = {}
    exec(file.read_text(), scope)  # noqa: S102 — the published functions, beside the bridge
    alone = [
        scope["get_scene_embeddings"](torch.from_numpy(row[None]), scope["load_model"]())
        for row in audio
    ]
    np.testing.assert_allclose(found["scene"][:, 0], torch.cat(alone), atol=1e-6)
    assert card.sample_rate == 44_100
    assert card.layers[0].frame_rate == pytest.approx(44_100 / 512, rel=0.01)


def test_hear_reads_weights_and_knows_when_they_change(tmp_path: Path) -> None:
    doors.hear(tmp_path)
    kernel = {"conv.weight": torch.ones(6, 1, 400), "conv.bias": torch.zeros(6)}
    keys = []
    for scale in (1.0, 2.0):
        torch.save({name: scale * x for name, x in kernel.items()}, tmp_path / "w.pt")
        found = registry.find().backbones[f"hear:{tmp_path / 'listening.py'}:{tmp_path / 'w.pt'}"]
        keys.append(extraction.key_of(found, Precision.FP32))
        scene = found.card.build().encode(np.full((1, 16_000), 0.01, np.float32))["scene"]
        np.testing.assert_allclose(scene, 4 * scale, rtol=1e-5)
    assert keys[0] != keys[1]
    assert found.card.name == "hear-listening-w"


def test_xares_is_the_encoder_s_own_call(opened: Callable[[str], str]) -> None:
    card = registry.find().backbones[opened("xares")].card
    audio = noise(card, 3)
    scope: dict[str, type[torch.nn.Module]] = {}
    exec(doors.XARES, scope)  # noqa: S102 — the encoder itself, beside the bridge
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        expected = scope["TinyEncoder"]()(torch.from_numpy(audio))
    np.testing.assert_allclose(card.build().encode(audio)["output"], expected, atol=1e-6)


def test_xares_itself_takes_the_encoder() -> None:
    checker = pytest.importorskip("xares.audio_encoder_checker", reason="xares is not installed")
    scope: dict[str, type[torch.nn.Module]] = {}
    exec(doors.XARES, scope)  # noqa: S102 — the encoder itself
    assert checker.check_audio_encoder(scope["TinyEncoder"]())


class Batches(list[dict[str, list[dict[str, object]]]]):
    """What mteb asks of a loader: batches, and what features its data have."""

    dataset = SimpleNamespace(features=["audio"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mteb")
def test_an_encoder_of_mteb_is_called_as_mteb_calls_it() -> None:
    mteb = pytest.importorskip("mteb", reason="mteb is not installed")
    card = registry.find().backbones[doors.MTEB].card
    assert [found for found in check_backbone(card) if found[1] is not None] == []
    audio = noise(card, 2)
    batch = {"audio": [{"array": row, "sampling_rate": 16_000} for row in audio]}
    loader = Batches([batch])
    model = mteb.get_model("mteb/baseline-random-encoder")
    expected = model.encode(loader, task_metadata=None, hf_split="test", hf_subset="default")
    np.testing.assert_allclose(card.build().encode(audio)["embedding"][:, 0], expected)


def test_a_fixed_shape_is_run_row_by_row(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    cards = registry.find().backbones
    fixed = cards[doors.onnx(tmp_path, 1, 8000)].card
    free = cards[doors.onnx(tmp_path)].card
    assert (fixed.window, fixed.shortest, free.window) == (0.5, 0.5, 10.0)
    audio = noise(fixed, 3)
    expected = free.build().encode(audio)
    for name, x in fixed.build().encode(audio).items():
        np.testing.assert_allclose(x, expected[name], atol=1e-6)


def test_torchscript_gives_what_the_network_gives(opened: Callable[[str], str]) -> None:
    card = registry.find().backbones[opened("torchscript")].card
    audio = noise(card, 2)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        expected = doors.Tiny()(torch.from_numpy(audio))
    found = card.build().encode(audio)
    np.testing.assert_allclose(found["frames"], expected["frames"], atol=1e-6)
    np.testing.assert_allclose(found["clip"][:, 0], expected["clip"], atol=1e-6)


def test_timm_sees_a_spectrogram_that_librosa_makes_too(opened: Callable[[str], str]) -> None:
    import librosa

    from backbones._pictures import Pictures
    from backbones._torch import TorchEncoder

    card = registry.find().backbones[opened("timm")].card
    encoder = card.build()
    assert isinstance(encoder, TorchEncoder)
    assert isinstance(encoder.network, Pictures)
    audio = noise(card, 1, 2.0)
    power = librosa.feature.melspectrogram(
        y=audio[0],
        sr=16_000,
        n_fft=1024,
        win_length=400,
        hop_length=160,
        n_mels=128,
        htk=True,
        norm=None,
        pad_mode="reflect",
    )
    log = torch.from_numpy(np.log(power + 1e-6))[None, None]
    scaled = (log - log.mean()) / log.std()
    expected = torch.nn.functional.interpolate(
        scaled, encoder.network.shape, mode="bilinear", antialias=True
    )
    found = encoder.network.picture(torch.from_numpy(audio))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_timm_loads_every_weight_of_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("timm")
    from safetensors.torch import load_file, save_file

    asked = doors.timm(tmp_path)
    file = tmp_path / "resnet" / "model.safetensors"
    whole = load_file(file)
    card = registry.find().backbones[asked].card
    assert card.load is not None
    network = card.load(file.parent).network.network  # type: ignore[attr-defined]
    summed = whole["conv1.0.weight"].sum(1, keepdim=True)
    torch.testing.assert_close(network.conv1[0].weight, summed)
    torch.testing.assert_close(network.bn1.weight, whole["bn1.weight"])
    save_file({name: x for name, x in whole.items() if name != "bn1.weight"}, file)
    with pytest.raises(ValueError, match=r"does not fit its config.json.*bn1\.weight"):
        card.load(file.parent)


def test_files_of_one_name_are_told_apart_by_another(tmp_path: Path) -> None:
    asked = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        asked.append(doors.torchscript(tmp_path / folder))
    cards = registry.find().backbones
    cards.open(asked[0])
    with pytest.raises(UserError, match=r"named 'torchscript-traced'.*another name with \?name="):
        cards.open(asked[1])
    assert cards[f"{asked[1]}&name=The other&trained-on=msd"].card.name == "torchscript-the--other"


def test_an_edited_encoder_has_a_new_key(tmp_path: Path) -> None:
    asked = doors.xares(tmp_path)
    file = tmp_path / "tiny_encoder.py"
    keys = set()
    for text in (doors.XARES, doors.XARES.replace("relu", "tanh")):
        file.write_text(text)
        provenance.code_digest.cache_clear()
        keys.add(extraction.key_of(registry.find().backbones[asked], Precision.FP32))
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("torchscript:{}/none.pt?rate=16000", "is no file"),
        ("torchscript:{}/text.txt?rate=16000", "is no TorchScript file"),
        ("torchscript:{}/text.txt?speed=1", "there is no option 'speed=1'; known: name, family, "),
        ("torchscript:{}/text.txt?widow=3", "no option 'widow=3'; did you mean window=?"),
        ("embeddings:{}?name=x", "there is no option 'name=x'; known: none"),
        ("torchscript:?rate=8000", "names nothing; put a path or a model's name behind"),
        ("onnx:{}/text.txt?rate=16000", "no network that ONNX Runtime reads"),
        ("onnx:{}/text.txt", r"needs \?rate="),
        ("timm:{}", "holds no config.json"),
        ("hear:no_such_module", "cannot be imported"),
        ("hear:json", "has no load_model"),
        ("hear:{}/empty.py:{}/none.pt", "is no file of weights"),
        ("xares:{}/empty.py", "holds 0 networks"),
        ("xares:{}/broken.py", "cannot be imported.*SyntaxError"),
        ("embeddings:{}", "cannot be read.*bench data export"),
        ("mteb:some/model", "pip install|trust-remote-code"),
        ("hf:{}", "holds no config.json"),
    ],
)
def test_what_cannot_be_opened_is_one_line(asked: str, said: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("def")
    with pytest.raises(PluginError, match=said) as caught:
        registry.find().backbones.open(asked.replace("{}", str(tmp_path)))
    assert "\n" not in str(caught.value)
