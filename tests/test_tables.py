"""Names in tables and of files, whatever wrote them."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import Task
from tasks._tables import LayoutError, beats, document, lines, plain, rows, share
from tasks.emomusic import EMOMUSIC
from tasks.fma import FMA_SMALL
from tasks.magnatagatune import CLEAN, TAGS
from tasks.nsynth import PITCH
from tests.layouts import text

NAME = "Beyoncé & Jürgen v.d. 2"


def test_a_plain_name_does_not_depend_on_how_it_was_stored() -> None:
    composed = unicodedata.normalize("NFC", NAME)
    misread = composed.encode().decode("cp437")
    for stored in (composed, unicodedata.normalize("NFD", NAME), misread):
        assert plain(stored) == "beyoncjrgenvd2"


def test_a_name_without_plain_letters_is_kept() -> None:
    assert plain("防弾少年団") == "防弾少年団"


def test_a_share_is_of_whole_groups_and_filled_up_by_small_ones() -> None:
    groups = [f"group {number}" for number in range(20) for _ in range(1 + number % 4)]
    kept = share(groups, 30)
    assert sum(group in kept for group in groups) == 15
    assert share(reversed(groups), 30) == kept
    assert share(groups, 0) == set()
    assert share(groups, 100) == set(groups)


@pytest.mark.parametrize(
    ("read", "content", "said"),
    [
        (lambda path: rows(path, ("id",)), "id\n1\n".encode("utf-16"), "codec can't decode"),
        (lambda path: rows(path, ("id",)), b"id\n1\n\xff\n", "codec can't decode byte 0xff"),
        (lines, "a.wav\n".encode("utf-16"), "codec can't decode"),
        (document, b'{"a": 1', "Expecting ',' delimiter"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_file(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, said: str
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(
        LayoutError, match=r"table\.csv cannot be read \(.*is it whole, and in UTF-8"
    ):
        read(file)
    with pytest.raises(LayoutError, match=said):
        read(file)


def test_lines_without_words_are_none(tmp_path: Path) -> None:
    file = text(tmp_path / "a.beats", "0.5 1\n  \n\n1.0\u2028 2\n")
    assert beats(file) == (0.5, 1.0)


ANNOTATIONS = "\t".join(["clip_id", *TAGS, "mp3_path"]) + "\n"
CLIP = "\t".join(["7", *("1" for _ in TAGS), "0/x.mp3"])
TRACKS = ",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n"


@pytest.mark.parametrize(
    ("card", "files", "said"),
    [
        (
            CLEAN,
            {"annotations_final.csv": ANNOTATIONS + CLIP, "clip_info_final.csv": "clip_id\tartist"},
            "clip_info_final.csv has no row for '7': is it whole?",
        ),
        (
            CLEAN,
            {
                "annotations_final.csv": ANNOTATIONS + CLIP.replace("1", "x", 1),
                "clip_info_final.csv": "clip_id\tartist\n7\tX",
            },
            "annotations_final.csv says 'x', expected a number",
        ),
        (
            CLEAN,
            {
                "annotations_final.csv": ANNOTATIONS + CLIP + "\n8\t1\t0",
                "clip_info_final.csv": "clip_id\tartist\n7\tX",
            },
            "annotations_final.csv, line 3, ends before column",
        ),
        (
            EMOMUSIC,
            {
                "annotations/songs_info.csv": "song_id,Artist,Mediaeval 2013 set\n2,X,evaluation",
                "annotations/static_annotations.csv": "song_id,mean_arousal,mean_valence\n3,1,1",
            },
            "static_annotations.csv has no row for '2': is it whole?",
        ),
        (FMA_SMALL, {"fma_metadata/tracks.csv": ""}, "tracks.csv has no column 'set split'"),
        (
            FMA_SMALL,
            {"fma_metadata/tracks.csv": TRACKS + "2,1,training,small,Rock\n3,1,tr"},
            "tracks.csv, line 5, has 3 cells of 5",
        ),
        (
            FMA_SMALL,
            {"fma_metadata/tracks.csv": TRACKS + "2,1,trainin,small,Rock\n"},
            "tracks.csv: track 000002 is in the split 'trainin'",
        ),
        (PITCH, {"nsynth-train/examples.json": "[]"}, "examples.json holds a list, expected an"),
    ],
)
def test_tables_that_are_cut_off_are_told_with_file_and_place(
    tmp_path: Path, card: Task, files: dict[str, str], said: str
) -> None:
    for name, content in files.items():
        text(tmp_path / name, content)
    with pytest.raises(LayoutError) as told:
        card.clips(tmp_path)
    assert said in str(told.value)
