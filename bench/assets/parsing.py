"""Pins as they are written down; what cannot be read is refused."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from packageurl import PackageURL

from bench.assets import checksums
from bench.assets.addresses import check_url, names_release
from bench.assets.errors import AssetError
from bench.assets.pins import ELSEWHERE, Pin

_NAME = re.compile(r"(@?[a-z0-9][\w.-]*/)?[a-z0-9][\w.+-]*", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"[a-z0-9][\w.+~:!-]*", re.ASCII | re.IGNORECASE)
_ARCHITECTURE = re.compile(r"[a-z0-9-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCAL = re.compile(r"(?:file:(?://)?)?(?P<path>[^?#]+)(?:\?(?P<query>[^#]*))?(?:#(?P<member>.*))?")


def parse(pin: str) -> Pin:
    """Read a pin.

    Args:
        pin: `pkg:type/name@version?checksum=sha256:<hex>#member`, `file:/path` or a plain path,
            these two with an optional checksum and member. A path that holds `?`, `#` or `%` is
            written as `file:` with these percent-encoded. Of an address (`pkg:generic`),
            `checksum=md5:<hex>`, `sha1:<hex>`, `gitblob:<hex>` or 8 digits of the sha256 will do,
            and `first-use` if its path names the version that stands after @. Of the hub,
            `pkg:huggingface/owner/name@<commit>#file`, or several as one folder with
            `?files=config.json,model.safetensors`; of `a|b` the first that the commit holds. A
            file of another repository is `owner/name@<commit>/tokenizer.json`.

    Raises:
        AssetError: the pin is malformed.
    """
    if not pin.startswith("pkg:"):
        return _local(pin)
    try:
        url = PackageURL.from_string(pin)
    except ValueError as error:
        raise _wrong(pin, f"is no package URL: {error}") from error
    if url.type not in _FILE_NAMES:
        known = ", ".join(f"pkg:{kind}" for kind in _FILE_NAMES)
        raise _wrong(pin, f"has the unknown type {url.type!r}; known are {known} and file:")
    qualifiers = url.qualifiers if isinstance(url.qualifiers, dict) else {}
    said = qualifiers.get("checksum", "")
    has_namespace = url.namespace and url.type in {"npm", "huggingface"}
    parsed = Pin(
        kind=url.type,
        name=f"{url.namespace}/{url.name}" if has_namespace else url.name,
        version=url.version or "",
        sha256=_checksum(pin, url.type, url.version or "", said),
        declared=said if _is_declared(url.type, said) else "",
        member=url.subpath or "",
        url=qualifiers.get("download_url", ""),
        architecture=qualifiers.get("arch", ""),
        files=_several(pin, qualifiers.get("files", "")),
    )
    _check(pin, parsed)
    file_name = qualifiers.get("file_name") or _FILE_NAMES[parsed.kind](parsed)
    if not file_name or PurePosixPath(file_name).name != file_name or "\\" in file_name:
        raise _wrong(pin, f"needs a plain file name in ?file_name=, not {file_name!r}")
    return replace(parsed, file_name=file_name)


def _wrong(pin: str, what: str) -> AssetError:
    return AssetError(f"{pin!r} {what}")


def _check(pin: str, parsed: Pin) -> None:
    """Refuse what would mislead a client, such as a name that it would take for an option."""
    if not _NAME.fullmatch(parsed.name):
        raise _wrong(pin, f"has a name that no package has: {parsed.name!r}")
    if not _VERSION.fullmatch(parsed.version) and parsed.kind != "generic":
        raise _wrong(pin, f"needs an exact version after @, not {parsed.version!r}")
    if not _ARCHITECTURE.fullmatch(parsed.architecture):
        raise _wrong(pin, f"has an unknown ?arch=, {parsed.architecture!r}")
    if parsed.files:
        _check_files(pin, parsed)
    elif parsed.kind == "huggingface" and not parsed.member:
        raise _wrong(pin, "must name the file that its checksum is of, as in #model.safetensors")
    if parsed.kind == "generic":
        check_url(parsed.url)
    if parsed.is_first_use and not names_release(parsed.url, parsed.version):
        what = "has checksum=first-use, so its address must hold the release or commit that stands"
        raise _wrong(
            pin, f"{what} after @; {parsed.url} does not hold {parsed.version!r}, or it moves"
        )


def _check_files(pin: str, parsed: Pin) -> None:
    if parsed.kind != "huggingface":
        raise _wrong(pin, "may name several ?files= of the hub or a local folder only")
    if parsed.sha256 or parsed.member:
        raise _wrong(pin, "names ?files= of a commit, so it needs no checksum and no #member")
    places = Counter(
        parsed.one_of(each).member for file in parsed.files for each in file.split("|")
    )
    if twice := [place for place, times in places.items() if times > 1]:
        raise _wrong(pin, f"names two files that would both be {twice[0]} in ?files=")


def _several(pin: str, names: str) -> tuple[str, ...]:
    """The files of a `files` qualifier, each inside the folder."""
    files = tuple(names.split(",")) if names else ()
    for name in (name for choice in files for name in choice.split("|")):
        elsewhere = ELSEWHERE.fullmatch(name)
        place = PurePosixPath(member := elsewhere[3] if elsewhere else name)
        if member != str(place) or place.is_absolute() or {"..", "."} & {*place.parts, member}:
            raise _wrong(pin, f"names {name!r} in ?files=, which is no file inside the folder")
    return files


def _checksum(pin: str, kind: str, version: str, checksum: str) -> str:
    """The sha256 of a package URL; empty where something else stands for it."""
    if kind == "huggingface" and not checksum:
        if _COMMIT.fullmatch(version):
            return ""
        raise _wrong(
            pin,
            f"has no checksum, and {version!r} may move: give a commit (40 hexadecimal digits) "
            "after @, or add ?checksum=sha256:<64 hexadecimal digits>",
        )
    return "" if _is_declared(kind, checksum) else _digest(pin, checksum)


def _is_declared(kind: str, checksum: str) -> bool:
    """Whether a checksum is less than a sha256, and all that the source of the file says."""
    return kind == "generic" and checksums.is_declared(checksum)


def _digest(pin: str, checksum: str) -> str:
    """The sha256 among the checksums of a pin, in lower case."""
    if not checksum:
        raise _wrong(pin, "has no checksum; add ?checksum=sha256:<64 hexadecimal digits>")
    found = checksums.sha256_of(checksum)
    if not found:
        raise _wrong(pin, f"needs checksum=sha256:<64 hexadecimal digits>, not {checksum!r}")
    return found


def _local(pin: str) -> Pin:
    parts = _LOCAL.fullmatch(pin)
    if parts is None or re.match(r"file://[^/]", pin):
        raise _wrong(pin, "names no local file")
    path, query, member = parts["path"], parts["query"], parts["member"] or ""
    if pin.startswith("file:"):
        path, member = unquote(path), unquote(member)
    elif re.match(r"[a-z][a-z0-9+.-]+:", path):
        raise _wrong(pin, "is neither a package URL (pkg:...) nor file:/path nor a local path")
    pieces = PurePosixPath(member).parts
    if ".." in pieces or member.startswith("/"):
        raise _wrong(pin, f"names {member!r}, which is not inside {path}")
    said = dict(part.partition("=")[::2] for part in (query or "").split("&") if part)
    if unknown := said.keys() - {"checksum", "files"}:
        raise _wrong(pin, f"may say ?checksum= and &files=, not {min(unknown)!r}")
    return Pin(
        kind="file",
        name=path,
        sha256=_digest(pin, said.get("checksum", "")) if said else "",
        member="/".join(pieces),
        file_name=PurePosixPath(path).name,
        files=_several(pin, unquote(said.get("files", ""))),
    )


def _npm_name(pin: Pin) -> str:
    return f"{pin.name.removeprefix('@').replace('/', '-')}-{pin.version}.tgz"


def _deb_name(pin: Pin) -> str:
    return f"{pin.name}_{pin.version.replace(':', '%3a')}_{pin.architecture or '*'}.deb"


_FILE_NAMES: dict[str, Callable[[Pin], str]] = {
    "pypi": lambda pin: f"{pin.name.replace('-', '_')}-{pin.version}-*.whl",
    "npm": _npm_name,
    "deb": _deb_name,
    "huggingface": lambda pin: f"{pin.name}/{pin.member}".replace("/", "--"),
    "generic": lambda pin: unquote(urlsplit(pin.url).path.rpartition("/")[2]),
}
KINDS = (*_FILE_NAMES, "file")
"""The kinds of source that a pin can name."""
