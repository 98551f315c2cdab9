"""music2vec: data2vec for music."""

from backbones import Family
from backbones._published import Published, card, states

v1 = card(
    Published(
        repository="m-a-p/music2vec-v1",
        commit="9f56775f206ce646b400ff20c49cc0622d84f7d6",
        kind="data2vec-audio",
    ),
    name="music2vec-v1",
    family=Family.AUDIO_SSL,
    summary="music2vec, self-supervised on 1,000 h of music",
    layers=states(12, 768, 50.0),
    default="layer-12",
    parameters=93_164_288,
    trained_on=("music2vec-private",),
    paper=(
        "Li et al., MAP-Music2Vec: a simple and effective baseline for self-supervised music audio "
        "representation learning, ISMIR 2022 late-breaking demo, arXiv:2212.02508"
    ),
    weights_licence="CC BY-NC 4.0",
)
