"""The files of an archive or a folder, by their place where it would be unpacked."""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LITTER = ("__MACOSX", "._", ".DS_Store")
"""What a file manager adds: beginnings of names."""


class LinkError(ValueError):
    """A link of an archive leads to nothing that it holds."""


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


def by_place(found: Iterable[Member]) -> dict[str, Member]:
    """Place in the folder → file; links are followed, and what file managers add is left out.

    Raises:
        LinkError: a link leads in a circle, or to what is not there.
    """
    named = {_plain(member.plain or member.name): member for member in found}
    kept = {path: each for path, each in named.items() if path and not _is_litter(path)}
    files = {path: each for path, each in kept.items() if not each.link}
    links = {path: _target(path, each.link) for path, each in kept.items() if each.link}
    while links:
        led = {path: _at(target, files, links) for path, target in links.items()}
        if not any(led.values()):
            path, target = next(iter(links.items()))
            message = f"its {path} is a link to {target}, which it does not hold: unpack it"
            raise LinkError(message)
        for path in [path for path, below in led.items() if below]:
            files |= {path + rest: member for rest, member in led[path].items()}
            del links[path]
    return files


def _target(path: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def _at(target: str, files: Mapping[str, Member], links: Mapping[str, str]) -> dict[str, Member]:
    """What lies at a place: a file, as "", or all of a folder; nothing before its links are."""
    if target in files:
        return {"": files[target]}
    inner = target + "/"
    if target == "." or any(path.startswith(inner) for path in links):
        return {}
    return {path[len(target) :]: each for path, each in files.items() if path.startswith(inner)}


def _plain(name: str) -> str:
    """Without `.`, `..` and a leading slash: it is a name below the folder, whatever it says."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in {"", ".", ".."})


def _is_litter(path: str) -> bool:
    return any(part.startswith(_LITTER) for part in path.split("/"))
