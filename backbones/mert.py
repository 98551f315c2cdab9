"""MERT: HuBERT for music, with a teacher of pitch beside that of sound."""

from backbones import Family
from backbones._published import Published, card, states

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
    paper=(
        "Li et al., MERT: acoustic music understanding model with large-scale self-supervised "
        "training, ICLR 2024"
    ),
    weights_licence="CC BY-NC 4.0",
)
