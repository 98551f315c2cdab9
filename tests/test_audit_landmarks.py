"""Landmarks: where they are, what they survive, and how they are looked up."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.audit import index, landmarks
from bench.audit.index import Candidate, Index
from bench.audit.landmarks import HOP, RATE, Print
from tests.audits import melody


def common(one: Print, other: Print, frames: int = 0) -> float:
    """The part of the smaller print that is in the other, so many frames later."""
    first = Counter(zip(one.hashes.tolist(), (one.frames + frames).tolist(), strict=True))
    second = Counter(zip(other.hashes.tolist(), other.frames.tolist(), strict=True))
    return (first & second).total() / min(first.total(), second.total())


def test_landmarks_join_two_bursts_where_they_are() -> None:
    audio = np.zeros(2 * RATE, np.float32)
    time = np.arange(512) / RATE
    for frame, pitch in ((32, 500), (64, 1000)):
        burst = 0.5 * np.hanning(512) * np.sin(2 * np.pi * pitch * time)
        audio[frame * 128 : frame * 128 + 512] = burst
    found = landmarks.of(audio)
    told = [
        (at, value & 255, (value >> 14) - 63, value >> 8 & 63)
        for value, at in zip(found.hashes.tolist(), found.frames.tolist(), strict=True)
    ]
    assert (32, 32, 32, 32) in told, "bin 32 in frame 32, then 32 bins higher, 32 frames later"


@settings(max_examples=10, deadline=None)
@given(decibels=st.floats(-30, 6), seed=st.integers(0, 5))
def test_a_gain_changes_no_landmark(decibels: float, seed: int) -> None:
    audio = melody(seed)
    louder = (audio * 10 ** (decibels / 20)).astype(np.float32)
    assert common(landmarks.of(audio), landmarks.of(louder)) > 0.97


@settings(max_examples=10, deadline=None)
@given(frames=st.integers(1, 120), seed=st.integers(0, 5))
def test_what_is_cut_moves_landmarks_and_keeps_most(frames: int, seed: int) -> None:
    audio = melody(seed)
    assert common(landmarks.of(audio[frames * HOP :]), landmarks.of(audio), frames) > 0.4


def test_other_melodies_share_next_to_nothing() -> None:
    prints = [landmarks.of(melody(seed)) for seed in range(8)]
    assert max(common(one, other) for one in prints for other in prints if one is not other) < 0.05


@pytest.mark.parametrize("samples", [0, 1, 100, 511, RATE])
def test_silence_and_snippets_have_no_landmarks(samples: int) -> None:
    assert len(landmarks.of(np.zeros(samples, np.float32))) == 0


def test_a_second_has_no_more_peaks_than_its_budget() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32)
    frames, _ = landmarks.peaks(noise)
    assert max(Counter((frames // landmarks.SECOND).tolist()).values()) == landmarks.PEAKS


PRINTS = st.lists(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 30)), max_size=40), min_size=1, max_size=6
)


def print_of(marks: list[tuple[int, int]]) -> Print:
    table = np.array(marks, np.int32).reshape(-1, 2)
    return Print(table[:, 0], table[:, 1])


def slow_candidates(prints: list[list[tuple[int, int]]], query: list[tuple[int, int]]) -> set[int]:
    """Clips by votes, in plain loops."""
    found = set()
    for clip, marks in enumerate(prints):
        votes = Counter(
            frame - at for value, frame in marks for other, at in query if value == other
        )
        best = max((votes[d] + votes.get(d + 1, 0) for d in votes), default=0)
        if best >= max(index.VOTES, index.SHARE * min(len(marks), len(query))):
            found.add(clip)
    return found


@settings(deadline=None)
@given(prints=PRINTS)
def test_candidates_are_those_of_plain_loops(prints: list[list[tuple[int, int]]]) -> None:
    found = Index([print_of(marks) for marks in prints]).candidates(print_of(prints[0]))
    assert {each.clip for each in found} == slow_candidates(prints, prints[0])
    assert [each.votes for each in found] == sorted((c.votes for c in found), reverse=True)


def test_a_candidate_says_how_much_later() -> None:
    prints = [landmarks.of(melody(seed)) for seed in range(4)]
    (first, *_) = Index(prints).candidates(landmarks.of(melody(2)[64 * HOP :]))
    assert isinstance(first, Candidate)
    assert (first.clip, first.delay) == (2, 64)


def test_a_lookup_looks_at_the_rarest_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [print_of([(5, frame) for frame in range(10)])] * 20
    rare = [(value, value) for value in range(6, 16)]
    found = Index([*crowd, print_of(rare), print_of(rare)])
    query = print_of([*rare, *((5, frame) for frame in range(10))])
    assert {each.clip for each in found.candidates(query)} == set(range(22))
    monkeypatch.setattr(index, "PLACES", 1)
    assert {each.clip for each in found.candidates(query)} == {20, 21}


def test_no_clips_no_candidates() -> None:
    assert Index([]).candidates(landmarks.of(melody(0))) == []
