"""MERT: HuBERT for music, with a teacher of pitch beside that of sound."""

from backbones import Family
from backbones._published import Published, card, states
from backbones.hubert import LARGE

PAPER = (
    "Li et al., MERT: acoustic music understanding model with large-scale self-supervised "
    "training, ICLR 2024"
)

v1_95m = card(
    Published(
        repository="m-a-p/MERT-v1-95M",
        commit="12af15fef9d0ac838c3f475bfbbf26d2060dd4f5",
        kind="hubert",
        front={"sampling_rate": 24_000},
    ),
    name="mert-v1-95m",
    family=Family.AUDIO_SSL,
    summary="MERT, self-supervised on music",
    sample_rate=24_000,
    layers=states(12, 768, 75.0),
    default="layer-12",
    parameters=94_371_712,
    trained_on=("mert-private",),
    paper=PAPER,
    weights_licence="CC BY-NC 4.0",
)
v1_330m = card(
    Published(
        repository="m-a-p/MERT-v1-330M",
        commit="af10da70c94a0c849de9cc94b83e12769c4db499",
        kind="hubert",
        settings={**LARGE, "feat_extract_norm": "group", "conv_bias": False},
        front={"sampling_rate": 24_000},
    ),
    name="mert-v1-330m",
    family=Family.AUDIO_SSL,
    summary="MERT large, self-supervised on 160,000 h of music",
    sample_rate=24_000,
    layers=states(24, 1024, 75.0),
    default="layer-24",
    parameters=315_428_992,
    trained_on=("mert-private",),
    paper=PAPER,
    weights_licence="CC BY-NC 4.0",
)
