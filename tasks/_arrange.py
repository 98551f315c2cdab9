"""A few seconds of a tune for one or two instruments.

Whatever could stand for a label instead of the music is drawn at random, whatever the label:
tempo, transposition, register, instruments, texture, how strongly beats are accented.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tasks._abc import Melody, Tune
from tasks._render import Line

Notes = npt.NDArray[np.float64]

FAMILIES: dict[str, dict[int, int]] = {
    "keyboard": {0: 67, 6: 67, 19: 67},
    "plucked": {24: 60, 25: 62, 46: 67, 105: 62},
    "bowed string": {40: 74, 41: 64, 42: 55, 110: 72},
    "flute or reed": {73: 76, 74: 77, 68: 72, 71: 66, 66: 62},
    "brass": {56: 67, 57: 55, 60: 60},
    "free reed": {20: 67, 21: 69, 22: 70},
}
"""General MIDI programs (the first is 0) and the middle of the range each is played in."""

FAMILY = {program: family for family, programs in FAMILIES.items() for program in programs}
MIDDLE = {program: middle for programs in FAMILIES.values() for program, middle in programs.items()}
LOWEST = {40: 55, 41: 43}
"""Lowest MIDI pitch of the programs that have one in either font."""

HELD = ("bowed string", "free reed")
STRUCK = ("keyboard", "plucked")
TEXTURES = ("solo", "octaves", "drone", "chords")
DEGREES = {"major": ((0, 4, 7), (5, 9, 0), (7, 11, 2)), "minor": ((0, 3, 7), (5, 8, 0), (7, 10, 2))}
"""Tonic, subdominant and dominant triads [semitones above the tonic]."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How an excerpt is to be played.

    Attributes:
        bpm: beats a minute; see `Tune.beat`.
        shift: transposition [semitones], of which only the pitch class is kept.
        texture: one of `TEXTURES`.
        programs: of the melody, and of the accompaniment if there is any.
        accent: how much louder beats are [MIDI velocity]; the first of a bar 1.5 times that.
        register: how far from the middle of its range the instrument plays [semitones].
    """

    bpm: float
    shift: int
    texture: str
    programs: tuple[int, ...]
    accent: float
    register: float


def draw(rng: np.random.Generator, bpm: tuple[float, float], shift: int) -> Arrangement:
    """An arrangement at random; the tempo is uniform on a logarithmic scale."""
    texture = str(rng.choice(TEXTURES))
    others = {"solo": (), "octaves": tuple(FAMILIES), "drone": HELD, "chords": STRUCK}[texture]
    families = [str(rng.choice(names)) for names in (tuple(FAMILIES), others) if names]
    return Arrangement(
        bpm=round(float(np.exp(rng.uniform(*np.log(bpm)))), 2),
        shift=shift,
        texture=texture,
        programs=tuple(int(rng.choice(list(FAMILIES[family]))) for family in families),
        accent=round(float(rng.uniform(0, 20)), 1),
        register=round(float(rng.uniform(-5, 5)), 1),
    )


def play(
    tune: Tune, melody: Melody, how: Arrangement, seconds: float, rng: np.random.Generator
) -> tuple[tuple[Line, ...], float]:
    """What each instrument plays in an excerpt that begins with a note.

    Returns:
        The lines, and where in the tune they begin [quarter notes].
    """
    quarter = 60 / how.bpm / tune.beat
    onsets = np.unique(melody.notes[:, 0])
    latest = max(melody.notes[:, :2].sum(axis=1).max() - seconds / quarter, onsets[0])
    start = float(rng.choice(onsets[onsets <= latest]))
    notes = _within(melody.notes, start, start + seconds / quarter)
    part = _accented(notes, tune, melody.upbeat - start, how.accent, rng)
    part[:, :2] *= quarter
    part[:, 2] += how.shift
    lines = [Line(how.programs[0], _moved(part, how.programs[0], how.register))]
    if how.texture != "solo":
        grid = _beats(tune, melody.upbeat - start, seconds / quarter) * quarter
        other = _accompaniment(how.texture, part, (tune.tonic + how.shift) % 12, tune.mode, grid)
        if how.texture == "octaves":
            other = _moved(other, how.programs[1], how.register - 12)
        lines.append(Line(how.programs[1], _playable(other, how.programs[1])))
    return tuple(lines), start


def _within(notes: Notes, start: float, end: float) -> Notes:
    """Notes that begin in a stretch, cut at its end, in time relative to its start."""
    inside = notes[(notes[:, 0] >= start) & (notes[:, 0] < end)].copy()
    inside[:, 1] = np.minimum(inside[:, 1], end - inside[:, 0])
    inside[:, 0] -= start
    return inside


def _accented(
    notes: Notes, tune: Tune, bar_line: float, accent: float, rng: np.random.Generator
) -> Notes:
    """The notes with a velocity: beats are louder, the first of a bar loudest."""
    since = np.round((notes[:, 0] - bar_line) / tune.beat, 3)
    beats_a_bar = round(tune.bar / tune.beat)
    strength = np.where(since % 1 == 0, np.where(since % beats_a_bar == 0, 1.5, 1.0), 0.0)
    velocity = 85 + accent * strength + rng.uniform(-5, 5, len(notes))
    return np.column_stack([notes, np.clip(velocity, 1, 127)])


def _moved(notes: Notes, program: int, register: float) -> Notes:
    """The notes in the octave nearest to the instrument's range."""
    octaves = np.rint((MIDDLE[program] + register - np.median(notes[:, 2])) / 12)
    return _playable(notes + np.array([0, 0, 12 * octaves, 0]), program)


def _playable(notes: Notes, program: int) -> Notes:
    """The notes, octaves higher if the instrument does not reach down to all of them."""
    missing = LOWEST.get(program, 0) - notes[:, 2].min()
    octaves = max(0, math.ceil(missing / 12))
    return np.asarray(notes + np.array([0, 0, 12 * octaves, 0]))


def _beats(tune: Tune, bar_line: float, length: float) -> Notes:
    """Edges of the beats of an excerpt [quarter notes], its own ends included."""
    edges = np.arange(bar_line % tune.beat, length, tune.beat)
    return np.unique(np.round([0.0, *edges, length], 6))


def _accompaniment(texture: str, melody: Notes, tonic: int, mode: str, grid: Notes) -> Notes:
    """(notes, 4): the melody again, a held fifth on the tonic, or a triad a beat."""
    if texture == "octaves":
        return melody
    low = 41
    bass = low + (tonic - low) % 12
    if texture == "drone":
        return np.array([[0.0, grid[-1], bass + step, 65.0] for step in (0, 7)])
    chords = []
    for begin, end in pairwise(grid):
        triad = _harmony(melody, tonic, mode, begin, end)
        chords += [[begin, (end - begin) * 0.9, bass + 12 + step, 65.0] for step in triad]
    return np.array(chords)


def _harmony(melody: Notes, tonic: int, mode: str, begin: float, end: float) -> tuple[int, ...]:
    """The triad of `DEGREES` that the melody of a beat has most of; the tonic wins ties."""
    onset, stop = melody[:, 0], melody[:, 0] + melody[:, 1]
    overlap = np.clip(np.minimum(stop, end) - np.maximum(onset, begin), 0, None)
    degree = (np.rint(melody[:, 2]).astype(int) - tonic) % 12
    shares = [overlap[np.isin(degree, triad)].sum() for triad in DEGREES[mode]]
    return DEGREES[mode][int(np.argmax(np.round(shares, 6)))]
