"""Downloads from an address, going on where an earlier attempt stopped."""

import http.client
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import IO

from bench.assets.addresses import check_url
from bench.assets.errors import AssetError, DownloadError
from bench.assets.pins import Progress
from bench.errors import why_no_room

_TIMEOUT = 30.0
_CHUNK = 1 << 20


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to an address that a pin itself might hold."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request."""
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, part: Path, on_progress: Progress) -> None:
    """Bring a file to `part`, as often resumed as each attempt brings something new.

    Args:
        url: see `check_url`.
        part: what an earlier attempt brought stays, and is added to.
        on_progress: called after each chunk.

    Raises:
        DownloadError: the server refuses, or nothing more comes.
    """
    had = -1
    while not _attempt(url, part, on_progress):
        have = part.stat().st_size
        if have <= had:
            message = f"the connection was cut after {have} bytes; run again to go on from there"
            raise DownloadError(message)
        had = have


def _attempt(url: str, part: Path, on_progress: Progress) -> bool:
    """Add to `part`; True when it is complete."""
    part.touch()
    have = part.stat().st_size
    opener = urllib.request.build_opener(_SafeRedirects)
    opener.addheaders = [("User-Agent", "mulap-bench")]
    if have:
        opener.addheaders.append(("Range", f"bytes={have}-"))
    try:
        with opener.open(url, timeout=_TIMEOUT) as reply:
            return _receive(reply, part, have, on_progress)
    except urllib.error.HTTPError as error:
        with error:
            if have and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return True
            message = f"HTTP {error.code} {error.reason}"
            raise DownloadError(message) from error
    except urllib.error.URLError as error:
        raise DownloadError(str(error.reason)) from error
    except AssetError as error:
        message = f"it redirects, and {error}"
        raise DownloadError(message) from error
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return False


def _receive(reply: http.client.HTTPResponse, part: Path, have: int, on_progress: Progress) -> bool:
    """Write a reply behind the first `have` bytes; True when all that was announced has come."""
    if reply.status != HTTPStatus.PARTIAL_CONTENT:
        have = 0
    elif not reply.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        message = f"it was asked for the bytes from {have} on and sent others"
        raise DownloadError(message)
    announced = reply.headers.get("Content-Length")
    total = have + int(announced) if announced else None
    _expect_room(part, have, total)
    with part.open("ab" if have else "wb") as file:
        while chunk := _read(reply):
            file.write(chunk)
            have += len(chunk)
            on_progress(have, total)
    return chunk is not None and total in {None, have}


def _expect_room(part: Path, have: int, total: int | None) -> None:
    short = None if total is None else why_no_room(total - have, part.parent)
    if short is not None:
        raise DownloadError(short)


def _read(reply: http.client.HTTPResponse) -> bytes | None:
    """The next bytes; none at the end, None where the connection is cut."""
    try:
        return reply.read(_CHUNK)
    except (OSError, http.client.HTTPException):
        return None
