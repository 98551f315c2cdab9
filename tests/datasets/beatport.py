"""Beatport EDM key: a text and an mp3 a song, named alike; some keys are none of the 24."""

from collections.abc import Sequence
from pathlib import Path

from tasks.beatport import KEY
from tests.layouts import Layout, Spoilt, sound, text

KEYS = ("C minor", "D# minor\n", "G# major ", "Bb major")
OTHERS = {"200001": "X", "200002": "F minor | Ab major", "200003": "B other"}
SONGS = 48


def write(folder: Path) -> Sequence[Path]:
    """Two songs an artist; names with an accent, a comma, a hyphen and two dots."""
    for number in range(SONGS):
        artist = f"DJ Nº {number // 2}, Jürgen v.d. Somebody"
        name = f"{100_000 + number} {artist} - Re-Fever (Original Mix)"
        _song(folder, name, KEYS[number // 2 % 4], 12 * (number // 2 % 4))
    for other, key in OTHERS.items():
        _song(folder, f"{other} Quarks - One", key, 1)
    return ()


def _song(folder: Path, name: str, key: str, tone: int) -> None:
    text(folder / "keys" / f"{name}.txt", key)
    sound(folder / "audio" / f"{name}.mp3", tone)


def _empty(folder: Path) -> None:
    for path in (folder / "keys").iterdir():
        path.unlink()


SPOILT = {
    "empty": Spoilt(_empty, "holds no <number> <artist>"),
    "another name": Spoilt(
        lambda folder: text(folder / "keys" / "Quarks.txt", "C minor"), "Quarks.txt is named"
    ),
    "a key that is spelt otherwise": Spoilt(
        lambda folder: text(folder / "keys" / "1 Quarks - One.txt", "Cb major"), "'Cb major'"
    ),
}
LAYOUTS = (Layout(KEY, write, (0, 0, SONGS), frozenset(OTHERS), SPOILT),)
