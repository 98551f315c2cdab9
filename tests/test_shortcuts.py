"""Nothing but the music tells the answer: not the sound font, the instrument or the loudness."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tasks import Split, Task, tunes
from tasks._render import read_manifest

pytestmark = [pytest.mark.full_data, pytest.mark.no_cover]

Made = Callable[[str], Path]
Entry = Mapping[str, Any]

TASKS = {task.name: task for task in tunes.EMBEDDED}
NUISANCES = ("font", "programs", "texture", "accent", "register", "level", "bpm", "transposition")
SHORTCUTS = [
    ("tunes/type", NUISANCES),
    ("tunes/meter", NUISANCES),
    # The transposition alone tells the key, as most tunes are in G or D; it cannot be heard.
    ("tunes/key", NUISANCES[:-1]),
    *((f"tunes/{name}", ("font",)) for name in ("type", "meter", "key")),
]


def described(entries: Sequence[Entry], fields: Sequence[str]) -> npt.NDArray[np.float64]:
    """One-hot names and standardised numbers."""
    columns = []
    for field in fields:
        values = [entry[field] for entry in entries]
        if isinstance(values[0], float):
            columns.append(StandardScaler().fit_transform(np.array(values)[:, None]))
        else:
            names = np.array([str(value) for value in values])[:, None]
            columns.append(OneHotEncoder(sparse_output=False, min_frequency=5).fit_transform(names))
    return np.hstack(columns)


def split_of(task: Task, folder: Path, fields: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    """Features and labels of training, then of the test."""
    clips = task.clips(folder)
    entries = {Path(entry["file"]).stem: entry for entry in read_manifest(folder)}
    features = described([entries[clip.id] for clip in clips], fields)
    labels = np.array([clip.label for clip in clips])
    split = np.array([clip.split for clip in clips])
    return tuple(
        values[split == part] for part in (Split.TRAIN, Split.TEST) for values in (features, labels)
    )


@pytest.mark.parametrize(("name", "fields"), SHORTCUTS)
def test_nothing_but_the_music_tells_the_answer(
    name: str, fields: Sequence[str], data_set: Made
) -> None:
    task = TASKS[name]
    learn, truth, test, answers = split_of(task, data_set("tunes"), fields)
    guess = LogisticRegression(C=0.1, max_iter=2000).fit(learn, truth).predict(test)
    chance = np.bincount(answers).max() / len(answers)
    assert np.mean(guess == answers) < chance + 2.5 * np.sqrt(chance * (1 - chance) / len(answers))


def test_nothing_but_the_music_tells_the_tempo(data_set: Made) -> None:
    task = TASKS["tunes/tempo"]
    fields = [field for field in NUISANCES if field != "bpm"] + ["stratum", "mode", "book"]
    learn, truth, test, answers = split_of(task, data_set("tunes"), fields)
    assert Ridge(100.0).fit(learn, truth).score(test, answers) < 0.03


@pytest.mark.parametrize("name", ["tunes/type", "tunes/meter", "tunes/key"])
def test_a_majority_guess_stays_low(name: str, data_set: Made) -> None:
    task = TASKS[name]
    labels = [clip.label for clip in task.clips(data_set("tunes")) if clip.split is Split.TEST]
    share = max(Counter(labels).values()) / len(labels)
    assert share <= {"tunes/type": 1 / 3, "tunes/meter": 0.36, "tunes/key": 0.065}[name]
