"""Which addresses a file may come from."""

from urllib.parse import unquote, urlsplit

from bench.assets.errors import AssetError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOVING = {"", "head", "latest", "main", "master"}
"""What no release or commit is called."""


def check_url(url: str) -> None:
    """Refuse an address that is not https, or http to this very machine.

    Raises:
        AssetError: any other address.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    message = f"{url!r} is no https:// address; a local file is pinned as file:/path"
    raise AssetError(message)


def names_release(url: str, version: str) -> bool:
    """Whether a folder of an address is a release or commit, which does not change by itself."""
    folders = unquote(urlsplit(url).path).split("/")[:-1]
    return version in folders and version.lower() not in _MOVING
