"""HuBERT: masked prediction of clusters of speech; as a control beside music models."""

from backbones import Family
from backbones._published import Published, Setting, card, states

PAPER = (
    "Hsu et al., HuBERT: self-supervised speech representation learning by masked prediction of "
    "hidden units, IEEE/ACM TASLP 2021"
)
LARGE: dict[str, Setting] = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
}

base = card(
    Published(
        repository="facebook/hubert-base-ls960",
        commit="dba3bb02fda4248b6e082697eee756de8fe8aa8a",
        kind="hubert",
    ),
    name="hubert-base",
    family=Family.AUDIO_SSL,
    summary="HuBERT base, self-supervised on 960 h of English speech",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=94_371_712,
    trained_on=("librispeech",),
    paper=PAPER,
)
large_asr = card(
    Published(
        repository="facebook/hubert-large-ls960-ft",
        commit="ece5fabbf034c1073acae96d5401b25be96709d8",
        kind="hubert",
        settings=LARGE,
        front={"return_attention_mask": True},
    ),
    name="hubert-large-asr",
    family=Family.SUPERVISED,
    summary="HuBERT large, 60,000 h of English speech, then transcripts of 960 h",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=315_438_720,
    trained_on=("libri-light", "librispeech"),
    paper=PAPER,
)
