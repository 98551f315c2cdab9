"""Folders of the Hugging Face hub, for doors: which commit, which files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from backbones import DoorError
from backbones._weights import one_line


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
        DoorError: it cannot be read.
    """
    from huggingface_hub import HfApi, hf_hub_download

    try:
        config = Path(hf_hub_download(name, "config.json", revision=revision or None))
        folder = config.parent
        try:
            held = list(HfApi().list_repo_files(name, revision=folder.name))
        except OSError:
            held = [path.name for path in folder.iterdir()]
        files = needed(held)
        for file in filter(small, files):
            hf_hub_download(name, file, revision=folder.name)
    except (OSError, ValueError) as error:
        message = (
            f"the hub's {name} cannot be read ({one_line(error)[:200]}): check the name, accept "
            "its terms on its page, run `hf auth login`, or give a local folder"
        )
        raise DoorError(message) from error
    return folder, f"pkg:huggingface/{name}@{folder.name}?files={','.join(files)}"
