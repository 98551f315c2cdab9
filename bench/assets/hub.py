"""The Hugging Face hub: its own client and cache, and what it declares of each file."""

import importlib
import re
from pathlib import Path

from bench.assets.checksums import git_blob
from bench.assets.errors import DownloadError, NoSuchFileError
from bench.assets.pins import Pin
from bench.digests import of_file

_SHA256, _BLOB = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_REMEDIES = {
    "GatedRepoError": "it is gated: accept its terms on the hub's page of {name}, then run "
    "`hf auth login`",
    "RepositoryNotFoundError": "the hub knows no {name}, or only to those who may see it: check "
    "the name, or run `hf auth login`",
    "RevisionNotFoundError": "{name} has no revision {version}",
    "RemoteEntryNotFoundError": "{name} has no {member} at {version}",
    "LocalEntryNotFoundError": "the hub cannot be reached, and its cache does not hold {member}: "
    "where there is a network run `hf download {name} {member} --revision {version}`",
}


def bring(pin: Pin) -> Path:
    """A file in the hub's own cache; downloaded unless it is there.

    Without a checksum in the pin, the bytes are compared with what the hub declares of them.

    Raises:
        DownloadError: it cannot be had, or is not what the hub declares.
    """
    hub = importlib.import_module("huggingface_hub")
    from backbones._hub import quiet

    try:
        with quiet():
            path = Path(hub.hf_hub_download(pin.name, pin.member, revision=pin.version))
    except (ValueError, *hub.errors.HfHubHTTPError.__bases__, OSError) as error:
        lacks = type(error).__name__ == "RemoteEntryNotFoundError"
        kind = NoSuchFileError if lacks else DownloadError
        raise kind(_why(error, pin)) from error
    if not pin.sha256:
        _verify(path, pin)
    return path


def _why(error: Exception, pin: Pin) -> str:
    """The remedy of what is known to go wrong, with the status; else what the client says."""
    remedy = _REMEDIES.get(type(error).__name__)
    if remedy is None:
        return " ".join(str(error).split())
    return remedy.format(name=pin.name, version=pin.version, member=pin.member)


def _verify(path: Path, pin: Pin) -> None:
    """Compare a file with the digest that the hub's cache names its bytes by.

    That is what the hub sent as ETag: sha256 of a large file, git's blob id of a small one.
    """
    declared = path.resolve().name
    if _SHA256.fullmatch(declared):
        found = of_file(path)
    elif _BLOB.fullmatch(declared):
        found = git_blob(path)
    else:
        message = f"the hub declares no digest of {pin.member}: add ?checksum=sha256:…"
        raise DownloadError(message)
    if found != declared:
        message = f"what came is {found}, the hub declares {declared}: remove {path.resolve()}"
        raise DownloadError(message)
