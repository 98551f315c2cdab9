"""EmoMusic: two tables with untidy spaces, and mp3 by number."""

from collections.abc import Sequence
from pathlib import Path

from tasks.emomusic import EMOMUSIC
from tests.layouts import Layout, Spoilt, edit, remove, sound, table

SET = "Mediaeval 2013 set"
ARTISTS = (
    "The New Mystikal Troubadours",
    "Anja  Lecoq",
    "D.J. Ünïcode",
    "Trio 7",
    "Åse",
    "Bo & Co",
)


def write(folder: Path) -> Sequence[Path]:
    """24 songs by six artists, the last eight for the test."""
    songs = range(2, 26)
    table(
        folder / "annotations" / "songs_info.csv",
        ("song_id", "file_name", "Artist", "Song title", "Genre", SET),
        ((n, f"{n}.mp3", f"{ARTISTS[n % 6]}\t", f" Song {n}", "Blues", _set(n)) for n in songs),
    )
    table(
        folder / "annotations" / "static_annotations.csv",
        ("song_id", "mean_arousal", "std_arousal", "mean_valence", "std_valence"),
        ((n, 1 + n % 7 + n / 100, 0.9, 9 - n % 5, 0.8) for n in songs),
    )
    for number in songs:
        sound(folder / "clips_45seconds" / f"{number}.mp3", number)
    return ()


def _set(number: int) -> str:
    return "evaluation" if number >= 18 else "development"


STATIC = "annotations/static_annotations.csv"
LAYOUTS = (
    Layout(
        EMOMUSIC,
        write,
        (8, 8, 8),
        spoilt={
            "no table": Spoilt(remove(STATIC), "static_annotations.csv"),
            "no number": Spoilt(edit(STATIC, "\n2,3.02", "\n2,high"), "says 'high'"),
            "a song without ratings": Spoilt(edit(STATIC, "\n2,", "\n99,"), "'2'"),
        },
    ),
)
