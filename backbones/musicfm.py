"""MusicFM: masked prediction of random codes of a spectrogram."""

from functools import partial
from pathlib import Path

from backbones import Backbone, Encoder, Family
from backbones._published import states

_HUB = "pkg:huggingface/minzwon/MusicFM@4513b38bc25ad1d227b1980819b9691ba97f4d87"
_PAPER = "Won et al., A foundation model for music informatics, ICASSP 2024"


def _build() -> Encoder:
    from backbones._conformers import random

    return random()


def _load(folder: Path, *, data: str) -> Encoder:
    from backbones._conformers import musicfm

    return musicfm(folder, f"{data}_stats.json", f"pretrained_{data}.pt")


def _card(data: str, what: str) -> Backbone:
    return Backbone(
        name=f"musicfm-{data}",
        family=Family.AUDIO_SSL,
        summary=f"MusicFM, self-supervised on {what}",
        sample_rate=24_000,
        window=30.0,
        layers=states(12, 1024, 25.0),
        default="layer-12",
        parameters=316_343_296,
        build=_build,
        weights=f"{_HUB}?files={data}_stats.json,pretrained_{data}.pt",
        load=partial(_load, data=data),
        trained_on=(data,),
        paper=_PAPER,
        licence="MIT",
        weights_licence="that of minzwon/MusicFM on the hub",
    )


musicfm_msd = _card("msd", "the Million Song Dataset")
musicfm_fma = _card("fma", "the Free Music Archive")
