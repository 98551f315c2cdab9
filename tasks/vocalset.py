"""VocalSet: technique, and singer, of chunks of 3 s in the lists of MARBLE v1.

The lists are what `preprocess.py` of github.com/a43992899/MARBLE-Benchmark (d9300e3) writes; an
author of MARBLE keeps them in CMI-Bench. There chunks are counted from the end of the silence that
a recording begins with, and have zero mean and unit variance. Here they are counted from its
beginning, as recorded, for clips are listed without reading audio.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tasks import Clip, DataSet, Kind, Split, Task
from tasks._metrics import ACCURACY, BALANCED_ACCURACY
from tasks._tables import LayoutError, index, lines, pin

TECHNIQUES = (
    *("belt", "breathy", "inhaled", "lip_trill", "spoken"),
    *("straight", "trill", "trillo", "vibrato", "vocal_fry"),
)
SINGERS = (*(f"f{number}" for number in range(1, 10)), *(f"m{number}" for number in range(1, 12)))
SECONDS = 132_000 / 44_100
"""A chunk: 3,000 ms at 44 samples each, so a little less than 3 s."""

CHUNK = re.compile(r"(\w+)/(([fm]\d+)_.+)_(\d+)\.wav")
"""`lip_trill/m10_scales_lip_trill_a_01.wav`: technique, recording, its singer, which chunk."""

PLACE = (
    "https://raw.githubusercontent.com/nicolaus625/CMI-bench/"
    "4c15f410bf0c7ff59d654b2a96f3295f3dec5aa5/data/VocalSet"
)

Recordings = Mapping[tuple[str, str], Path]


def _clips(question: str, folder: Path, *lists: Path) -> list[Clip]:
    recordings = _recordings(folder / "FULL")
    return [
        _clip(question, split, line, file, recordings)
        for split, file in zip(Split, lists, strict=True)
        for line in lines(file)
    ]


def _recordings(place: Path) -> Recordings:
    """Technique and name → file; of two with one name, such as `m9_caro_vibrato`, that of m9."""
    found = sorted(_named(place))
    if not found:
        message = f"{place} holds no <singer>/<exercise>/<technique>/<name>.wav"
        raise LayoutError(message)
    return {(technique, name): file for _, technique, name, file in found}


def _named(place: Path) -> Iterator[tuple[bool, str, str, Path]]:
    """Whether each file is in its singer's folder, its technique, and its name with its singer.

    MARBLE mends 28 names that lack their singer; the folder tells who it is.
    """
    for file in place.glob("*/*/*/*.wav"):
        home = file.parts[-4].replace("female", "f").replace("male", "m")
        singer, _, _ = file.stem.partition("_")
        name = file.stem if singer in SINGERS else f"{home}_{file.stem}"
        yield name.startswith(f"{home}_"), file.parent.name, name, file


def _clip(question: str, split: Split, line: str, where: Path, recordings: Recordings) -> Clip:
    listed = CHUNK.fullmatch(line)
    if listed is None:
        message = f"{where} lists {line!r}, expected belt/f1_scales_belt_a_00.wav or the like"
        raise LayoutError(message)
    technique, name, singer, chunk = listed.groups()
    if (technique, name) not in recordings:
        message = f"there is no FULL/*/*/{technique}/{name}.wav, of which {where} lists a chunk"
        raise LayoutError(message)
    label, group = index(singer, SINGERS, where), f"{technique}/{name}"
    if question == "technique":
        label, group = index(technique, TECHNIQUES, where), singer
    return Clip(
        line.removesuffix(".wav"),
        split,
        recordings[technique, name],
        label,
        group,
        start=int(chunk) * SECONDS,
        seconds=SECONDS,
    )


def _list(part: str, sha256: str) -> str:
    return pin(f"vocalset-{part}", sha256, f"{PLACE}/{part}.txt")


DATA = DataSet(
    name="vocalset",
    licence="CC BY 4.0",
    paper="Wilkins, Seetharaman, Wahl and Pardo, VocalSet: a singing voice dataset, ISMIR 2018",
    how_to_get=(
        "Get VocalSet11.zip, which MARBLE took, from https://zenodo.org/record/1203819 and unpack "
        "it into vocalset/, as vocalset/FULL/female1/arpeggios/belt/f1_arpeggios_belt_c_a.wav"
    ),
    recorded=True,
    size="10.1 hours of wav",
)


SPLIT_FROM = "lists of MARBLE v1: {}; leading silence is kept, so a chunk is earlier by its length"

TECHNIQUE = Task(
    name="vocalset/technique",
    summary="Which of ten ways to sing? Chunks of 3 s by singers that are not in training",
    data=DATA,
    kind=Kind.MULTICLASS,
    labels=TECHNIQUES,
    metrics=(ACCURACY, BALANCED_ACCURACY),
    clips=partial(_clips, "technique"),
    counts={Split.TRAIN: 1_850, Split.VALIDATION: 1_142, Split.TEST: 1_140},
    digest="a016a58a523573681620b703a0dc63fe76b659de6b71bb62a947c2f69a97f1fd",
    suites=("marble",),
    corpora=("vocalset",),
    lists=(
        _list("train_t", "a4baf3e31626bf82493eb9999b280651c8af03226ec2b018a6bd32a5793238b8"),
        _list("valid_t", "3ec8025d2f984d898061553ca307d310d6a1b362183293cadcc0508833a6975a"),
        _list("test_t", "bde9c6ea504fa05cf1d6ee3cc0ad67a98a21d3e884b81dc867d3301af03b04e4a"),
    ),
    split_from=SPLIT_FROM.format(
        "the test is the authors' five singers, and two fifths of the recordings of the other "
        "fifteen validate"
    ),
    grouped_by="singer: five to test on; training and validation share theirs, but no recording",
    crosses=True,
)
SINGER = Task(
    name="vocalset/singer",
    summary="Which of twenty singers? Chunks of 3 s in seventeen techniques",
    data=DATA,
    kind=Kind.MULTICLASS,
    labels=SINGERS,
    metrics=(ACCURACY, BALANCED_ACCURACY),
    clips=partial(_clips, "singer"),
    counts={Split.TRAIN: 3_688, Split.VALIDATION: 2_413, Split.TEST: 1_405},
    digest="4ae76bc5e77b22fd484d773bc5d8991f765a635aa24e0ed98d6c76536d15face",
    suites=("marble",),
    corpora=("vocalset",),
    lists=(
        _list("train_s", "33599e89f58cf641d508917b63d31077ba0efdf66c73c845368acc1fd5395a03"),
        _list("valid_s", "a3e3b4ef5760e2325eb9690bc76386bf9503585fa4604f5c5d5884fc497b123a"),
        _list("test_s", "bf1c4ff4e4a9c49e74630be2b0b4ef6bfed065b717bfc8088a6797a9149f9247"),
    ),
    split_from=SPLIT_FROM.format(
        "by recordings; some names, such as f2_scales_f_slow_piano_u(1), are of copies, and "
        "`bench audit` finds those that cross"
    ),
    grouped_by="recording",
    crosses=False,
)
