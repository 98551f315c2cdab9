"""The files of an archive or a folder, by their place where it would be unpacked."""

import os
import posixpath
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_LITTER = ("__MACOSX", "._", ".DS_Store")
"""What a file manager adds: beginnings of names."""

MOST_IN_A_ROW = 40
"""Links that lead to each other, as Linux follows them."""

MOST_LINKED = 1_000_000
"""Files that an archive has by its links alone; folders that a folder has by them."""


class LinkError(ValueError):
    """A link leads in a circle, to nothing that an archive holds, or to too much."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file, as its source knows it.

    Attributes:
        name: as the source knows it.
        size: [bytes]; 0 where a server does not tell.
        start: where it begins in a tar [bytes].
        plain: its name without the escapes of an address.
        link: what it stands for, relative to its folder; empty if it has content of its own.
    """

    name: str
    size: int
    start: int = 0
    plain: str = ""
    link: str = ""


@dataclass(slots=True, eq=False)
class _Node:
    """A file, a link or a folder, in a folder unless it is the root."""

    above: "_Node | None" = None
    member: Member | None = None
    inner: "dict[str, _Node]" = field(default_factory=dict)

    @property
    def link(self) -> str:
        return self.member.link if self.member else ""


def below(folder: str) -> list[Member]:
    """Every file below a folder of this machine, in order; links are followed, to any disk.

    Raises:
        LinkError: a link leads back to a folder that it lies in, or there are too many.
        OSError: a folder cannot be read.
    """
    found, linked = list[Member](), 0
    pending: list[tuple[str, tuple[str, ...]]] = [(folder.rstrip("/"), (os.path.realpath(folder),))]
    while pending:
        place, above = pending.pop()
        with os.scandir(place or "/") as opened:
            entries = [*opened]
        for entry in entries:
            if entry.is_file():
                name = entry.path[len(folder.rstrip("/")) + 1 :]
                found.append(Member(name, entry.stat().st_size))
            elif entry.is_dir():
                real = os.path.realpath(entry.path) if entry.is_symlink() else ""
                linked += bool(real)
                _expect_few(linked)
                if real and any(f"{each}/".startswith(f"{real}/") for each in above):
                    message = f"its {entry.path} is a link to {real}, which it lies in: remove it"
                    raise LinkError(message)
                pending.append((entry.path, (*above, real or f"{above[-1]}/{entry.name}")))
    return sorted(found, key=lambda member: member.name)


def by_place(found: Iterable[Member]) -> dict[str, Member]:
    """Place in the folder → file; links are followed, and what file managers add is left out.

    Raises:
        LinkError: a link leads in a circle, or to what is not there, or there are too many.
    """
    named = {plain(member.plain or member.name): member for member in found}
    kept = {path: each for path, each in named.items() if path and not _is_litter(path)}
    if not any(each.link for each in kept.values()):
        return kept
    return _followed(_tree(kept), len(kept))


def _tree(kept: Mapping[str, Member]) -> _Node:
    root = _Node()
    for path, member in kept.items():
        node = root
        for part in path.split("/"):
            node = node.inner.setdefault(part, _Node(node))
        node.member = member
    return root


def _followed(root: _Node, plainly: int) -> dict[str, Member]:
    """Every file below a root, those behind links at the places of the links too."""
    files = dict[str, Member]()
    pending: list[tuple[str, _Node, tuple[_Node, ...]]] = [("", root, ())]
    while pending:
        path, node, through = pending.pop()
        if node.link:
            node = _led(node, path)
            if node in through:
                message = f"its {path} is a link to a folder that it lies in: remove it"
                raise LinkError(message)
        if node.member:
            files[path] = node.member
            _expect_few(len(files) - plainly)
        for name, each in reversed(node.inner.items()):
            pending.append((f"{path}/{name}".lstrip("/"), each, (*through, node)))
    return files


def _led(node: _Node, path: str) -> _Node:
    """The file or folder that a link leads to, step by step as on a disk."""
    link, target = node.link, posixpath.join(posixpath.dirname(path), node.link)
    said = f"its {path} is a link to {posixpath.normpath(target)}, which"
    if node.inner:
        message = f"its {path} is a link and a folder at once: make the archive anew"
        raise LinkError(message)
    at, steps, links = node.above, _steps(link), 1
    while at is not None and steps:
        part = steps.popleft()
        at = at.above if part == ".." and not at.member else at.inner.get(part)
        if at is not None and at.link:
            links += 1
            steps.extendleft(reversed(_steps(at.link)))
            at = at.above
        if links > MOST_IN_A_ROW:
            message = f"{said} leads in a circle or through more than {MOST_IN_A_ROW} links: "
            message += "make the archive anew without it"
            raise LinkError(message)
    if at is None:
        message = f"{said} it does not hold: unpack it"
        raise LinkError(message)
    return at


def _steps(link: str) -> deque[str]:
    """Of a link; the first of an absolute one is none that a folder has."""
    return deque(
        part for at, part in enumerate(link.split("/")) if part != "." and (part or not at)
    )


def _expect_few(linked: int) -> None:
    if linked > MOST_LINKED:
        message = f"its links stand for more than {MOST_LINKED:,} files or folders: unpack it "
        message += "and place what is needed"
        raise LinkError(message)


def plain(name: str) -> str:
    """Without `.`, `..` and a leading slash: it is a name below the folder, whatever it says."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in {"", ".", ".."})


def _is_litter(path: str) -> bool:
    return any(part.startswith(_LITTER) for part in path.split("/"))
