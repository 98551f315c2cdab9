"""PMEmo: ratings, a table of songs with names in any language, and mp3 by number."""

from collections.abc import Sequence
from pathlib import Path

from tasks.pmemo import PMEMO
from tests.layouts import Layout, Spoilt, edit, remove, sound, table

SONGS = 50
UNRATED = 7
ARTISTS = ("Beyoncé", "P!nk", "2 Chainz", "防弾少年団", 'Lil "X", Jr.')


def write(folder: Path) -> Sequence[Path]:
    """Two songs an artist; one song has a chorus and no rating."""
    columns = ("musicId", "fileName", "title", "artist", "album", "duration")
    table(
        folder / "metadata.csv",
        (*columns, "chorus_start_time", "chorus_end_time"),
        ((n, f"{n}.mp3", f"Song, {n}", _artist(n), "", 38.0, "00:50", "01:28") for n in _songs()),
    )
    table(
        folder / "annotations" / "static_annotations.csv",
        ("musicId", "Arousal(mean)", "Valence(mean)"),
        ((n, 0.1 + n % 7 / 10 + n / 1000, 0.9 - n % 5 / 10) for n in _songs() if n != UNRATED),
    )
    for number in _songs():
        sound(folder / "chorus" / f"{number}.mp3", number)
    return ()


def _songs() -> range:
    return range(1, SONGS + 2)


def _artist(number: int) -> str:
    return f"{ARTISTS[number % 5]} {number // 10}"


STATIC = "annotations/static_annotations.csv"
SPOILT = {
    "no table": Spoilt(remove("metadata.csv"), "metadata.csv"),
    "no number": Spoilt(edit(STATIC, "\n1,0.201", "\n1,high"), "says 'high'"),
    "a song that is not listed": Spoilt(edit(STATIC, "\n1,", "\n999,"), "rates the song '999'"),
}
LAYOUTS = (Layout(PMEMO, write, (0, 0, SONGS), frozenset({str(UNRATED)}), SPOILT),)
