"""Named, versioned ways of probing. A changed protocol gets a new name, never a new meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.probes import Hyper, Model, Pooling


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a search may choose from.

    Attributes:
        name: ends in its version.
        summary: one line.
        models: families of probes.
        poolings: of windows, where clips have several.
        all_layers: whether layers are compared; else the backbone's default is taken.
        standardise: whether features may be, or must be, standardised.
        trials: default budget of the search.
        seeds: default number of refits of the chosen probe.
    """

    name: str
    summary: str
    models: tuple[Model, ...]
    poolings: tuple[Pooling, ...]
    all_layers: bool
    standardise: tuple[bool, ...]
    trials: int
    seeds: int

    def first(self, layers: Sequence[str]) -> list[Hyper]:
        """The trials that every search begins with: scaled linear probes.

        All of `C_GRID` on the first layer, its first value on the others, so that the budget
        is not used up by a backbone that has many.
        """
        default, *others = layers
        tried = [(default, c) for c in C_GRID] + [(layer, C_GRID[0]) for layer in others]
        return [
            Hyper(layer, self.poolings[0], self.standardise[0], Model.LINEAR, c=c)
            for layer, c in tried
        ]


C_GRID = (1e-2, 1e-3, 1e-1, 1e-4, 1.0)
C_RANGE = (1e-5, 1e2)
LEARNING_RATE_RANGE = (1e-4, 1e-2)
WEIGHT_DECAY_RANGE = (1e-5, 1e-1)
DROPOUT_RANGE = (0.0, 0.6)

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="tuned-v1",
            summary="Optuna over layer, pooling, scaling and model: linear probes first, then MLP",
            models=(Model.LINEAR, Model.MLP),
            poolings=(Pooling.MEAN, Pooling.MAX, Pooling.MEAN_STD),
            all_layers=True,
            standardise=(True, False),
            trials=40,
            seeds=5,
        ),
        Protocol(
            name="linear-v1",
            summary="logistic or ridge regression on the default layer, scaled, C on validation",
            models=(Model.LINEAR,),
            poolings=(Pooling.MEAN,),
            all_layers=False,
            standardise=(True,),
            trials=12,
            seeds=1,
        ),
    )
}
