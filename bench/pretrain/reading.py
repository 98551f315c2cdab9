"""Recipes from files and the command line, and back into a file."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError

from bench.errors import UserError
from bench.pretrain.presets import PRESETS, Preset, Table, Value
from bench.pretrain.recipe import OBJECTIVES, SHORTEST, Recipe


class RecipeError(UserError):
    """A recipe that cannot be followed."""


def load(
    file: Path | None = None, preset: Preset | None = None, changes: Sequence[str] = ()
) -> Recipe:
    """Put a recipe together.

    What comes later goes over what comes before: the defaults, the preset that the file names as
    `preset`, the file, the preset given here, and the changes. The terms of a file stand alone;
    the changes are to single terms.

    Args:
        file: TOML.
        preset: instead of the file's.
        changes: `key=value`, e.g. `train.rate=0.001`; the value as in TOML, quotes may be left
            out.

    Raises:
        RecipeError: the file is none, a key is unknown, or a value is not what its key takes.
    """
    table = _file(file) if file else {}
    own = table.pop("preset", None)
    base = preset or (_preset(str(own), file) if own is not None else None)
    layers = [PRESETS[base] if base else {}, table, PRESETS[preset] if preset else {}]
    merged: Table = {} if "terms" in table else {"terms": {**Recipe().terms}}
    for layer in [*layers, *map(_change, changes)]:
        merged = _over(merged, layer)
    _refuse_unknown(merged, Recipe, "")
    return _built(merged)


def written(file: Path) -> Recipe:
    """The recipe in a file that holds what `text` wrote.

    Raises:
        RecipeError: it is of another version or damaged.
    """
    table = _file(file)
    try:
        _refuse_unknown(table, Recipe, "")
        return _built(table)
    except RecipeError as error:
        message = f"{file} is damaged, or of another version: {error}"
        raise RecipeError(message) from error


def text(recipe: Recipe) -> str:
    """The recipe as TOML, every key spelled out."""
    return "\n".join(_lines(TypeAdapter(Recipe).dump_python(recipe, mode="json"), "")) + "\n"


def difference(one: Recipe, other: Recipe) -> str:
    """What two recipes differ in, as one line; empty if in nothing."""
    first, second = (dict(_flat(asdict(recipe), "")) for recipe in (one, other))
    keys = [*first, *(key for key in second if key not in first)]
    changed = [key for key in keys if first.get(key) != second.get(key)]
    return ", ".join(f"{key} {first.get(key)} → {second.get(key)}" for key in changed)


def remarks(recipe: Recipe) -> list[str]:
    """What may surprise whoever follows it."""
    found = []
    overlap = recipe.clip.chunk - recipe.clip.hop
    if "mam" in recipe.weights and recipe.clip.chunks > 1 and overlap > 0:
        where = "what masked audio modelling hides can be heard in its neighbours"
        found.append(f"chunks overlap by {overlap:g} s: {where}")
    return found


def _file(path: Path) -> Table:
    try:
        return _parsed(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8: {error.reason} at byte {error.start}"
        raise RecipeError(message) from error
    except OSError as error:
        message = f"the recipe {path} cannot be read: {error.strerror}"
        raise RecipeError(message) from error


def _parsed(text: str, path: Path) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{path} is no TOML: {error}"
        raise RecipeError(message) from error


def _preset(name: str, file: Path | None) -> Preset:
    try:
        return Preset(name)
    except ValueError:
        message = f"{file}: no preset is named {name!r}. Known: {', '.join(Preset)}."
        raise RecipeError(message) from None


def _change(change: str) -> Table:
    key, sign, value = change.partition("=")
    if not (key and sign):
        message = f"--set takes key=value, such as train.steps=100; {change!r} is not one"
        raise RecipeError(message)
    try:
        parsed: Value = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    for part in reversed(key.split(".")):
        parsed = {part: parsed}
    return parsed if isinstance(parsed, dict) else {}


def _over(below: Table, above: Table) -> Table:
    """Both tables, `above` where both say something."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _over(old, value)
        else:
            merged[key] = value
    return merged


def _refuse_unknown(table: Table, kind: type, prefix: str) -> None:
    """Compare keys with the fields of a dataclass, and the terms with those there are."""
    hints = get_type_hints(kind)
    for key, value in table.items():
        if key not in hints:
            raise _unknown(key, prefix, [each.name for each in fields(kind)])
        if key == "terms" and isinstance(value, dict):
            _refuse_terms(value)
        elif is_dataclass(hints[key]):
            if not isinstance(value, dict):
                message = f"the recipe's {prefix}{key} is a table of settings, not {value!r}"
                raise RecipeError(message)
            _refuse_unknown(value, hints[key], f"{prefix}{key}.")


def _refuse_terms(terms: Mapping[str, Value]) -> None:
    known = [term for names in OBJECTIVES.values() for term in names]
    for name in terms:
        if name not in known:
            raise _unknown(name, "terms.", known)


def _unknown(key: str, prefix: str, known: Sequence[str]) -> RecipeError:
    near = difflib.get_close_matches(key, known, n=3)
    spelt = [prefix + name for name in near or known]
    hint = f"Did you mean {' or '.join(spelt)}?" if near else f"Known: {', '.join(spelt)}."
    return RecipeError(f"the recipe has no key {prefix + key!r}. {hint}")


def _built(table: Table) -> Recipe:
    try:
        recipe = TypeAdapter(Recipe).validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = f"the recipe's {key} is {first['input']!r}: {first['msg']}"
        raise RecipeError(message) from None
    for wrong in _contradictions(recipe):
        raise RecipeError(wrong)
    return recipe


def _contradictions(recipe: Recipe) -> Iterator[str]:
    """Why a recipe whose values are all possible cannot be followed."""
    train, fusion, clip = recipe.train, recipe.fusion, recipe.clip
    if recipe.trunk.start and not train.steps:
        yield "train.steps is 0 and trunk.start is set: the trunk would be that of the start"
    if not recipe.weights:
        yield "every term of the recipe is switched off; give one a weight above 0"
    if clip.chunk > recipe.corpus.longest:
        yield (
            f"clip.chunk {clip.chunk:g} is longer than corpus.longest {recipe.corpus.longest:g}, "
            "which is all that is heard of an item"
        )
    if 0 < clip.window < SHORTEST:
        yield f"clip.window is {clip.window:g}: give {SHORTEST} or more, or 0 for that of a chunk"
    if train.batch % train.accumulate:
        yield f"train.batch {train.batch} cannot be split into {train.accumulate} equal parts"
    contrasted = min({"simclr", "vicreg", "contrastive"} & set(recipe.objectives), default=None)
    if contrasted and train.batch == 1:
        yield f"train.batch is 1, but {contrasted} compares the items of a batch with each other"
    if contrasted and train.accumulate > 1:
        yield (
            f"train.accumulate is {train.accumulate}, but {contrasted} compares the items of a "
            "batch with each other: parts of a batch would be another loss. Set it to 1; "
            "train.checkpointing=true saves memory too"
        )
    sizes = (("dim", fusion.dim, fusion.heads), ("co_dim", fusion.co_dim, fusion.co_heads))
    for name, dim, heads in sizes:
        if "mulap" in recipe.objectives and dim % heads:
            yield f"fusion.{name} {dim} cannot be split evenly over {heads} heads"


def _lines(table: Mapping[str, Value], prefix: str) -> Iterator[str]:
    """A table as TOML: JSON's strings, numbers, booleans and arrays are TOML's too."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    yield from (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items())
    for key, value in table.items():
        if isinstance(value, dict):
            yield f"\n[{prefix}{key}]"
            yield from _lines(value, f"{prefix}{key}.")


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
