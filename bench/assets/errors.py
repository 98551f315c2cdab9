"""Why a client brought nothing."""


class DownloadError(Exception):
    """Why a client brought nothing."""


class NoSuchFileError(DownloadError):
    """What was asked has no such file."""
