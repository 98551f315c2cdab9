"""DEAM: arousal and valence of 45-s excerpts, in the partition of MediaEval 2014.

Files, columns and numbers were read in public code that loads and audits the data set; that the
songs of 2013 are numbered up to 1,000, and are 744, on EmoMusic's page.
"""

from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import R2
from tasks._tables import lot, number, rows

TARGETS = ("arousal", "valence")
RATINGS = (
    "annotations/annotations averaged per song/song_level/"
    "static_annotations_averaged_songs_1_2000.csv"
)
LAST_OF_2013 = 1_000


def _clips(folder: Path) -> list[Clip]:
    """Songs of 2013 to learn from, a fifth of them to choose by; those of 2014 to test on."""
    file = folder / RATINGS
    columns = ("song_id", *(f"{target}_mean" for target in TARGETS))
    rated = {row["song_id"]: row for row in rows(file, columns)}
    learnt = [song for song in rated if number(song, file) <= LAST_OF_2013]
    drawn = sorted(learnt, key=lambda song: lot(song, 2**64))
    splits = dict.fromkeys(rated, Split.TEST) | dict.fromkeys(learnt, Split.TRAIN)
    splits |= dict.fromkeys(drawn[: len(learnt) // 5], Split.VALIDATION)
    return [
        Clip(
            song,
            splits[song],
            folder / "MEMD_audio" / f"{song}.mp3",
            tuple(number(row[f"{target}_mean"], file) for target in TARGETS),
            song,
        )
        for song, row in rated.items()
    ]


DEAM = Task(
    name="deam/mediaeval-2014",
    summary="How aroused, how pleasant? 45-s excerpts rated by listeners, from 1 to 9",
    data=DataSet(
        name="deam",
        licence="audio: Creative Commons, by song",
        paper=(
            "Aljanaki, Yang and Soleymani, Developing a benchmark for emotional analysis of music, "
            "PLoS ONE 12(3), 2017"
        ),
        how_to_get=(
            "Get DEAM_audio.zip and DEAM_Annotations.zip from "
            "https://cvml.unige.ch/databases/DEAM/ and place their content as "
            f"deam/MEMD_audio/2.mp3 and deam/{RATINGS}"
        ),
        recorded=True,
        size="1,802 mp3, of which 58 whole songs are not used",
    ),
    kind=Kind.REGRESSION,
    labels=TARGETS,
    metrics=(R2,),
    clips=_clips,
    counts=dict(zip(Split, (596, 148, 1_000), strict=True)),
    corpora=("deam", "emomusic", "fma"),
    split_from=(
        "MediaEval 2014: songs of 2013 (those of EmoMusic) to learn from, of 2014 to test on; a "
        "fifth of the former validate, by sha1 of their number. Ids are not pinned, for no list "
        "was at hand"
    ),
    grouped_by="song; artists are not looked at, for the tables that name them are ragged",
)
