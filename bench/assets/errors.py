"""Why a client brought nothing."""


class DownloadError(Exception):
    """Why a client brought nothing."""
