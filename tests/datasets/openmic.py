"""OpenMIC-2018: a table of what was heard or not heard, two lists, ogg by track."""

from collections.abc import Sequence
from pathlib import Path

from tasks.openmic import INSTRUMENTS, OPENMIC
from tests.layouts import Layout, Spoilt, edit, remove, sound, table, text

TRAIN = [f"{number:06}_{3840 * (number % 9)}" for number in range(40, 80)]
TEST = [f"{number:06}_3840" for number in range(100, 112)]


def write(folder: Path) -> Sequence[Path]:
    """Two instruments a clip are known, one of them heard."""
    heard = []
    for number, key in enumerate(TRAIN + TEST):
        sound(folder / "audio" / key[:3] / f"{key}.ogg", number)
        for other in (0, 1):
            name = INSTRUMENTS[(number // 2 + other) % 20]
            heard.append((key, name, 0.51 if (number + other) % 2 else 0.2, 3))
    columns = ("sample_key", "instrument", "relevance", "num_responses")
    table(folder / "openmic-2018-aggregated-labels.csv", columns, heard)
    for part, keys in (("train", TRAIN), ("test", TEST)):
        text(folder / "partitions" / f"split01_{part}.csv", "\n".join(keys) + "\n")
    return ()


LABELS = "openmic-2018-aggregated-labels.csv"
SPOILT = {
    "no list": Spoilt(remove("partitions/split01_test.csv"), "split01_test.csv"),
    "labels that are cut off": Spoilt(
        lambda folder: text(folder / LABELS, "\n".join((folder / LABELS).read_text().split()[:60])),
        "labels.csv has no row for '0000",
    ),
    "another instrument": Spoilt(edit(LABELS, "accordion", "kazoo"), "the class 'kazoo'"),
    "no number": Spoilt(edit(LABELS, "0.51", "maybe"), "says 'maybe'"),
}
LAYOUTS = (Layout(OPENMIC, write, (32, 8, 12), spoilt=SPOILT),)
