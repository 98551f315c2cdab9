"""Good-sounds: which of five instruments; tested on players that are not in training.

The layout was read in mirdata's loader (`good_sounds`). Its index 1.0 holds the tables too, which,
written as JSON, have the md5s of those on Zenodo: so the digest pins what is there.
"""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY, BALANCED_ACCURACY
from tasks._tables import LayoutError, document, share
from tasks._zenodo import zenodo

INSTRUMENTS = ("cello", "clarinet", "flute", "trumpet", "violin")
"""Those that more than one player plays; seven have one alone."""

MICROPHONE = "neumann"
REFERENCE = ("almudena", "margarita", "pablo", "ramon", "raquel")
"""Who plays the packs of reference notes, one an instrument."""

VALIDATING = 20  # percent

Row: TypeAlias = Mapping[str, object]


def _clips(folder: Path) -> list[Clip]:
    """A take of each sound, all with one microphone: others came with some players alone."""
    takes = _table(folder / "takes.json", ("filename", "microphone", "sound_id"))
    sounds = _table(folder / "sounds.json", ("instrument", "player"))
    strange = {str(take["sound_id"]) for take in takes.values()} - sounds.keys()
    if strange:
        message = (
            f"{folder / 'takes.json'} has takes of the sound {min(strange)}, which is not told"
        )
        raise LayoutError(message)
    inner = folder / "good-sounds"  # left out where the published archive is read as it is
    place = inner if inner.is_dir() else folder
    told = ((str(take["filename"]), take, sounds[str(take["sound_id"])]) for take in takes.values())
    found = [
        _clip(place, file, sound)
        for file, take, sound in told
        if take["microphone"] == MICROPHONE and sound["instrument"] in INSTRUMENTS
    ]
    kept = _validating(found)
    return [replace(c, split=Split.VALIDATION) if _pack(c) in kept else c for c in found]


def _table(file: Path, columns: Sequence[str]) -> Mapping[str, Row]:
    read = document(file)
    if not isinstance(read, dict):
        message = f"{file} holds a {type(read).__name__}, expected an object with a row an id"
        raise LayoutError(message)
    for name, row in read.items():
        if not isinstance(row, dict) or not row.keys() >= {*columns}:
            message = f"{file}: row {name} is {reprlib.repr(row)}, expected {', '.join(columns)}"
            raise LayoutError(message)
    return read


def _clip(place: Path, file: str, sound: Row) -> Clip:
    player = str(sound["player"])
    return Clip(
        file.removeprefix("sound_files/").removesuffix(".wav"),
        Split.TRAIN if player in REFERENCE else Split.TEST,
        place / file,
        INSTRUMENTS.index(str(sound["instrument"])),
        player,
    )


def _validating(clips: Sequence[Clip]) -> set[str]:
    """Packs that validate: a share of what each player plays that is not tested."""
    packs = {
        player: [_pack(clip) for clip in clips if clip.group == player] for player in REFERENCE
    }
    return set().union(*(share(played, VALIDATING) for played in packs.values()))


def _pack(clip: Clip) -> str:
    """`flute_almudena_air` of `flute_almudena_air/neumann/0000`."""
    return clip.id.partition("/")[0]


INSTRUMENT = Task(
    name="good-sounds/instrument",
    summary="Which of five instruments? Notes and scales by players that are not in training",
    data=DataSet(
        name="good-sounds",
        licence="CC BY-SA 4.0, as mirdata has it",
        paper=(
            "Romani Picas et al., A real-time system for measuring sound goodness in instrumental "
            "sounds, 138th AES Convention, 2015"
        ),
        how_to_get=(
            "Get good-sounds.zip from https://zenodo.org/record/820937, and takes.json "
            "and sounds.json from https://zenodo.org/record/4588740, and place them as "
            "good-sounds/takes.json, good-sounds/sounds.json and good-sounds/good-sounds/"
            "sound_files/flute_almudena_reference/neumann/0000.wav"
        ),
        recorded=True,
        archives=(
            zenodo(4_588_740, "takes.json", "318e840031397314907e7f9420f2abeb"),
            zenodo(4_588_740, "sounds.json", "a60d90a964fd567ebc2e4b4e3f2990f2"),
            zenodo(820_937, "good-sounds.zip", "2137bbb2d32c1d60aa51e1301225f541"),
        ),
        size="16,308 wav, of which 5,559 are used",
    ),
    kind=Kind.MULTICLASS,
    labels=INSTRUMENTS,
    metrics=(ACCURACY, BALANCED_ACCURACY),
    clips=_clips,
    counts=dict(zip(Split, (2_286, 461, 2_812), strict=True)),
    digest="09918ef960624cfed4c36306ccbee21069c59b16113ef8671a6b98f7056ead16",
    corpora=("good-sounds",),
    split_from=(
        "this project's, for none is known to be published: whoever plays an instrument's "
        "reference notes is trained on, other players of it are tested; a fifth of what each "
        "plays to train on validates, in whole packs by sha1 of their names. One microphone alone"
    ),
    grouped_by="player: six to test on; training and validation share theirs, but no pack",
    crosses=True,
)
