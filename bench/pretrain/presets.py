"""How large: what `--preset` sets, and a recipe file may begin from."""

from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = "str | int | float | bool | list[Value] | Table"
Table: TypeAlias = dict[str, "Value"]


class Preset(StrEnum):
    """Sizes of a training."""

    TINY = "tiny"
    SMALL = "small"
    FULL = "full"


PRESETS: dict[Preset, Table] = {
    Preset.TINY: {
        "trunk": {"width": 0.0625},
        "clip": {"chunks": 2, "hop": 2.0},
        "text": {"layers": 2, "longest": 32},
        "fusion": {
            "dim": 32,
            "layers": 2,
            "heads": 2,
            "hidden": 64,
            "co_dim": 32,
            "co_heads": 2,
            "text_hidden": 64,
        },
        "vicreg": {"dim": 64},
        "corpus": {"source": "tunes-tiny", "longest": 5.0},
        "train": {"steps": 6, "batch": 6, "rate": 1e-3, "save": 3, "validate": 3, "workers": 2},
    },
    Preset.SMALL: {
        "trunk": {"width": 0.25},
        "clip": {"chunks": 3, "hop": 1.0},
        "text": {"layers": 3, "longest": 48},
        "fusion": {
            "dim": 128,
            "layers": 3,
            "heads": 4,
            "hidden": 256,
            "co_dim": 128,
            "co_heads": 4,
            "text_hidden": 512,
        },
        "vicreg": {"dim": 256},
        "corpus": {"source": "tunes", "longest": 5.0},
        "train": {
            "steps": 600,
            "batch": 24,
            "rate": 1e-3,
            "schedule": "cosine",
            "save": 50,
            "validate": 100,
            "workers": 2,
        },
    },
    Preset.FULL: {
        "corpus": {"longest": 20.0, "cache": 16_384},
        "train": {"precision": "bf16", "workers": 8},
    },
}
"""A preset → settings that differ from the defaults of `Recipe`; those are the paper's."""
