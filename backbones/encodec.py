"""EnCodec: what a neural codec hears before it is quantised."""

from backbones import Family, Layer
from backbones._published import Published, card

encodec_24khz = card(
    Published(
        repository="facebook/encodec_24khz",
        commit="c1dbe2ae3f1de713481a3b3e7c47f357092ee040",
        kind="encodec",
        front={"feature_size": 1, "sampling_rate": 24_000},
    ),
    name="encodec-24khz",
    family=Family.AUDIO_SSL,
    summary="Latents of a neural codec for 24 kHz audio",
    sample_rate=24_000,
    layers=(Layer("latent", 128, 75.0),),
    default="latent",
    parameters=14_851_810,
    trained_on=("dns-challenge", "common-voice", "audioset", "fsd50k", "jamendo"),
    paper="Défossez et al., High fidelity neural audio compression, TMLR 2023",
    weights_licence="CC BY-NC 4.0",
)
