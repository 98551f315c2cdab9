"""WavLM: masked prediction and denoising of speech; as a control beside music models."""

from backbones import Family
from backbones._published import Published, card, states
from backbones.hubert import LARGE

PAPER = (
    "Chen et al., WavLM: large-scale self-supervised pre-training for full stack speech "
    "processing, IEEE JSTSP 2022"
)
MORE = ("libri-light", "gigaspeech", "voxpopuli")

base = card(
    Published(
        repository="microsoft/wavlm-base",
        commit="efa81aae7ff777e464159e0f877d54eac5b84f81",
        kind="wavlm",
    ),
    name="wavlm-base",
    family=Family.AUDIO_SSL,
    summary="WavLM base, self-supervised on 960 h of English speech",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=94_381_936,
    trained_on=("librispeech",),
    paper=PAPER,
)
base_plus = card(
    Published(
        repository="microsoft/wavlm-base-plus",
        commit="4c66d4806a428f2e922ccfa1a962776e232d487b",
        kind="wavlm",
    ),
    name="wavlm-base-plus",
    family=Family.AUDIO_SSL,
    summary="WavLM base, self-supervised on 94,000 h of English speech",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=94_381_936,
    trained_on=MORE,
    paper=PAPER,
)
large = card(
    Published(
        repository="microsoft/wavlm-large",
        commit="c1423ed94bb01d80a3f5ce5bc39f6026a0f4828c",
        kind="wavlm",
        settings={**LARGE, "conv_bias": False},
    ),
    name="wavlm-large",
    family=Family.AUDIO_SSL,
    summary="WavLM large, self-supervised on 94,000 h of English speech",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=315_453_120,
    trained_on=MORE,
    paper=PAPER,
)
