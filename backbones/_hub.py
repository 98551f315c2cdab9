"""Folders of the Hugging Face hub, for doors: which commit, which files."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from backbones import DoorError
from backbones._weights import one_line

NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the hub's client from telling of each try; the error that it ends with tells enough.

    Whoever asked it for more, with HF_HUB_VERBOSITY, is told all the same.
    """
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity

    usual = get_verbosity()
    if usual == logging.WARNING:
        set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        set_verbosity(usual)


def commit(
    name: str,
    revision: str,
    needed: Callable[[Sequence[str]], list[str]],
    *,
    small: Callable[[str], bool],
) -> tuple[Path, str]:
    """A folder with the settings of a model, and the pin of all of its files.

    Args:
        name: `owner/name`.
        revision: a branch, tag or commit; empty for the newest commit.
        needed: of the names of files that there are, those that are read.
        small: whether a file is fetched at once, rather than with the weights.

    Raises:
        DoorError: it cannot be read, or is no name of the hub.
    """
    if not NAME.fullmatch(name):
        message = f"there is no folder {name} here, and a model of the hub is named owner/name"
        raise DoorError(message)
    try:
        with quiet():
            folder, files = _brought(name, revision, needed, small)
    except (OSError, ValueError) as error:
        message = (
            f"the hub's {name} cannot be read ({one_line(error)[:200]}): check the name, accept "
            "its terms on its page, run `hf auth login`, or give a local folder"
        )
        raise DoorError(message) from error
    return folder, f"pkg:huggingface/{name}@{folder.name}?files={','.join(files)}"


def _brought(
    name: str,
    revision: str,
    needed: Callable[[Sequence[str]], list[str]],
    small: Callable[[str], bool],
) -> tuple[Path, list[str]]:
    """The folder of the commit in the hub's cache, with its small files; all that are needed."""
    from huggingface_hub import HfApi, hf_hub_download

    config = Path(hf_hub_download(name, "config.json", revision=revision or None))
    folder = config.parent
    try:
        held = list(HfApi().list_repo_files(name, revision=folder.name))
    except OSError:
        held = [path.name for path in folder.iterdir()]
    files = needed(held)
    for file in filter(small, files):
        hf_hub_download(name, file, revision=folder.name)
    return folder, files
