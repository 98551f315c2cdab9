"""FMA: a table with three rows of header, mp3 by number in folders of a thousand."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tasks.fma import FMA_MEDIUM, FMA_SMALL, MEDIUM
from tests.layouts import Layout, Spoilt, edit, remove, sound, table

COLUMNS = (
    *(("", ""), ("artist", "id"), ("artist", "name"), ("set", "split"), ("set", "subset")),
    *(("track", "genre_top"), ("track", "title")),
)
SPLITS = ("training", "training", "validation", "test")


def writer(size: str) -> Callable[[Path], Sequence[Path]]:
    """A copy with 32 tracks of `small`, 32 more of `medium`, and one of `large` without a genre."""

    def write(folder: Path) -> Sequence[Path]:
        rows: list[Sequence[object]] = [[second for _, second in COLUMNS]]
        rows.append(["track_id", *[""] * 6])
        for number in range(64):
            subset, genre = ("small", "medium")[number >= 32], MEDIUM[(number // 4) % 16]
            split = SPLITS[number % 4]
            track, artist = 133_290 + number, 100 + number // 2 + 100 * (split == "test")
            rows.append(
                [track, artist, "An, artist", split, subset, genre, 'A "title"\nof two lines']
            )
            if subset == "small" or size == "medium":
                short = 0.6 if track == 133_297 else 1.0
                path = folder / f"fma_{size}" / "133" / f"{track}.mp3"
                sound(path, MEDIUM.index(genre) * 3, short)
        rows.append([2, 1, "Awol", "training", "large", "", "Food"])
        table(folder / "fma_metadata" / "tracks.csv", [first for first, _ in COLUMNS], rows)
        return ()

    return write


TRACKS = "fma_metadata/tracks.csv"
SPOILT = {
    "no table": Spoilt(remove(TRACKS), "tracks.csv"),
    "another table": Spoilt(edit(TRACKS, "subset", "part"), "has no column 'set subset'"),
    "another genre": Spoilt(edit(TRACKS, "Electronic", "Electro"), "names the class 'Electro'"),
}
LAYOUTS = (
    Layout(FMA_SMALL, writer("small"), (16, 8, 8), frozenset({"000002"}), SPOILT),
    Layout(FMA_MEDIUM, writer("medium"), (32, 16, 16)),
)
