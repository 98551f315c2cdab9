"""The same-backbone study ends, goes on where it stopped, and publishes what has ended."""

from pathlib import Path

import pytest

from bench.pretrain.presets import Preset
from studies.same_backbone import __main__ as study
from studies.same_backbone.plan import Name
from studies.same_backbone.running import Place
from tests.study import STEPS, cells, put_training

pytestmark = pytest.mark.no_cover


def test_a_small_study_ends_goes_on_and_does_not_stop_at_a_training_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["core", "--preset", "tiny", "--steps", "1", "--tasks", "tunes/type"]
    words += ["--trainings", "random", "supervised", "simclr", "--out", str(tmp_path)]
    stranger = tmp_path / "trainings" / "simclr-1-0" / "stranger.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("not a training")
    with pytest.raises(SystemExit) as ended:
        study.main(words)
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert out.startswith(f"0 of 3 trainings are in {tmp_path}\n")
    assert "simclr-1-0 holds something else than a training" in out
    weights = tmp_path / "trainings" / "supervised-1-0" / "weights.safetensors"
    before = weights.stat()
    text = (tmp_path / "report" / study.PAGE).read_text()
    assert len(cells(text, "supervised against random")) == 1
    assert {path.suffix for path in (tmp_path / "report" / "figures").iterdir()} == {".svg"}
    assert not study.stale(tmp_path / "report")

    with pytest.raises(SystemExit) as ended:
        study.main([word for word in words if word != "simclr"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"2 of 2 trainings are in {tmp_path}\n")
    assert weights.stat() == before
    assert (tmp_path / "report" / study.PAGE).read_text() == text
    (tmp_path / "report" / study.PAGE).write_text(text + "!")
    assert study.stale(tmp_path / "report")


def test_a_training_that_runs_again_leaves_that_which_ended_on_the_page(tmp_path: Path) -> None:
    place, report = Place(tmp_path / "out", Preset.TINY, 1), tmp_path / "report"
    name = Name("mulap", STEPS, 0)
    for folder, finished in ((report, True), (place.out, False)):
        put_training(folder, name, finished=finished)
    log = report / "trainings" / str(name) / "log.jsonl"
    before = log.read_bytes()
    place.publish(report)
    assert log.read_bytes() == before
    (place.out / "trainings" / str(name) / "record.json").write_text("{}")
    place.publish(report)
    assert log.read_bytes() != before


def test_without_a_training_nothing_is_scored(tmp_path: Path) -> None:
    assert Place(tmp_path, Preset.TINY, 1).score([], ["tunes/type"], "tuned-v1")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["core", "--steps", "0"],
        ["noise", "--trainings", "simclr"],
        ["core", "--check"],
    ):
        with pytest.raises(SystemExit) as ended:
            study.parsed(words)
        assert ended.value.code == 2
    assert "--trainings takes random, contrastive, mulap" in capsys.readouterr().err
