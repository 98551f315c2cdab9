"""DAC: what a neural codec hears before it is quantised."""

from backbones import Family, Layer
from backbones._published import Published, card

_RATE, _HOP = 44_100, 512

dac_44khz = card(
    Published(
        repository="descript/dac_44khz",
        commit="c1bc521685adf9cfe247bc39a5ca58917eda1ac4",
        kind="dac",
        settings={"sampling_rate": _RATE, "downsampling_ratios": (2, 4, 8, 8), "n_codebooks": 9},
        front={"sampling_rate": _RATE, "hop_length": _HOP},
    ),
    name="dac-44khz",
    family=Family.AUDIO_SSL,
    summary="Latents of Descript's neural codec for 44.1 kHz audio",
    sample_rate=_RATE,
    layers=(Layer("latent", 1024, _RATE / _HOP),),
    default="latent",
    parameters=76_620_777,
    trained_on=("audioset", "common-voice", "daps", "jamendo", "musdb18", "vctk", "vocalset"),
    paper="Kumar et al., High-fidelity audio compression with improved RVQGAN, NeurIPS 2023",
    weights_licence="MIT",
)
