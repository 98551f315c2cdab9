"""Decodes every item of a corpus, before a training finds out step by step."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.pretrain.corpus import Reader
from bench.pretrain.manifest import CorpusError, Item
from bench.progress import Step


def unusable(items: Sequence[Item], longest: float, progress: Step) -> list[str]:
    """Why items cannot be trained on, a line each; it never stops at the first that is bad.

    Args:
        items: of a corpus.
        longest: what a training hears of an item, from its beginning [s].
        progress: told of items.
    """
    reader = Reader(longest, 0)
    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, why in enumerate(pool.map(lambda item: _why(item, reader), items), 1):
            progress(done, len(items))
            if why:
                found.append(why)
    return found


def _why(item: Item, reader: Reader) -> str:
    try:
        reader.read(item)
    except CorpusError as error:
        return str(error)
    return ""
