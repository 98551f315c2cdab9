"""MuLaP's audio trunk with random weights: what pre-training has to beat, and no low bar."""

from dataclasses import replace
from functools import partial

from backbones import Backbone, Encoder, Family, Layer


def _random(seed: int) -> Encoder:
    from backbones._networks.calibration import calibrate
    from backbones._networks.trunk import Trunk
    from backbones._torch import TorchEncoder

    network = Trunk(seed)
    calibrate(network)
    return TorchEncoder(network)


trunk_random_0 = Backbone(
    name="trunk-random-0",
    aliases=("trunk-random",),
    family=Family.RANDOM,
    summary="MuLaP's audio trunk, random weights, normalisation calibrated on synthetic notes",
    sample_rate=16_000,
    window=3.0,
    layers=(
        Layer("front", 561, 62.5),
        Layer("cnn1", 64, 62.5),
        Layer("cnn2", 64, 62.5),
        Layer("cnn3", 64, 62.5),
        Layer("pool", 1506),
    ),
    default="pool",
    parameters=472_448,
    build=partial(_random, 0),
    paper="Manco et al., Learning music audio representations via weak language supervision, "
    "ICASSP 2022",
    licence="Apache-2.0",
)
trunk_random_1 = replace(
    trunk_random_0, name="trunk-random-1", aliases=(), build=partial(_random, 1)
)
trunk_random_2 = replace(
    trunk_random_0, name="trunk-random-2", aliases=(), build=partial(_random, 2)
)
