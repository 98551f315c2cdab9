"""Which items make up a step: a pure function of the seed, so that nothing of it need be stored."""

import numpy as np
import numpy.typing as npt


def indices(seed: int, step: int, batch: int, items: int) -> npt.NDArray[np.int64]:
    """The items of one step.

    Each epoch goes through all items in a new order; what is left over at its end is left out, so
    that no item is twice in a batch.

    Args:
        seed: of the recipe.
        step: from 0.
        batch: items a step, at most `items`.
        items: in all.

    Returns:
        (batch,) indices.
    """
    epoch, position = divmod(step, items // batch)
    shuffled = np.random.default_rng([seed, 0, epoch]).permutation(items)
    return shuffled[position * batch : (position + 1) * batch]
