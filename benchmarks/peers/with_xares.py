"""X-ARES's own linear and nearest-neighbour evaluation. For an interpreter that has `xares`."""

import tempfile
import time
from functools import partial
from pathlib import Path

import torch
import webdataset
from xares.task import TaskConfig, XaresTask
from xares.trainer import KNN

from benchmarks.peers.exchange import Answer, Embeddings, repeated, serve
from tasks import Split

NAMES = {Split.TRAIN: "train", Split.VALIDATION: "valid", Split.TEST: "test"}


class Encoded(torch.nn.Module):
    """Stands for the encoder, of which only the width is asked: all clips are encoded."""

    def __init__(self, output_dim: int) -> None:
        super().__init__()
        self.output_dim = output_dim


def prepared(given: Embeddings, folder: str, seed: int = 42) -> XaresTask:
    """A task with X-ARES's defaults whose encoded clips lie where it looks for them."""
    config = TaskConfig(
        name="given",
        env_root=folder,
        encoder=Encoded(given.x[Split.TRAIN].shape[1]),
        output_dim=given.classes,
        label_processor=lambda found: found["label"],
        torch_num_threads=1,
        seed=seed,
    )
    task = XaresTask(config)
    Path(task.ckpt_dir).mkdir(parents=True)  # `run_knn` by itself does not make it
    for split, name in NAMES.items():
        path = Path(task.encoded_tar_dir) / f"wds-encoded-{name}-000000.tar"
        with webdataset.TarWriter(str(path)) as tar:
            for index, (x, y) in enumerate(zip(given.x[split], given.y[split], strict=True)):
                tar.write({"__key__": f"{index:06}", "npy": x[None], "json": {"label": int(y)}})
    return task


def linear(given: Embeddings, seed: int) -> Answer:
    """One layer after a layer norm, ten epochs of Adam, the best epoch on validation.

    Clips are shuffled by a generator that X-ARES does not seed.
    """
    with tempfile.TemporaryDirectory() as folder:
        task = prepared(given, folder, seed)
        started = time.process_time()
        own, _ = task.run_mlp()
        seconds = time.process_time() - started
    with torch.inference_mode():
        scores, _ = task.trainer.model(torch.from_numpy(given.x[Split.TEST]))
    return Answer(scores.softmax(1)[None].numpy(), float(own), 1, seconds)


def neighbours(given: Embeddings) -> Answer:
    """Ten by cosine, weighted by a softmax of their similarities."""
    with tempfile.TemporaryDirectory() as folder:
        task = prepared(given, folder)
        started = time.process_time()
        own, _ = task.run_knn()
        seconds = time.process_time() - started
    train = torch.from_numpy(given.x[Split.TRAIN]), torch.from_numpy(given.y[Split.TRAIN])
    scores = KNN(*train, num_classes=given.classes)(torch.from_numpy(given.x[Split.TEST]))
    return Answer(scores[None].numpy(), float(own), 1, seconds)


if __name__ == "__main__":
    serve({"xares-linear": partial(repeated, linear), "xares-knn": neighbours})
