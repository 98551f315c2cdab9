"""Results of folds, each searched by itself, put together into one."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bench.probes.job import Hyper, Result, Variant

Indices = npt.NDArray[np.int64]


def merge(results: Sequence[Result], places: Sequence[Indices]) -> Result:
    """One result of all clips, each scored by the probe that has not seen its fold.

    Args:
        results: of the folds, in order.
        places: for each, where its test clips are among all clips.

    Returns:
        Variants that every fold has, by name, then what each fold chose.
    """
    if len(results) == 1:
        return results[0]
    shared = [v.name for v in results[0].variants if v.name and _in_all(v.name, results)]
    named = [[_named(name, result) for result in results] for name in shared]
    chosen = [result.chosen for result in results]
    memory = [r.peak_memory_mb for r in results if r.peak_memory_mb is not None]
    return Result(
        variants=(*(_joined(v[0].name, v, places) for v in named), _joined("", chosen, places)),
        trials=tuple(trial for result in results for trial in result.trials),
        seconds=sum(result.seconds for result in results),
        peak_memory_mb=max(memory, default=None),
    )


def _in_all(name: str, results: Sequence[Result]) -> bool:
    return all(name in {variant.name for variant in result.variants} for result in results)


def _named(name: str, result: Result) -> Variant:
    return next(variant for variant in result.variants if variant.name == name)


def _joined(name: str, parts: Sequence[Variant], places: Sequence[Indices]) -> Variant:
    fits = max(len(part.scores) for part in parts)
    clips, outputs = sum(map(len, places)), max(part.scores.shape[2] for part in parts)
    kept = np.result_type(*(part.scores for part in parts))
    scores = np.full((fits, clips, outputs), np.nan, kept)  # of events there may be fewer
    for part, place in zip(parts, places, strict=True):
        width = part.scores.shape[2]
        scores[:, place, :width] = part.scores  # one fit, where no seed matters, is every fit
    validation = float(np.mean([part.validation for part in parts]))
    return Variant(name, _common([part.hyper for part in parts]), validation, scores)


def _common(hypers: Sequence[Hyper]) -> Mapping[str, str | float | bool]:
    """What all folds chose; what they chose differently varies."""
    names = dict.fromkeys(name for hyper in hypers for name in hyper)
    return {
        name: hypers[0][name] if len({hyper.get(name) for hyper in hypers}) == 1 else "varies"
        for name in names
    }
