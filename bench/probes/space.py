"""What the sampler of a search may choose."""

from dataclasses import asdict
from typing import TypeAlias

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from pydantic import TypeAdapter

from bench.probes import EVERY_LAYER, Hyper, Model, protocols
from bench.probes.protocols import Case

_HYPER = TypeAdapter(Hyper)

Choice: TypeAlias = CategoricalDistribution | FloatDistribution

MODELS = CategoricalDistribution([Model.LINEAR, Model.MLP])


def suggested(case: Case, trial: optuna.Trial) -> Hyper:
    """A configuration that the trial's sampler draws."""
    model = Model(str(trial.suggest_categorical("model", MODELS.choices)))
    chosen = {"model": model} | {
        name.partition(" of ")[0]: _draw(trial, name, distribution)
        for name, distribution in of(case, model).items()
    }
    return _HYPER.validate_python({**asdict(case.default), **chosen})


def of(case: Case, model: Model) -> dict[str, Choice]:
    """What the sampler may choose for a model."""
    weighed = [EVERY_LAYER] if case.weighable and model is Model.MLP else []
    shared: dict[str, Choice] = {
        f"layer of {model}": CategoricalDistribution([*case.layers, *weighed]),
        "pooling": CategoricalDistribution(case.poolings),
        "standardise": CategoricalDistribution([True, False]),
    }
    if model is Model.LINEAR:
        return {**shared, "c": FloatDistribution(*protocols.C_RANGE, log=True)}
    return {
        **shared,
        "learning_rate": FloatDistribution(*protocols.LEARNING_RATE_RANGE, log=True),
        "weight_decay": FloatDistribution(*protocols.WEIGHT_DECAY_RANGE, log=True),
        "dropout": FloatDistribution(*protocols.DROPOUT_RANGE),
        "depth": CategoricalDistribution(protocols.DEPTHS),
    }


def _draw(trial: optuna.Trial, name: str, choice: Choice) -> str | float | bool | None:
    if isinstance(choice, FloatDistribution):
        return trial.suggest_float(name, choice.low, choice.high, log=choice.log)
    return trial.suggest_categorical(name, choice.choices)
