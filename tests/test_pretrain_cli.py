"""`bench pretrain` and what becomes of its checkpoints on the command line."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbones import pretrained
from bench import provenance, registry
from bench.pretrain import reading, texts
from tests.commands import LINEAR, bench
from tests.corpora import rows, write_manifest
from tests.trainings import TINY, place, recipe, settings, train

pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(tmp_path_factory.mktemp("place"))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def finished(base: Path) -> Path:
    return train(recipe(base, "simclr", "train.steps=1"), base, base / "x-simclr")


@pytest.fixture
def trained(toy: Path, finished: Path) -> Path:
    """A finished checkpoint in the default place, seen from the working directory."""
    return Path(shutil.copytree(finished, toy.with_name("checkpoints") / "x-simclr"))


def test_a_name_of_the_hub_is_kept_with_its_commit(
    toy: Path, base: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter("aab")
    monkeypatch.setattr(texts, "pinned", lambda model: f"{model}@{next(commits) * 40}")
    words = (*TINY, *settings(base, "simclr", "train.steps=1", "text.model=o/bert"))
    assert bench(*words, capsys=capsys)[0] == 0
    folder = toy.with_name("checkpoints") / "x-simclr"
    assert reading.written(folder / "recipe.toml").text.model == f"o/bert@{'a' * 40}"
    assert bench(*words, capsys=capsys)[0] == 0
    code, _, err = bench(*words, capsys=capsys)
    assert (code, "text.model" in err) == (2, True)


def test_a_training_says_where_its_checkpoint_is(
    toy: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*TINY, *settings(base, "simclr", "train.steps=1"))
    code, out, err = bench(*words, capsys=capsys)
    assert code == 0, err
    line = "checkpoints/x-simclr holds x-simclr: bench run --backbone checkpoints/x-simclr\n"
    assert out == line
    assert pretrained.is_checkpoint(toy.with_name("checkpoints") / "x-simclr")
    code, out, err = bench(*words, "--json", capsys=capsys)
    assert code == 0, err
    assert "is finished: nothing is left to do" in err
    assert json.loads(out)["folder"] == "checkpoints/x-simclr"


def test_a_checkpoint_is_listed_and_run(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = bench("list", "backbones", "--json", capsys=capsys)
    cards = {card["name"]: card for card in json.loads(out)["backbones"]}
    assert cards["x-simclr"]["family"] == "audio-ssl"
    assert cards["x-simclr"]["trained_on"] == ["tones"]
    trunk = [layer["name"] for layer in cards["trunk-random-0"]["layers"]]
    assert [layer["name"] for layer in cards["x-simclr"]["layers"]] == trunk
    by_name = ("run", "-b", "x-simclr", "-t", "toys/loud", *LINEAR, "--json")
    code, out, err = bench(*by_name, capsys=capsys)
    assert code == 0, err
    (first,) = json.loads(out)["outcomes"]
    sha = json.loads((trained / "record.json").read_text())["weights"]
    weights = f"file:checkpoints/x-simclr/weights.safetensors?checksum=sha256:{sha}"
    assert first["record"]["provenance"]["weights"] == weights
    shutil.move(trained, trained.parents[1] / "elsewhere")
    by_path = ("run", "-b", "./elsewhere", "-t", "toys/loud", *LINEAR, "--json")
    code, out, err = bench(*by_path, capsys=capsys)
    assert code == 0, err
    (second,) = json.loads(out)["outcomes"]
    assert second["backbone"] == "x-simclr"
    assert second["record"]["scores"] == first["record"]["scores"]
    assert second["record"]["provenance"]["command"].endswith(
        "--include toy.py --include elsewhere"
    )
    code, out, err = bench("show", "./elsewhere", "--json", capsys=capsys)
    assert (code, json.loads(out)["name"]) == (0, "x-simclr"), err
    code, out, err = bench("check", "./elsewhere", "./elsewhere", "--weights", capsys=capsys)
    assert (code, out.count("ok     two processes load them alike")) == (0, 2), err
    code, _, err = bench("show", "x-simclr", capsys=capsys)
    assert (code, "no backbone or task is named 'x-simclr'" in err) == (2, True)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--device", "tpu"), "no device is named 'tpu'"),
        (("--out", "toy.py"), "--out toy.py is no folder: toy.py is a file"),
    ],
)
def test_where_it_cannot_train_is_told_before_a_corpus_is_made(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = bench("pretrain", "--preset", "tiny", *words, capsys=capsys)
    assert code == 2
    assert err.startswith(f"bench: {said}")


def test_the_place_of_checkpoints_can_be_named(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CHECKPOINTS", str(trained.parent.rename(trained.parents[1] / "far")))
    assert registry.find().backbones["x-simclr"].card.family == "audio-ssl"


def test_listing_checkpoints_imports_no_torch(trained: Path) -> None:
    code = (
        "import sys; from bench import registry; "
        "print('x-simclr' in registry.find().backbones.entries, 'torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code]
    found = subprocess.run(
        words, cwd=trained.parents[1], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["True", "False"]


def test_the_features_key_is_of_the_weights(trained: Path) -> None:
    from backbones import Precision
    from bench.extraction import key_of

    before = key_of(registry.find().backbones["x-simclr"], Precision.FP32)
    record = pretrained.read_record(trained) | {"weights": provenance.digest("other")}
    (trained / "record.json").write_text(json.dumps(pretrained.sealed(record)))
    assert key_of(registry.find().backbones["x-simclr"], Precision.FP32) != before


def damage(folder: Path, how: str) -> None:
    weights, record = folder / "weights.safetensors", folder / "record.json"
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif how == "byte":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    elif how == "pickle":
        weights.write_bytes(pickle.dumps({"norm.running_mean": [0.0]}))
    elif how == "version":
        record.write_text(record.read_text().replace('"format": 2', '"format": 99'))
    elif how == "fact":
        record.write_text(record.read_text().replace('"seed": 0', '"seed": 1'))
    elif how == "record":
        record.write_text(record.read_text()[:-40])
    else:
        record.unlink()


DAMAGES = {
    "truncated": "has sha256",
    "byte": "has sha256",
    "pickle": "is a pickle, and reading one can run its code; give safetensors",
    "version": "is a checkpoint of format 99, this version reads format 2",
    "record": "record.json is damaged",
    "fact": "record.json is damaged: it is not what was written",
    "unfinished": "holds no record.json: it is no finished checkpoint of `bench pretrain`",
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_checkpoint_is_one_line(
    trained: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    damage(trained, how)
    words = ("run", "-b", "checkpoints/x-simclr", "-t", "toys/loud", *LINEAR)
    code, _, err = bench(*words, capsys=capsys)
    assert code == 2
    assert err.startswith("bench: ")
    assert err.count("\n") == 1
    assert DAMAGES[how] in err


@pytest.mark.parametrize("how", ["version", "record", "fact"])
def test_a_damaged_checkpoint_that_nobody_asks_for_is_said_and_left_out(
    trained: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    damage(trained, how)
    code, out, err = bench("list", "backbones", "--json", capsys=capsys)
    assert code == 0
    assert "x-simclr" not in {card["name"] for card in json.loads(out)["backbones"]}
    assert err.startswith("left out: ")
    assert err.count("\n") == 1
    assert DAMAGES[how] in err


def test_two_checkpoints_of_one_name(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(trained, trained.with_name("copy"))
    code, _, err = bench("list", capsys=capsys)
    assert code == 2
    assert "x-simclr is named 'x-simclr', as is file:checkpoints/copy/weights" in err
    shutil.rmtree(trained.with_name("copy"))


def test_a_name_that_is_taken(toy: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = settings(base, "simclr", "name=melstats")
    code, _, err = bench(*TINY, *words, capsys=capsys)
    assert code == 2
    assert "a backbone is named 'melstats' already: choose another with --set name=" in err
    assert not toy.with_name("checkpoints").exists()


MISTAKES = {
    (): "--recipe or --preset is needed",
    ("--preset", "tiny", "--set", "train.setps=3"): "no key 'train.setps'. Did you mean train.step",
    ("--preset", "tiny", "--set", "corpus.source=nowhere"): "the corpus nowhere does not exist",
    ("--recipe", "nowhere.toml"): "the recipe nowhere.toml cannot be read",
    ("--preset", "tiny", "--set", "corpus.source=toy.py"): "toy.py is no manifest; one ends in",
}


@pytest.mark.parametrize("words", MISTAKES)
@pytest.mark.usefixtures("toy")
def test_a_mistake_is_one_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = bench("pretrain", *words, capsys=capsys)
    assert code == 2
    assert err.startswith("bench: ")
    assert MISTAKES[words] in err


def test_a_test_clip_is_refused_before_the_first_step(
    toy: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last third of the toy's clips is its test."""
    code, _, err = bench("data", "fetch", "toys/loud", "-i", str(toy), capsys=capsys)
    assert code == 0, err
    made = sorted((toy.parent / "cache" / "made").glob("toys-*/*.wav"))
    corpus = toy.parent / "corpus"
    shutil.copytree(base / "corpus", corpus)
    words = (*settings(base, "simclr", f"corpus.source={corpus}"), "-i", str(toy))
    for number, clip in ((1, made[5]), (2, made[45])):
        shutil.copy(clip, corpus / "audio" / f"{number:02}.wav")
        code, _, err = bench(*TINY, *words, "--out", f"out-{number}", capsys=capsys)
        if clip == made[5]:
            assert code == 0, err
    assert code == 2
    message = "1 items of the corpus are test clips, the first 'tone-02' of toys/"
    assert message in err
    assert not toy.with_name("out-2").exists()


def test_a_check_lists_all_bad_audio_and_trains_nothing(
    toy: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = Path(shutil.copytree(base / "corpus", toy.parent / "corpus"))
    soundfile.write(corpus / "audio" / "02.wav", np.zeros(8000), 16_000)
    (corpus / "audio" / "09.wav").write_bytes(b"no audio")
    words = (*TINY, *settings(base, "simclr", f"corpus.source={corpus}"), "--check")
    code, out, _ = bench(*words, capsys=capsys)
    *bad, last = out.splitlines()
    assert (code, last) == (1, "corpus: 14 of 16 items decode")
    names = ("tone-02", "tone-09")
    for name, line in zip(names, bad, strict=True):
        assert line.startswith(f"the audio of '{name}' cannot be used: ")
    write_manifest(corpus, rows(1))
    code, out, _ = bench(*words, "--json", capsys=capsys)
    assert (code, json.loads(out)) == (0, {"corpus": "corpus", "items": 1, "unusable": []})
    assert not (toy.with_name("checkpoints") / "x-simclr").exists()


def test_bad_audio_is_one_line(toy: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = toy.parent / "corpus"
    shutil.copytree(base / "corpus", corpus)
    soundfile.write(corpus / "audio" / "02.wav", np.zeros(8000), 16_000)
    words = settings(base, "simclr", f"corpus.source={corpus}")
    code, _, err = bench(*TINY, *words, capsys=capsys)
    assert code == 2
    assert err.splitlines()[-1].startswith("bench: the audio of 'tone-02' cannot be used:")
    write_manifest(corpus, rows(1))
    code, _, err = bench(*TINY, *words, "--out", "other", capsys=capsys)
    assert "the corpus holds 1 item to train on, a batch takes 6: lower train.batch" in err
