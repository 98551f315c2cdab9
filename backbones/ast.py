"""AST: a transformer on patches of a mel spectrogram, trained on the labels of AudioSet."""

from backbones import Family, Layer
from backbones._published import Published, card, states

audioset = card(
    Published(
        repository="MIT/ast-finetuned-audioset-10-10-0.4593",
        commit="f826b80d28226b62986cc218e5cec390b1096902",
        kind="audio-spectrogram-transformer",
    ),
    name="ast-audioset",
    family=Family.SUPERVISED,
    summary="Audio spectrogram transformer, trained on the labels of AudioSet",
    layers=(*states(12, 768, 10.0), Layer("pooled", 768)),
    default="pooled",
    parameters=86_187_264,
    trained_on=("audioset", "imagenet"),
    paper="Gong, Chung and Glass, AST: audio spectrogram transformer, Interspeech 2021",
    window=10.24,
)
