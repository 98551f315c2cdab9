"""data2vec: self-distillation of speech, then transcripts; as a control beside music models."""

from backbones import Family
from backbones._published import Published, card, states

PAPER = (
    "Baevski et al., data2vec: a general framework for self-supervised learning in speech, vision "
    "and language, ICML 2022"
)

base_asr = card(
    Published(
        repository="facebook/data2vec-audio-base-960h",
        commit="32331f3123e703528918aa688a9a38232d58c872",
        kind="data2vec-audio",
    ),
    name="data2vec-base-asr",
    family=Family.SUPERVISED,
    summary="data2vec base on 960 h of English speech, then their transcripts",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=93_164_288,
    trained_on=("librispeech",),
    paper=PAPER,
)
large_asr = card(
    Published(
        repository="facebook/data2vec-audio-large-960h",
        commit="27aba26eed532b86dcd0f17284a0307de4b51f39",
        kind="data2vec-audio",
        settings={
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
        },
    ),
    name="data2vec-large-asr",
    family=Family.SUPERVISED,
    summary="data2vec large on 960 h of English speech, then their transcripts",
    layers=states(24, 1024, 50.0),
    default="layer-24",
    parameters=313_276_416,
    trained_on=("librispeech",),
    paper=PAPER,
)
