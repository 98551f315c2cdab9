"""Why a pinned file cannot be had."""

from bench.errors import UserError


class AssetError(UserError):
    """A pinned file cannot be had; the message is one line."""


class MissingFileError(AssetError):
    """What is pinned has no such file."""


class DownloadError(Exception):
    """Why a client brought nothing."""


class NoSuchFileError(DownloadError):
    """What was asked has no such file."""
