"""MuQ-MuLan: MuQ and a text encoder, learnt from music and what is said of it."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer
from backbones._published import states


def _build() -> Encoder:
    from backbones._towers import random_mulan

    return random_mulan()


def _load(folder: Path) -> Encoder:
    from backbones._towers import mulan

    return mulan(folder)


large = Backbone(
    name="muq-mulan-large",
    family=Family.CROSS_MODAL,
    summary="MuQ-MuLan, MuQ and XLM-R, on music and texts in English and Chinese",
    sample_rate=24_000,
    window=10.0,
    layers=(*states(12, 1024, 25.0), Layer("projected", 512)),
    default="layer-12",
    joint="projected",
    parameters=645_715_968,
    build=_build,
    weights="pkg:huggingface/OpenMuQ/MuQ-MuLan-large@2e01c796b71dca71b45251384c04cd7b237c9020"
    "?files=config.json,pytorch_model.bin,"
    "FacebookAI/xlm-roberta-base@e73636d4f797dec63c3081bb6ed5c7b0bb3f2089/tokenizer.json",
    load=_load,
    extra="hf",
    trained_on=("msd", "muq-mulan-private"),
    paper="Zhu et al., MuQ: self-supervised music representation learning with mel residual vector "
    "quantization, 2025, arXiv:2501.01108",
    licence="MIT",
    weights_licence="CC BY-NC 4.0",
)
