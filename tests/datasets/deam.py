"""DEAM: a table with spaces in its header in a folder with spaces, and mp3 by number."""

from collections.abc import Sequence
from pathlib import Path

from tasks.deam import DEAM, RATINGS
from tests.layouts import Layout, Spoilt, edit, remove, sound, table

COLUMNS = ("song_id", " valence_mean", " valence_std", " arousal_mean", " arousal_std")


def write(folder: Path) -> Sequence[Path]:
    """25 songs up to number 1,000, 10 after it, and one of the whole songs of 2015."""
    songs = [*range(976, 1001), *range(1001, 1011)]
    rows = [(n, 9 - n % 5, " 1.2", 1 + n % 7 + n / 1000, " 0.9") for n in songs]
    table(folder / RATINGS, COLUMNS, rows)
    table(
        (folder / RATINGS).with_name("static_annotations_averaged_songs_2000_2058.csv"),
        (*COLUMNS, " valence_max_mean"),
        [(2001, 5, 1, 5, 1, 6)],
    )
    for number in (*songs, 2001):
        sound(folder / "MEMD_audio" / f"{number}.mp3", number)
    return ()


SPOILT = {
    "no table": Spoilt(remove(RATINGS), "static_annotations_averaged_songs_1_2000.csv"),
    "no number": Spoilt(edit(RATINGS, "\n976,", "\nfirst,"), "says 'first'"),
    "no rating": Spoilt(edit(RATINGS, "arousal_mean", "energy"), "no column 'arousal_mean'"),
}
LAYOUTS = (Layout(DEAM, write, (20, 5, 10), frozenset({"2001"}), SPOILT),)
