"""Ballroom: a folder a dance, beats and tempi beside them."""

from collections.abc import Sequence
from pathlib import Path

from tasks.ballroom import BEATS, DANCE, TEMPO
from tests.layouts import Layout, Spoilt, sound, text

FOLDERS = ("Waltz", "Rumba-International", "Rumba-Misc")
NAMES = (
    *(f"Media-10{number:04}" for number in range(8)),
    *(f"Albums-Latin_Jam{number % 4}-{number:02}" for number in range(8)),
)


def write(folder: Path) -> Sequence[Path]:
    """Sixteen excerpts a folder, half of them from albums."""
    for kind, place in enumerate(FOLDERS):
        for number, name in enumerate(NAMES):
            stem = f"{name}{kind}" if name.startswith("Media") else f"{name}{kind + 1}"
            sound(folder / "B_1.0" / "audio" / place / f"{stem}.wav", 12 * (kind > 0) + number, 2.0)
            beats = "".join(f"{0.2 + 0.5 * beat:.9f} {beat % 3 + 1}\n" for beat in range(3))
            text(folder / "B_1.0" / "annotations" / "beats" / f"{stem}.beats", beats)
            text(folder / "B_1.0" / "annotations" / "tempo" / f"{stem}.bpm", f"{87 + 3 * number}\n")
    return ()


def _annotation(name: str, content: str) -> Spoilt:
    return Spoilt(
        lambda folder: text(folder / "B_1.0" / "annotations" / name, content), Path(name).name
    )


def _another(folder: Path) -> None:
    sound(folder / "B_1.0" / "audio" / "Polka" / "Media-1.wav", 1, 2.0)


COUNTS = (0, 0, 48)
LAYOUTS = (
    Layout(DANCE, write, COUNTS, spoilt={"another dance": Spoilt(_another, "'Polka'")}),
    Layout(
        TEMPO,
        write,
        COUNTS,
        spoilt={
            "zero": _annotation("tempo/Media-1000000.bpm", "0\n"),
            "none": _annotation("tempo/Media-1000000.bpm", ""),
        },
    ),
    Layout(
        BEATS,
        write,
        COUNTS,
        spoilt={"no number": _annotation("beats/Media-1000000.beats", "soon 1\n")},
    ),
)
