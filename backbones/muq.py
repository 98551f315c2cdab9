"""MuQ: masked prediction of what a residual quantiser makes of a spectrogram."""

from pathlib import Path

from backbones import Backbone, Encoder, Family
from backbones._published import states


def _build() -> Encoder:
    from backbones._conformers import random

    return random()


def _load(folder: Path) -> Encoder:
    from backbones._conformers import muq

    return muq(folder)


large_msd_iter = Backbone(
    name="muq-large-msd-iter",
    family=Family.AUDIO_SSL,
    summary="MuQ, self-supervised on the Million Song Dataset, second round",
    sample_rate=24_000,
    window=30.0,
    layers=states(12, 1024, 25.0),
    default="layer-12",
    parameters=316_343_296,
    build=_build,
    weights="pkg:huggingface/OpenMuQ/MuQ-large-msd-iter@0562a57814f6f8bbd9fdea0a25921a2fce1a841a"
    "?files=config.json,model.safetensors",
    load=_load,
    trained_on=("msd",),
    paper="Zhu et al., MuQ: self-supervised music representation learning with mel residual vector "
    "quantization, 2025, arXiv:2501.01108",
    licence="MIT",
    weights_licence="CC BY-NC 4.0",
)
