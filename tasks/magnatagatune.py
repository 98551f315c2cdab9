"""MagnaTagATune: 50 tags of 29-s clips, by folder; with and without the clips that have none."""

from functools import partial
from operator import itemgetter
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import PR_AUC, ROC_AUC
from tasks._tables import numbers, row, rows

TAGS = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast"),
    *("piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male"),
    *("singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman"),
    *("male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice"),
    *("new age", "dance", "female vocal", "male voice", "beats", "harp", "cello", "no voice"),
    *("weird", "country", "female voice", "metal", "choral"),
)
"""The most frequent, by falling number and then by name."""

UNREADABLE = {"35644", "55753", "57881"}
"""Clips whose mp3 is empty or damaged in every copy."""

NOT_IN_CLEAN = {"29", "11268", "11269"}
"""Clips with tags that the published list lacks: the first three, by path, of the folders."""


def _split(folder: str) -> Split:
    if folder == "c":
        return Split.VALIDATION
    return Split.TEST if folder in "def" else Split.TRAIN


def _clips(folder: Path, *, clean: bool) -> list[Clip]:
    info, file = folder / "clip_info_final.csv", folder / "annotations_final.csv"
    artists = {clip["clip_id"]: clip["artist"] for clip in rows(info, ("clip_id", "artist"), "\t")}
    found, told = [], itemgetter(*TAGS)
    for clip in rows(file, ("clip_id", "mp3_path", *TAGS), "\t"):
        name, tags = clip["clip_id"], numbers(told(clip), file)
        if name not in UNREADABLE and not (clean and (not any(tags) or name in NOT_IN_CLEAN)):
            path, split = folder / "mp3" / clip["mp3_path"], _split(clip["mp3_path"][:1])
            found.append(Clip(name, split, path, tags, row(name, artists, info)))
    return found


DATA = DataSet(
    name="magnatagatune",
    licence="audio: Magnatune, not for commercial use; annotations: none stated",
    paper=(
        "Law et al., Evaluation of algorithms using games: the case of music tagging, ISMIR 2009"
    ),
    how_to_get=(
        "Get mp3.zip (three parts), annotations_final.csv and clip_info_final.csv from "
        "https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset and place them as "
        "magnatagatune/annotations_final.csv, magnatagatune/clip_info_final.csv and "
        "magnatagatune/mp3/0 to magnatagatune/mp3/f"
    ),
    recorded=True,
    size="25,863 mp3, 29 s each",
)


def _task(
    name: str, counts: tuple[int, int, int], digest: str, split: str, suites: tuple[str, ...]
) -> Task:
    clean = name == "clean"
    return Task(
        name=f"magnatagatune/{name}",
        summary="50 tags of 29 s of music" + ("; clips without any left out" if clean else ""),
        data=DATA,
        kind=Kind.MULTILABEL,
        labels=TAGS,
        metrics=(ROC_AUC, PR_AUC),
        clips=partial(_clips, clean=clean),
        counts=dict(zip(Split, counts, strict=True)),
        digest=digest,
        suites=suites,
        corpora=("magnatagatune",),
        split_from=f"folders 0 to b, c, d to f; {split}; three unreadable mp3 left out",
        grouped_by="artist: 56 of 230 have clips in several splits; no track has",
        crosses=True,
    )


TWELVE_ONE_THREE = _task(
    "12-1-3",
    (18_706, 1_825, 5_329),
    "bb7f84a933a50f6504aac8463a7dddb0e01253ed0cc177bd86bf158917a2e742",
    "clips without a tag kept",
    ("marble", "jukemir", "core"),
)
CLEAN = _task(
    "clean",
    (15_244, 1_529, 4_332),
    "ba180fcda938bdbd50be286df22ec81005331410eec49bfcb7dab07dbb9c8571",
    "clips without a tag left out, and three that the list of Lee et al. (SMC 2017) lacks",
    ("mulap-paper",),
)
