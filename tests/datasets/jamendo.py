"""MTG-Jamendo: mp3 in a hundred folders, and lists with a column for every tag of a track."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tasks.jamendo import GENRE, INSTRUMENT, MOODTHEME, TOP_50
from tests.layouts import Layout, Spoilt, sound, text

HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"


def writer(tags: Sequence[str], *, low: bool = False) -> Callable[[Path], Sequence[Path]]:
    """A copy in full or low quality; the last track of a list has the bytes of the first."""

    def write(folder: Path) -> Sequence[Path]:
        lists, number = [], 0
        for part, count in (("train", 12), ("validation", 6), ("test", 6)):
            rows, paths = [HEADER], []
            for place in range(count):
                number += 1
                path = f"{number % 100:02}/{number}.mp3"
                said = [tag for index, tag in enumerate(tags) if (index + place) % 2]
                ids = (f"track_{number:07}", f"artist_{number:06}", "album_000031")
                rows.append("\t".join([*ids, path, "151.4", *said]))
                paths.append(_audio(folder, path, low=low))
                sound(paths[-1], number)
            shutil.copyfile(paths[0], paths[-1])
            lists.append(text(folder.parent / f"{part}.tsv", "\n".join(rows) + "\n"))
        return lists

    return write


def _audio(folder: Path, path: str, *, low: bool) -> Path:
    if low:
        return folder / "audio-low" / path.replace(".mp3", ".low.mp3")
    return folder / "audio" / path


def _other_tag(folder: Path) -> None:
    place = folder.parent / "train.tsv"
    place.write_text(place.read_text().replace("genre---60s", "genre---1860s", 1))


COUNTS = (12, 6, 6)
LAYOUTS = (
    Layout(TOP_50, writer(TOP_50.labels), COUNTS),
    Layout(
        GENRE,
        writer([f"genre---{tag}" for tag in GENRE.labels], low=True),
        COUNTS,
        spoilt={"a tag that is none": Spoilt(_other_tag, "'1860s', which is no tag of the card")},
    ),
    Layout(INSTRUMENT, writer([f"instrument---{tag}" for tag in INSTRUMENT.labels]), COUNTS),
    Layout(MOODTHEME, writer([f"mood/theme---{tag}" for tag in MOODTHEME.labels]), COUNTS),
)
