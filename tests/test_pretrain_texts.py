"""Text encoders of the hub: the commit is settled before a training, and kept."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.pretrain import reading, texts
from bench.pretrain.texts import FILES, TextModelError
from tests.answering import Server, serving
from tests.berts import WORDS, write_bert

pytest.importorskip("transformers", reason="pip install 'mulap-bench[pretrain]'")

COMMIT = "c" * 40
CODE = """
from bench.pretrain import reading, texts
for model in ("o/bert", texts.pinned("o/bert")):
    recipe = reading.load(changes=[f"text.model={model}", "text.layers=2"]).text
    print(model, texts.load_words(recipe).vocabulary, texts.load_encoder(recipe).dim)
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """It has a small BERT."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    bert = write_bert(tmp_path / "bert")
    with serving() as found:
        for name in FILES:
            body = (bert / name).read_bytes()
            headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
            for revision in ("main", COMMIT):
                found.answers[f"/o/bert/resolve/{revision}/{name}"] = body, headers
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        yield found


@pytest.mark.usefixtures("hub")
def test_a_name_is_pinned_to_the_commit_that_it_stands_for() -> None:
    for offline in ("0", "1"):  # the second time from what the first has brought
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env=os.environ | {"HF_HUB_OFFLINE": offline},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            f"o/bert {len(WORDS)} 16",
            f"o/bert@{COMMIT} {len(WORDS)} 16",
        ]


def test_what_is_here_or_has_a_commit_is_not_asked_for(tmp_path: Path) -> None:
    for model in ("minilm", str(tmp_path), f"o/bert@{COMMIT}"):
        assert texts.pinned(model) == model
    with pytest.raises(TextModelError, match=r"there is no folder bert here, .* named owner/name"):
        texts.folder(reading.load(changes=["text.model=bert"]).text.model)
