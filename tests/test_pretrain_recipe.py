"""Recipes: defaults, presets, files, changes, and what is refused."""

from pathlib import Path

import pytest

from bench.pretrain import reading
from bench.pretrain.presets import Preset
from bench.pretrain.reading import RecipeError
from bench.pretrain.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
COMMITTED = sorted((ROOT / "recipes").glob("*/*.toml"))


def test_the_defaults_are_the_papers() -> None:
    recipe = reading.load()
    assert recipe == Recipe()
    assert recipe.weights == {"mlm": 0.1, "mam": 4.0, "atm": 2.0}
    assert (recipe.train.rate, recipe.train.betas, recipe.train.batch) == (1e-4, (0.9, 0.98), 64)
    assert (recipe.clip.chunks, recipe.text.layers, recipe.text.longest) == (6, 6, 64)
    assert (recipe.masking.words, recipe.masking.swapped) == (0.15, 0.5)


def test_what_goes_over_what(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text('preset = "small"\n[train]\nbatch = 7\nsteps = 9\n')
    assert reading.load(file).train.batch == 7
    assert reading.load(file).trunk.width == 0.25
    tiny = reading.load(file, Preset.TINY, ["train.steps=11"])
    assert (tiny.trunk.width, tiny.train.batch, tiny.train.steps) == (0.0625, 6, 11)


def test_the_terms_of_a_file_stand_alone(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text("[terms]\nsimclr = 1\n")
    assert reading.load(file).weights == {"simclr": 1}
    assert reading.load(file).objectives == ["simclr"]
    assert reading.load(changes=["terms.mlm=0"]).weights == {"mam": 4.0, "atm": 2.0}


def test_a_value_needs_no_quotes() -> None:
    assert reading.load(changes=["name=mine"]).name == "mine"
    assert reading.load(changes=['name="mine"']).name == "mine"


@pytest.mark.parametrize("preset", [None, *Preset])
def test_a_recipe_survives_its_file(tmp_path: Path, preset: Preset | None) -> None:
    recipe = reading.load(preset=preset, changes=["train.rate=1.5e-5", 'corpus.source=é "q"'])
    (tmp_path / "r.toml").write_text(reading.text(recipe), encoding="utf-8")
    assert reading.written(tmp_path / "r.toml") == recipe
    assert reading.difference(recipe, recipe) == ""


def test_a_difference_is_spelled_out() -> None:
    other = reading.load(changes=["train.rate=0.5", "terms.mlm=0.2"])
    assert reading.difference(reading.load(), other) == (
        "terms.mlm 0.1 → 0.2, train.rate 0.0001 → 0.5"
    )


REFUSED = {
    "train.ratte=1": "the recipe has no key 'train.ratte'. Did you mean train.rate?",
    "terms.mlmm=1": "the recipe has no key 'terms.mlmm'. Did you mean terms.mlm?",
    "zzz=1": "the recipe has no key 'zzz'. Known: name, seed",
    "train=3": "the recipe's train is a table of settings, not 3",
    "train.rate=x": "the recipe's train.rate is 'x'",
    "clip.chunks=0": "the recipe's clip.chunks is 0: .*greater than or equal to 1",
    "train.rate=nan": "the recipe's train.rate is nan",
    "name=Bad Name": "the recipe's name is 'Bad Name'",
    "train.accumulate=5": "train.batch 64 cannot be split into 5 equal parts",
    "fusion.heads=3": "fusion.dim 256 cannot be split evenly over 3 heads",
    "fusion.co_heads=3": "fusion.co_dim 1024 cannot be split evenly over 3 heads",
    "fusion.heads=0": "the recipe's fusion.heads is 0: .*greater than or equal to 1",
    "fusion.dropout=2": "the recipe's fusion.dropout is 2: .*less than 1",
    "trunk.width=0.001": "the recipe's trunk.width is 0.001: .*greater than or equal to 0.01",
    "clip.hop=0.00001": "the recipe's clip.hop is 1e-05: .*greater than or equal to 0.05",
    "seed=99999999999999999999": "the recipe's seed is 9{20}: .*less than",
    "clip.chunk=31": "clip.chunk 31 is longer than corpus.longest 30",
    "clip.window=0.01": "clip.window is 0.01: give 0.05 or more, or 0 for that of a chunk",
    "nothing": "--set takes key=value, such as train.steps=100; 'nothing' is not one",
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_change_that_is_refused(change: str) -> None:
    with pytest.raises(RecipeError, match=REFUSED[change].replace("?", r"\?")):
        reading.load(changes=[change])


def test_no_step_from_a_checkpoint() -> None:
    with pytest.raises(RecipeError, match=r"train.steps is 0 and trunk.start is set"):
        reading.load(changes=["train.steps=0", "trunk.start=x"])


def test_everything_off() -> None:
    with pytest.raises(RecipeError, match="every term of the recipe is switched off"):
        reading.load(changes=["terms.mlm=0", "terms.mam=0", "terms.atm=0"])


@pytest.mark.parametrize("term", ["simclr", "contrastive", "variance"])
def test_accumulation_is_refused_where_it_is_another_loss(term: str) -> None:
    changes = [f"terms.{term}=1", "train.accumulate=2"]
    with pytest.raises(RecipeError, match=r"train.accumulate is 2, but .* compares the items"):
        reading.load(changes=changes)
    assert reading.load(changes=["train.accumulate=2"]).train.accumulate == 2
    with pytest.raises(RecipeError, match=r"train.batch is 1, but .* compares the items"):
        reading.load(changes=[f"terms.{term}=1", "train.batch=1"])


def test_files_that_are_no_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"the recipe .*nowhere.toml cannot be read: No such"):
        reading.load(tmp_path / "nowhere.toml")
    file = tmp_path / "r.toml"
    file.write_bytes(b"name = \xff")
    with pytest.raises(RecipeError, match=r"r.toml is not UTF-8: invalid start byte at byte 7"):
        reading.load(file)
    file.write_text("name = ")
    with pytest.raises(RecipeError, match=r"r.toml is no TOML"):
        reading.load(file)
    file.write_text('preset = "huge"')
    with pytest.raises(RecipeError, match=r"no preset is named 'huge'. Known: tiny, small, full"):
        reading.load(file)


@pytest.mark.parametrize("file", COMMITTED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_committed_recipe_can_be_followed(file: Path) -> None:
    recipe = reading.load(file)
    assert recipe.objectives == [file.stem]
    width = {"full": 1.0, "small": 0.25}[file.parent.name]
    assert recipe.trunk.width == width


def test_every_objective_has_a_recipe_of_each_size() -> None:
    names = {"supervised", "simclr", "vicreg", "contrastive", "mulap"}
    assert {(f.parent.name, f.stem) for f in COMMITTED} == {
        (size, name) for size in ("full", "small") for name in names
    }
