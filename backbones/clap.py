"""CLAP: audio and texts in one space, learnt from pairs of them (LAION).

`laion/larger_clap_music` is left out: its text side gives nearly the same vector for every text.
`hf:` refuses it.
"""

from backbones import Backbone, Family, Layer
from backbones._published import WEIGHTS, Published, Setting, card

PAPER = (
    "Wu et al., Large-scale contrastive language-audio pretraining with feature fusion and "
    "keyword-to-caption augmentation, ICASSP 2023"
)
LARGER: dict[str, Setting] = {
    "audio_config": {
        "patch_embeds_hidden_size": 128,
        "depths": (2, 2, 12, 2),
        "num_attention_heads": (4, 8, 16, 32),
        "hidden_size": 1024,
    }
}


def _clap(
    name: str,
    repository: str,
    commit: str,
    summary: str,
    width: int,
    settings: dict[str, Setting],
    trained_on: tuple[str, ...],
    parameters: int,
) -> Backbone:
    """Five stages of a Swin transformer, each averaged, what it pools, and its projection."""
    stages = [Layer(f"layer-{n}", width * times) for n, times in enumerate((1, 2, 4, 8, 8))]
    return card(
        Published(
            repository=repository,
            commit=commit,
            kind="clap",
            settings=settings,
            front={"truncation": "rand_trunc"},
            files=("config.json", "preprocessor_config.json", "tokenizer.json", WEIGHTS),
        ),
        name=name,
        family=Family.CROSS_MODAL,
        summary=summary,
        sample_rate=48_000,
        layers=(*stages, Layer("pooled", 8 * width), Layer("projected", 512)),
        default="pooled",
        joint="projected",
        parameters=parameters,
        trained_on=trained_on,
        paper=PAPER,
    )


unfused = _clap(
    "clap-htsat-unfused",
    "laion/clap-htsat-unfused",
    "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
    "CLAP, HTSAT and RoBERTa, on captions of sounds",
    96,
    {},
    ("laion-audio-630k",),
    153_492_890,
)
general = _clap(
    "clap-general",
    "laion/larger_clap_general",
    "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "CLAP with a larger HTSAT, on captions of sounds, speech and music",
    128,
    LARGER,
    ("laion-audio-630k",),
    193_913_882,
)
music_and_speech = _clap(
    "clap-music-speech",
    "laion/larger_clap_music_and_speech",
    "195c3a3e68faebb3e2088b9a79e79b43ddbda76b",
    "CLAP with a larger HTSAT, on captions of music and speech",
    128,
    LARGER,
    ("laion-audio-630k",),
    193_913_882,
)
