"""PMEmo: arousal and valence of the choruses of pop songs, in five folds.

The layout was read in public code that loads PMEmo2019 and in github.com/HuiZhangDB/PMEmo
(9028984), which lists the 767 songs with ratings and their artists.
"""

from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import R2
from tasks._tables import LayoutError, lot, number, plain, rows

TARGETS = ("arousal", "valence")
FOLDS = 5


def _clips(folder: Path) -> list[Clip]:
    """Every song with a rating, in the fold that its artist draws."""
    file = folder / "annotations" / "static_annotations.csv"
    songs = folder / "metadata.csv"
    columns = tuple(f"{target.capitalize()}(mean)" for target in TARGETS)
    artists = {row["musicId"]: plain(row["artist"]) for row in rows(songs, ("musicId", "artist"))}
    found = []
    for row in rows(file, ("musicId", *columns)):
        name = row["musicId"]
        if name not in artists:
            message = f"{file} rates the song {name!r}, which metadata.csv does not list"
            raise LayoutError(message)
        path, label = folder / "chorus" / f"{name}.mp3", [number(row[c], file) for c in columns]
        fold = lot(artists[name], FOLDS) + 1
        found.append(Clip(name, Split.TEST, path, tuple(label), artists[name], fold=fold))
    return found


PMEMO = Task(
    name="pmemo",
    summary="How aroused, how pleasant? Choruses of pop songs, rated by listeners from 0 to 1",
    data=DataSet(
        name="pmemo",
        licence="not stated; choruses of commercial recordings",
        paper="Zhang et al., The PMEmo dataset for music emotion recognition, ICMR 2018",
        how_to_get=(
            "Get the version of 2019 by the link in https://github.com/HuiZhangDB/PMEmo and place "
            "the content of its folder PMEmo2019 as pmemo/metadata.csv, "
            "pmemo/annotations/static_annotations.csv and pmemo/chorus/1.mp3"
        ),
        recorded=True,
        size="794 mp3, 38 s on average, of which 767 are rated; 1.3 GB",
    ),
    kind=Kind.REGRESSION,
    labels=TARGETS,
    metrics=(R2,),
    clips=_clips,
    counts={Split.TRAIN: 0, Split.VALIDATION: 0, Split.TEST: 767},
    folds=FOLDS,
    corpora=("pmemo",),
    split_from=(
        "sha1 of the artist modulo 5, for no split is published: the authors cross-validate "
        "tenfold without regard to artists"
    ),
    grouped_by="artist, with those who take part, as the table names them",
)
