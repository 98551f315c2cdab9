"""Microsoft's CLAP: audio and texts in one space, learnt from pairs of them."""

from pathlib import Path

from backbones import Backbone, Encoder, Family, Layer

_STAGES = (96, 192, 384, 768, 768)


def _build() -> Encoder:
    from backbones._towers import random_msclap

    return random_msclap()


def _load(folder: Path) -> Encoder:
    from backbones._towers import msclap

    return msclap(folder)


msclap_2023 = Backbone(
    name="msclap-2023",
    family=Family.CROSS_MODAL,
    summary="Microsoft's CLAP, HTSAT and GPT-2, on captions of sounds, speech and music",
    sample_rate=44_100,
    window=7.0,
    layers=(
        *(Layer(f"layer-{number}", dim) for number, dim in enumerate(_STAGES)),
        Layer("pooled", 768),
        Layer("projected", 1024),
    ),
    default="pooled",
    joint="projected",
    parameters=155_648_408,
    build=_build,
    weights="pkg:huggingface/microsoft/msclap@c47d441165daa21986ead0850660917636a81775"
    "?files=CLAP_weights_2023.pth,"
    "openai-community/gpt2@607a30d783dfa663caf39e06633721c8d4cfcd7e/tokenizer.json",
    load=_load,
    extra="hf",
    trained_on=(
        *("audiocaps", "audioset", "clotho", "cochlscene", "epic-kitchens", "findsounds", "fma"),
        *("fsd50k", "iemocap", "kinetics700", "ljspeech", "macs", "meld", "mosei", "mosi"),
        *("msp-podcast", "nsynth", "sounddescs", "wavcaps", "wavtext5k"),
    ),
    paper="Elizalde, Deshmukh and Wang, Natural language supervision for general-purpose audio "
    "representations, ICASSP 2024",
    licence="MIT",
    weights_licence="MS-PL",
)
