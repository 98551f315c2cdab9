"""EmoMusic: arousal and valence of 45-s excerpts, averaged over listeners."""

from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import R2
from tasks._tables import lot, number, row, rows

TARGETS = ("arousal", "valence")
SET = "Mediaeval 2013 set"
TRAINING = 8  # of ten


def _validates(artist: str) -> bool:
    """Whether the artist is one of the two tenths of the training set that validate."""
    plain = "".join(c for c in artist.lower() if c.isascii() and (c.isalpha() or c.isspace()))
    return lot(" ".join(plain.split()), 10) >= TRAINING


def _clips(folder: Path) -> list[Clip]:
    songs = rows(folder / "annotations" / "songs_info.csv", ("song_id", "Artist", SET))
    file = folder / "annotations" / "static_annotations.csv"
    columns = ("song_id", *(f"mean_{target}" for target in TARGETS))
    rated = {ratings["song_id"]: ratings for ratings in rows(file, columns)}
    found = []
    for song in songs:
        name, artist = song["song_id"], song["Artist"]
        split = Split.VALIDATION if _validates(artist) else Split.TRAIN
        split = Split.TEST if song[SET] == "evaluation" else split
        ratings = row(name, rated, file)
        label = tuple(number(ratings[f"mean_{target}"], file) for target in TARGETS)
        path = folder / "clips_45seconds" / f"{name}.mp3"
        found.append(Clip(name, split, path, label, artist))
    return found


EMOMUSIC = Task(
    name="emomusic",
    summary="How aroused, how pleasant? 45-s excerpts rated by listeners, from 1 to 9",
    data=DataSet(
        name="emomusic",
        licence="audio: Creative Commons, by track, from the Free Music Archive",
        paper="Soleymani et al., 1000 songs for emotional analysis of music, CrowdMM 2013",
        how_to_get=(
            "Get annotations.tar.gz and clips_45sec.tar.gz from "
            "https://cvml.unige.ch/databases/emoMusic/ and unpack them as "
            "emomusic/annotations/songs_info.csv, emomusic/annotations/static_annotations.csv and "
            "emomusic/clips_45seconds/2.mp3"
        ),
        recorded=True,
        size="744 mp3, 45 s each",
    ),
    kind=Kind.REGRESSION,
    labels=TARGETS,
    metrics=(R2,),
    clips=_clips,
    counts=dict(zip(Split, (504, 115, 125), strict=True)),
    digest="b5d2573dc60d144302306abf51f59ec2988c170d4559cc1769707d8cbee8ab5c",
    suites=("mulap-paper", "marble", "jukemir", "core"),
    corpora=("emomusic", "fma"),
    split_from=(
        "test: the evaluation set of MediaEval 2013; validation: sha1 of the artist (Castellon, "
        "Donahue and Liang, Codified audio language modeling, ISMIR 2021)"
    ),
    grouped_by="artist: some of the test are in training too",
    crosses=True,
)
