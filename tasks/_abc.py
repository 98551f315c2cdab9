"""Tunes in ABC notation, as music21's corpus has them: melody, metre, mode and type.

Only the melody is read. The type of dance (field `R`) is kept from the reader of notes on
purpose: given `R:hornpipe` it dots the quavers, and the label would be heard. Ornaments,
bowings, fingerings and repeats are left out for the same reason: they are habits of a
transcriber, not of a tune.
"""

import os
import re
import subprocess
import tempfile
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

DUPLE, TRIPLE = "2/4", "3/4"
METERS = {"C": DUPLE, "C|": DUPLE, "4/4": DUPLE, "2/4": DUPLE, "2/2": DUPLE}
METERS |= {name: name for name in ("3/4", "6/8", "9/8")}
KINDS = {"double jig": "jig", "slipjig": "slip jig"}
MODES = {
    "": "major",
    "m": "minor",
    "maj": "major",
    "min": "minor",
    "ion": "major",
    "aeo": "minor",
    "dor": "dorian",
    "mix": "mixolydian",
    "lyd": "lydian",
    "phr": "phrygian",
}
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
DANCES = "reel|jig|double jig|slip jig|hornpipe|strathspey|clog|highland fling|air"


@dataclass(frozen=True, slots=True)
class Tune:
    """What a book says of a tune.

    Attributes:
        title: as printed.
        names: every title it goes by, normalised; the first is the group.
        book: folder in the corpus.
        kind: dance, e.g. `reel`; empty where the book has none.
        meter: 2/4 (any simple duple time), 3/4, 6/8 or 9/8.
        tonic: pitch class, C = 0.
        mode: `major`, `minor`, `dorian` …
        bar: length of a bar [quarter notes].
        head: the fields a reader needs.
        music: the notes, as printed.
    """

    title: str
    names: tuple[str, ...]
    book: str
    kind: str
    meter: str
    tonic: int
    mode: str
    bar: float
    head: str
    music: str

    @property
    def beat(self) -> float:
        """Length of a beat [quarter notes]: half a bar of 2/4 and 6/8, else a third."""
        return self.bar / (2 if self.meter in {DUPLE, "6/8"} else 3)


@dataclass(frozen=True, slots=True)
class Melody:
    """The notes of a tune.

    Attributes:
        notes: (notes, 3): onset and duration [quarter notes], MIDI pitch.
        upbeat: length of what comes before the first bar [quarter notes].
    """

    notes: npt.NDArray[np.float64]
    upbeat: float


def read(path: Path) -> list[Tune]:
    """The tunes of an ABC file that keep to one metre of `METERS` and to one key."""
    text = path.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"^(?=X:)", text.replace("\r\n", "\n"), flags=re.MULTILINE)[1:]
    found = (_tune(part, path.parent.name) for part in parts)
    return [tune for tune in found if tune is not None]


def melody(tune: Tune) -> Melody | None:
    """The notes of a tune, without ornaments and repeats.

    None if some cannot be read, or if more than a third of the bars have the wrong length
    (those around a repeat are often split).
    """
    music = _bare(tune.music)
    notes, complaints = _notes(f"{tune.head}{music}\n")
    uneven = complaints.count("time units")
    if "Error" in complaints or uneven > music.count("|") / 3 or not len(notes):
        return None
    first, _ = _notes(f"{tune.head}{music.split('|', maxsplit=1)[0]}\n")
    upbeat = first[:, :2].sum(axis=1).max(initial=0.0)
    return Melody(notes, float(upbeat) % tune.bar)


def normalised(title: str) -> str:
    """A title without case, accents, punctuation, article, and the name of the dance.

    >>> normalised("Rakes of Mallow, The -- Reel")
    'rakes of mallow'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    plain = plain.replace("'", "").split(" -- ")[0]
    words = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    words = re.sub(rf"( ({DANCES}))+$", "", words)
    return re.sub(r"^(the|an?) | (the|an?)$", "", words)


def _tune(part: str, book: str) -> Tune | None:
    fields, music = _split(part)
    written = fields.get("M", [""])[0].replace(" ", "")
    key = _key(fields.get("K", [""])[0])
    names = tuple(dict.fromkeys(filter(None, map(normalised, fields.get("T", [])))))
    if written not in METERS or key is None or not names or re.search(r"[KML]:", music):
        return None
    kind = fields.get("R", [""])[0].lower()
    lines = [f"{name}:{fields[name][0]}" for name in ("M", "L", "K") if name in fields]
    return Tune(
        title=fields["T"][0],
        names=names,
        book=book,
        kind=KINDS.get(kind, kind),
        meter=METERS[written],
        tonic=key[0],
        mode=key[1],
        bar=4 * float(Fraction(written.replace("C|", "1").replace("C", "1"))),
        head="\n".join(["X:1", "T:", *lines, ""]),
        music=music,
    )


def _split(part: str) -> tuple[dict[str, list[str]], str]:
    """Fields before the first line of music, and the music up to an empty line."""
    header: dict[str, list[str]] = {}
    music: list[str] = []
    for line in (raw.split("%")[0].strip() for raw in part.split("\n")):
        field = re.match(r"([A-Za-z+]):(.*)", line)
        if field and "K" not in header:
            header.setdefault(field[1], []).append(field[2].strip())
        elif line and (not field or field[1] in "KML"):
            music.append(line)
        elif music and not line:
            break
    return header, " ".join(music)


def _key(field: str) -> tuple[int, str] | None:
    """Tonic and mode of a K field, e.g. `Ador` is (9, 'dorian')."""
    match = re.fullmatch(r"([A-G])([#b]?)\s*([A-Za-z]*)", field)
    if match is None:
        return None
    mode = MODES.get(match[3][:3].lower())
    tonic = NATURALS[match[1]] + {"": 0, "#": 1, "b": -1}[match[2]]
    return None if mode is None else (tonic % 12, mode)


def _bare(body: str) -> str:
    """Notes, rests, tuplets and bar lines, nothing else."""
    music = re.sub(r'"[^"]*"|![^!]*!|\{[^}]*\}|[\\`]', "", body)
    music = re.sub(r"[h-wy]|[H-Y]|[~.]", "", music)
    music = re.sub(r"\((?!\d)|\)", "", music)
    music = re.sub(r"\[(?=\d)", "|", music)
    return re.sub(r"[:\[\]]*(?:\||::)[:|\]]*\s*(?:\d[-,\d]*)?", " | ", music).lstrip(" |")


def _notes(abc: str) -> tuple[npt.NDArray[np.float64], str]:
    """Notes of a tune (see `Melody`), and what the reader complained of.

    The reader that symusic brings is called here and not through `Score.from_abc`, which prints
    complaints past Python and names its temporary files alike in every process.
    """
    from symusic import Score

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        source.write_text(abc, encoding="utf-8")
        command = [os.environ["SYMUSIC_ABC2MIDI"], str(source), "-o", str(target), "-silent"]
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if not target.exists():
            return np.zeros((0, 3)), f"Error: {run.stdout}"
        score = Score.from_file(target)
    if not score.tracks:
        return np.zeros((0, 3)), run.stdout
    columns = score.tracks[0].notes.numpy()
    onset = (columns["time"] - 1) / score.tpq
    duration = (columns["duration"] + 1) / score.tpq
    return np.stack([onset, duration, columns["pitch"]], axis=1), run.stdout
