"""Whisper: the encoder of a transcriber of speech; as a control beside music models."""

from backbones import Backbone, Family
from backbones._published import Published, card, states

PAPER = "Radford et al., Robust speech recognition via large-scale weak supervision, ICML 2023"


def _whisper(size: str, commit: str, width: int, depth: int, parameters: int) -> Backbone:
    return card(
        Published(
            repository=f"openai/whisper-{size}",
            commit=commit,
            kind="whisper",
            settings={
                "d_model": width,
                "encoder_layers": depth,
                "decoder_layers": depth,
                "encoder_attention_heads": width // 64,
                "decoder_attention_heads": width // 64,
                "encoder_ffn_dim": 4 * width,
                "decoder_ffn_dim": 4 * width,
                "vocab_size": 51_865,
            },
        ),
        name=f"whisper-{size}",
        family=Family.SUPERVISED,
        summary=f"Encoder of Whisper {size}, trained on 680,000 h of transcribed speech",
        layers=states(depth, width, 50.0),
        default=f"layer-{depth}",
        parameters=parameters,
        trained_on=("whisper-680k",),
        paper=PAPER,
        window=30.0,
    )


tiny = _whisper("tiny", "169d4a4341b33bc18d8881c4b69c2e104e1cc0af", 384, 4, 37_760_640)
base = _whisper("base", "e37978b90ca9030d5170a5c07aadb050351a65bb", 512, 6, 72_593_920)
small = _whisper("small", "973afd24965f72e36ca33b3055d56a652f456b4d", 768, 12, 241_734_912)
medium = _whisper("medium", "abdf7c39ab9d0397620ccaea8974cc764cd0953e", 1024, 24, 763_857_920)
