"""GiantSteps: the key of two-minute previews of electronic dance music."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import KEY_ACCURACY, KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017, KEYS
from tasks._tables import index, pin

FLATS = {"Db": "C#", "Gb": "F#"}
SPLITS = {"train": Split.TRAIN, "valid": Split.VALIDATION, "test": Split.TEST}
FOLDERS = {
    Split.TRAIN: "giantsteps-mtg-key-dataset",
    Split.VALIDATION: "giantsteps-mtg-key-dataset",
    Split.TEST: "giantsteps-key-dataset",
}
PIN = pin(
    "giantsteps-clips",
    "16d864c3a32f0c6e2547780c11bd70672045b48df57315cfa1ae6ccda1da5aab",
    "https://raw.githubusercontent.com/p-lambda/jukemir/"
    "241555645682d18fb909775c54014edfc3a03163/metadata/giantsteps_clips.json.gz",
)


def _clips(folder: Path, published: Path) -> list[Clip]:
    """One clip a song; the list has one a half minute."""
    with gzip.open(published, "rt", encoding="utf-8") as file:
        listed: Mapping[str, Mapping[str, str]] = json.load(file)
    songs = {name.partition("-")[0]: entry for name, entry in listed.items()}
    return [_clip(folder, name, entry, published) for name, entry in songs.items()]


def _clip(folder: Path, name: str, entry: Mapping[str, str], published: Path) -> Clip:
    split, (tonic, mode) = SPLITS[entry["split"]], entry["y"].split()
    key = index(f"{FLATS.get(tonic, tonic)} {mode}", KEYS, published)
    path = folder / FOLDERS[split] / "audio" / f"{int(name)}.LOFI.mp3"
    return Clip(name, split, path, key, name)


KEY = Task(
    name="giantsteps/key",
    summary="Which of 24 keys? Two-minute previews of electronic dance music",
    data=DataSet(
        name="giantsteps",
        licence="audio: previews of a shop, no licence; annotations: none stated",
        paper=(
            "Knees et al., Two data sets for tempo estimation and key detection in electronic "
            "dance music annotated from user corrections, ISMIR 2015; training set: Faraldo et "
            "al., 2017"
        ),
        how_to_get=(
            "Clone https://github.com/GiantSteps/giantsteps-key-dataset and "
            "https://github.com/GiantSteps/giantsteps-mtg-key-dataset into giantsteps/ and run "
            "the audio_dl.sh of each, which fills giantsteps/giantsteps-key-dataset/audio/ with "
            "files such as 10089.LOFI.mp3"
        ),
        recorded=True,
        size="1,763 mp3, two minutes each",
    ),
    kind=Kind.KEY,
    labels=KEYS,
    metrics=(KEY_WEIGHTED, KEY_WEIGHTED_MIREX2017, KEY_ACCURACY),
    clips=_clips,
    counts=dict(zip(Split, (923, 236, 604), strict=True)),
    digest="9f3de3be81f7c7cb075bda8ee7006771ab244de82a5afa00e61a6d72a6d21303",
    suites=("marble", "jukemir", "core"),
    corpora=("giantsteps",),
    lists=(PIN,),
    split_from=(
        "Castellon, Donahue and Liang (ISMIR 2021): training and validation are songs of the MTG "
        "set with one key of confidence 2, by artist; the test is the GiantSteps set"
    ),
    grouped_by="song: a clip is a whole one",
)
