"""What is hidden from MuLaP, drawn anew for every item of every step."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.pretrain.objectives import IGNORED
from bench.pretrain.texts import Ids, Words

RANDOM, KEPT = 0.1, 0.1
"""Of the words asked for, those replaced by another and those left as they are (BERT)."""


@dataclass(frozen=True, slots=True)
class HiddenWords:
    """A caption with words hidden.

    Attributes:
        ids: (tokens,), as the model sees them.
        wanted: (tokens,), the true token where it is asked for, else `IGNORED`.
    """

    ids: Ids
    wanted: Ids


def hide_words(ids: Ids, words: Words, share: float, draw: np.random.Generator) -> HiddenWords:
    """Ask for a share of the tokens: 80 % hidden, 10 % replaced, 10 % as they are.

    Devlin et al., BERT, NAACL 2019, section 3.1. [CLS], [SEP] and the like are never asked for.
    """
    chosen = (draw.random(len(ids)) < share) & ~np.isin(ids, list(words.special))
    how = draw.random(len(ids))
    others = draw.integers(0, words.vocabulary, len(ids))
    seen = np.where(chosen & (how >= RANDOM + KEPT), words.mask, ids)
    seen = np.where(chosen & (how < RANDOM), others, seen)
    return HiddenWords(seen, np.where(chosen, ids, IGNORED))


def hide_chunks(chunks: int, share: float, draw: np.random.Generator) -> npt.NDArray[np.bool_]:
    """(chunks,): True for those to be hidden."""
    return draw.random(chunks) < share
