"""wav2vec 2.0 and XLS-R: contrastive learning of speech; as a control beside music models."""

from backbones import Family
from backbones._published import Published, card, states
from backbones.hubert import LARGE

PAPER = (
    "Baevski et al., wav2vec 2.0: a framework for self-supervised learning of speech "
    "representations, NeurIPS 2020"
)

base = card(
    Published(
        repository="facebook/wav2vec2-base",
        commit="0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
        kind="wav2vec2",
    ),
    name="wav2vec2-base",
    family=Family.AUDIO_SSL,
    summary="wav2vec 2.0 base, self-supervised on 960 h of English speech",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=94_371_712,
    trained_on=("librispeech",),
    paper=PAPER,
)
large = card(
    Published(
        repository="facebook/wav2vec2-large",
        commit="312b2410566b698c7a649068d413b2067848bd75",
        kind="wav2vec2",
        settings={
            **LARGE,
            "feat_extract_norm": "group",
            "conv_bias": False,
            "do_stable_layer_norm": False,
        },
    ),
    name="wav2vec2-large",
    family=Family.AUDIO_SSL,
    summary="wav2vec 2.0 large, self-supervised on 960 h of English speech",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=315_428_992,
    trained_on=("librispeech",),
    paper=PAPER,
)
xls_r = card(
    Published(
        repository="facebook/wav2vec2-xls-r-300m",
        commit="1a640f32ac3e39899438a2931f9924c02f080a54",
        kind="wav2vec2",
        settings=LARGE,
        front={"return_attention_mask": True},
    ),
    name="xls-r-300m",
    family=Family.AUDIO_SSL,
    summary="XLS-R, self-supervised on 436,000 h of speech in 128 languages",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=315_438_720,
    trained_on=("voxpopuli", "mls", "common-voice", "voxlingua107", "babel"),
    paper=(
        "Babu et al., XLS-R: self-supervised cross-lingual speech representation learning at "
        "scale, Interspeech 2022"
    ),
)
base_asr = card(
    Published(
        repository="facebook/wav2vec2-base-960h",
        commit="22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
        kind="wav2vec2",
    ),
    name="wav2vec2-base-asr",
    family=Family.SUPERVISED,
    summary="wav2vec 2.0 base on 960 h of English speech, then their transcripts",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=94_371_712,
    trained_on=("librispeech",),
    paper=PAPER,
)
xlsr_53 = card(
    Published(
        repository="facebook/wav2vec2-large-xlsr-53",
        commit="c3f9d884181a224a6ac87bf8885c84d1cff3384f",
        kind="wav2vec2",
        settings=LARGE,
        front={"return_attention_mask": True},
    ),
    name="xlsr-53",
    family=Family.AUDIO_SSL,
    summary="XLSR, self-supervised on 56,000 h of speech in 53 languages",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=315_438_720,
    trained_on=("mls", "common-voice", "babel"),
    paper=(
        "Conneau et al., Unsupervised cross-lingual representation learning for speech "
        "recognition, Interspeech 2021"
    ),
)
