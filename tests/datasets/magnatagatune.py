"""MagnaTagATune: two tables and folders 0 to f of mp3."""

from collections.abc import Sequence
from pathlib import Path

from tasks.magnatagatune import CLEAN, TAGS, TWELVE_ONE_THREE
from tests.layouts import Layout, Spoilt, edit, remove, sound, table, text

UNREADABLE = ("35644", "55753", "57881")
FOLDERS = "0" * 8 + "b" * 4 + "c" * 6 + "d" * 4 + "f" * 4


def write(folder: Path) -> Sequence[Path]:
    """Clips 100 to 125 by folder; every sixth has no tag. Three files are empty."""
    names = [str(100 + number) for number in range(len(FOLDERS))]
    paths = [f"{place}/artist_{n % 7}-album-01-song-{n}-29.mp3" for n, place in enumerate(FOLDERS)]
    for number, path in enumerate(paths):
        sound(folder / "mp3" / path, number)
    for name in UNREADABLE:
        text(folder / "mp3" / f"6/bad-{name}-117-146.mp3", "")
    names += UNREADABLE
    paths += [f"6/bad-{name}-117-146.mp3" for name in UNREADABLE]
    info = ("clip_id", "track_number", "title", "artist", "album", "url", "mp3_path")
    table(
        folder / "clip_info_final.csv",
        info,
        (
            (n, "1", "Song", f"Artist {int(n) % 7}", "Album", "u", p)
            for n, p in zip(names, paths, strict=True)
        ),
        "\t",
    )
    tags = sorted([*TAGS, "plucking"])
    table(
        folder / "annotations_final.csv",
        ("clip_id", *tags, "mp3_path"),
        ((name, *_tags(int(name), tags), path) for name, path in zip(names, paths, strict=True)),
        "\t",
    )
    return ()


def _tags(number: int, tags: Sequence[str]) -> list[int]:
    """None for every sixth clip but one that the fifty do not hold; else every third of them."""
    if number % 6 == 0:
        return [int(tag == "plucking") for tag in tags]
    return [int((place + number) % 3 == 0) for place, _ in enumerate(tags)]


SPOILT = {
    "no table": Spoilt(remove("annotations_final.csv"), "annotations_final.csv"),
    "no column": Spoilt(
        edit("annotations_final.csv", "\tguitar\t", "\tguitare\t"), "no column 'guitar'"
    ),
    "a clip twice": Spoilt(
        edit("annotations_final.csv", "101\t", "100\t"), "lists '100' more than once"
    ),
}
LAYOUTS = (
    Layout(TWELVE_ONE_THREE, write, (12, 6, 8), frozenset(UNREADABLE), SPOILT),
    Layout(CLEAN, write, (10, 5, 7), frozenset((*UNREADABLE, "102"))),
)
