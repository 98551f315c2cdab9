"""A BERT of a few thousand weights with a small vocabulary, as a folder."""

from pathlib import Path

WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "an", "the", "in", "on", "of", "and"),
    *("slow", "fast", "reel", "jig", "hornpipe", "major", "minor", "c", "d", "e", "f", "g", "b"),
    *("piano", "violin", "flute", "organ", "guitar", "played", "tune", "noise", "tone", ".", ","),
)


def write_bert(folder: Path, layers: int = 3, dim: int = 16, seed: int = 0) -> Path:
    """Random weights, config and tokenizer."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel
    from transformers.utils.logging import disable_progress_bar

    from backbones._networks.seeded import seeded

    disable_progress_bar()
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=dim,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * dim,
        max_position_embeddings=32,
    )
    model = seeded(seed, lambda: BertModel(config, add_pooling_layer=False))
    model.save_pretrained(folder)
    tokenizer = BertWordPieceTokenizer({word: number for number, word in enumerate(WORDS)})
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
