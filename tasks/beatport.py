"""Beatport EDM key: the key of two-minute previews of electronic dance music, in five folds.

The layout was read in mirdata's loader (`beatport_key`). Its index 1.0.0 gives the names and the
md5 of every text; 1,275 of these are that of one of the 24 keys, which the digest pins.
"""

import re
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import KEY_ACCURACY, KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017, KEYS
from tasks._tables import LayoutError, index, lot, plain, text
from tasks._zenodo import zenodo

FOLDS = 5
NAME = re.compile(r"(\d+) (.+?) - .+")
"""Number in the shop, artists, title."""

ONE_KEY = re.compile(r"[A-G][#b]? (major|minor)")
SPELT = {"C#": "C#", "Db": "C#", "D#": "Eb", "F#": "F#", "Gb": "F#", "G#": "Ab", "A#": "Bb"}


def _clips(folder: Path) -> list[Clip]:
    """Previews in one key; others are in several, in another mode, or in none."""
    files = sorted((folder / "keys").glob("*.txt"))
    if not files:
        message = f"{folder / 'keys'} holds no <number> <artist> - <title>.txt"
        raise LayoutError(message)
    said = {file: text(file).strip() for file in files}
    return [_clip(folder, file, key) for file, key in said.items() if ONE_KEY.fullmatch(key)]


def _clip(folder: Path, file: Path, key: str) -> Clip:
    named = NAME.fullmatch(file.stem)
    if named is None:
        message = f"{file} is named otherwise than <number> <artist> - <title>.txt"
        raise LayoutError(message)
    tonic, mode = key.split()
    artist = plain(named[2].partition(",")[0])
    return Clip(
        named[1],
        Split.TEST,
        folder / "audio" / f"{file.stem}.mp3",
        index(f"{SPELT.get(tonic, tonic)} {mode}", KEYS, file),
        artist,
        fold=lot(artist, FOLDS) + 1,
    )


KEY = Task(
    name="beatport/key",
    summary="Which of 24 keys? Two-minute previews of electronic dance music",
    data=DataSet(
        name="beatport",
        licence="annotations: CC BY-SA 4.0; audio: previews of a shop",
        paper=(
            "Faraldo, Tonality estimation in electronic dance music: a computational and musically "
            "informed examination, PhD thesis, Universitat Pompeu Fabra, 2018"
        ),
        how_to_get=(
            "Get keys.zip and audio.zip from https://zenodo.org/record/1101082 and unpack them as "
            "beatport/keys/100066 Lindstrom - Monsteer (Original Mix).txt and "
            "beatport/audio/100066 Lindstrom - Monsteer (Original Mix).mp3"
        ),
        recorded=True,
        archives=(
            zenodo(1_101_082, "keys.zip", "939abc05f36121badfac4087241ac172"),
            zenodo(1_101_082, "audio.zip", "f490ee6c23578482d6fcfa11b82636a1"),
        ),
        size="1,486 mp3, two minutes each",
    ),
    kind=Kind.KEY,
    labels=KEYS,
    metrics=(KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017, KEY_ACCURACY),
    clips=_clips,
    counts={Split.TRAIN: 0, Split.VALIDATION: 0, Split.TEST: 1_275},
    digest="c33e075e58d3d3fea9be0136aad4a9ac19e460efc75784f7cbd79b2c563e26b8",
    folds=FOLDS,
    corpora=("beatport",),
    split_from=(
        "songs in one major or minor key; sha1 of the first artist modulo 5, for no split is "
        "published"
    ),
    grouped_by="artist, the first where there are several",
)
