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
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

from bench.assets import checksums
from bench.assets.checksums import FIRST_USE

ELSEWHERE = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})/(.+)", re.ASCII)
"""A file of another repository, at a commit of its own."""

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
        elsewhere = ELSEWHERE.fullmatch(file)
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


def _canonical(file_name: str) -> str:
    """A file name in which the spellings of one project name are the same (PEP 503)."""
    return re.sub(r"[-_.]+", "-", file_name).lower()
