"""A record survives its file, and a damaged file is refused in one line."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from leaderboard import records
from leaderboard.records import Predictions, Record, RecordError

FIELDS = json.loads("""{
"version": 1,
"backbone": {"name": "toy", "family": "random", "summary": "s", "parameters": 3, "paper": "p",
    "licence": "l", "weights_licence": null, "trained_on": ["mtt", "msd"]},
"task": {"name": "toys/loud", "summary": "s", "kind": "multiclass", "suites": ["toys"],
    "recorded": true, "licence": "l", "paper": "p", "labels": ["a", "b"], "primary": "R²"},
"scores": {
    "accuracy": {"value": 0.30000000000000004, "low": 1e-17, "high": 0.3333333333333333,
        "error": 0.1, "seeds": [0.3, 0.30001]},
    "R²": {"value": -0.5, "low": -1.0, "high": 0.25, "error": 0.2, "seeds": [-0.5]}},
"per_class": {"b": {"value": 0.25, "low": 0.0, "high": 0.5, "clips": 2},
    "a": {"value": 1.0, "low": 0.5, "high": 1.0, "clips": 1}},
"variants": [],
"clips": {"train": 5, "validation": 2, "test": 3, "groups": 2, "skipped": {"x": "silent"}},
"search": {"protocol": "tuned-v1", "budget": 60, "seconds": null, "seeds": [0, 1],
    "validation": 0.5, "chosen": {"model": "linear", "c": 0.01, "standardise": true},
    "trials": [{"hyper": {"c": 0.01}, "score": 0.5, "pruned": false}]},
"leak": ["mtt"],
"costs": {"encode_seconds": 1.5, "real_time_factor": 30.0, "probe_seconds": 2.0,
    "peak_memory_mb": null, "device": "cpu"},
"provenance": {"command": "bench run", "commit": null, "machine": "m", "features": "f",
    "packages": {"numpy": "2"}, "data": "d", "weights": null, "precision": "fp32"}
}""")
RECORD = Record.model_validate(FIELDS)


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_record_comes_back_as_it_was_and_its_text_is_stable(tmp_path: Path) -> None:
    read = records.read(written(tmp_path / "a.json", RECORD.to_json()))
    assert read == RECORD
    assert read.to_json() == RECORD.to_json()
    assert read.primary.value == -0.5
    assert read.search.chosen["standardise"] is True


def test_the_text_is_sorted_whatever_the_order_of_fields() -> None:
    turned = Record.model_validate(dict(reversed(FIELDS.items())))
    assert turned.to_json() == RECORD.to_json()
    plain = json.loads(RECORD.to_json())
    assert list(plain) == sorted(plain)
    assert list(plain["per_class"]) == ["a", "b"]
    assert RECORD.to_json().endswith("}\n")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_number_is_infinite_or_missing(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        records.Score(value=number, low=0.0, high=1.0, error=0.1, seeds=())
    with pytest.raises(ValidationError, match="finite"):
        records.Score(value=0.5, low=0.0, high=1.0, error=0.1, seeds=(0.5, number))
    with pytest.raises(ValidationError, match="finite"):
        records.ClassScore(value=number, low=0.0, high=1.0, clips=3)
    unchecked = records.ClassScore.model_construct(value=number, low=0.0, high=1.0, clips=3)
    with pytest.raises(ValueError, match="not JSON compliant"):
        RECORD.model_copy(update={"per_class": {"a": unchecked}}).to_json()
    text = json.dumps({**FIELDS, "per_class": {"a": number}})
    with pytest.raises(RecordError, match=r"a\.json is no record: per_class\.a"):
        records.read(written(tmp_path / "a.json", text))


def refused(path: Path, text: str | bytes, match: str) -> None:
    with pytest.raises(RecordError, match=match) as error:
        records.read(written(path, text))
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_what_is_no_record_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    text = json.dumps(FIELDS)
    refused(path, text[:-20], "JSON")
    refused(path, "", "JSON")
    refused(path, b"\xff\xfe\x00", "JSON")
    refused(path, json.dumps({**FIELDS, "luck": 1}), "luck: Extra inputs are not permitted")
    refused(path, json.dumps({k: v for k, v in FIELDS.items() if k != "costs"}), "costs: Field")
    refused(path, json.dumps({**FIELDS, "version": 2}), "version 2, expected 1; run the pair again")
    later = {**FIELDS, "version": 2, "luck": 1, "scores": 3}
    refused(path, json.dumps(later), "version 2, expected 1")
    with pytest.raises(RecordError, match="cannot be read: No such file"):
        records.read(tmp_path / "none.json")


def predictions() -> Predictions:
    rng = np.random.default_rng(0)
    return Predictions(
        ids=np.array(["ä", "b", "clip three"]),
        groups=np.array(["x", "x", "y"]),
        truth=np.array([[0.0, np.nan], [1.0, 0.0], [1.0, 1.0]]),
        scores=rng.normal(size=(2, 3, 2)).astype(np.float32),
    )


def test_predictions_come_back_bit_for_bit(tmp_path: Path) -> None:
    mine = predictions()
    for name in ("a.npz", "b.npz"):
        (tmp_path / name).write_bytes(mine.to_npz())
    read = Predictions.load(tmp_path / "a.npz")
    for name in ("ids", "groups", "truth", "scores"):
        np.testing.assert_array_equal(getattr(read, name), getattr(mine, name))
        assert getattr(read, name).dtype == getattr(mine, name).dtype
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_predictions_hold_no_pickles(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    mine = predictions()
    ids = np.array([{"a": 1}, None, 3], dtype=object)
    np.savez(path, ids=ids, groups=mine.groups, truth=mine.truth, scores=mine.scores)
    with pytest.raises(RecordError, match="allow_pickle"):
        Predictions.load(path)


def test_predictions_of_different_numbers_of_clips_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    mine = predictions()
    path.write_bytes(Predictions(mine.ids[:2], mine.groups, mine.truth, mine.scores).to_npz())
    with pytest.raises(RecordError, match=r"of as many clips: \[2, 3\]"):
        Predictions.load(path)


@settings(max_examples=60)
@given(place=st.floats(0, 0.999), bits=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_file_of_predictions_is_refused_in_one_line_or_reads_right(
    tmp_path_factory: pytest.TempPathFactory, place: float, bits: int, *, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("damage") / "a.npz"
    path.write_bytes(predictions().to_npz())
    data = bytearray(path.read_bytes())
    index = int(place * len(data))
    if cut:
        del data[index:]
    else:
        data[index] ^= bits
    path.write_bytes(data)
    try:
        read = Predictions.load(path)
    except RecordError as error:
        assert str(error).startswith(f"{path} does not hold predictions: ")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        np.testing.assert_array_equal(read.scores, predictions().scores)


def test_missing_predictions_are_a_record_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        Predictions.load(tmp_path / "none.npz")


def test_records_are_found_in_their_places_in_order(tmp_path: Path) -> None:
    pairs = [("tunes/type", "b"), ("gtzan", "a"), ("tunes/type", "a"), ("tunes/meter", "mert.v1")]
    for task, backbone in pairs:
        place = records.place(tmp_path, "p", task, backbone)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("{}")
    found = [path.relative_to(tmp_path / "p").as_posix() for path in records.paths(tmp_path)]
    assert found == [
        *("gtzan/a.json", "tunes/meter/mert.v1.json", "tunes/type/a.json", "tunes/type/b.json")
    ]
