"""A model of mteb as an encoder of ours."""

from dataclasses import dataclass, replace
from typing import Any, Self

import mteb
import numpy as np
from torch.utils.data import DataLoader, Dataset

from backbones import Audio, Encoder, Features, Precision, UnsupportedPrecisionError
from backbones._networks.seeded import seeded

_HEARING = "audio"


class Windows(Dataset[dict[str, Any]]):
    """Windows as mteb's data sets hold clips.

    Args:
        audio: (windows, samples).
        rate: [Hz].
    """

    features = (_HEARING,)

    def __init__(self, audio: Audio, rate: int) -> None:
        self._audio = audio
        self._rate = rate

    def __len__(self) -> int:
        """How many there are."""
        return len(self._audio)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One of them."""
        return {_HEARING: {"array": self._audio[index].copy(), "sampling_rate": self._rate}}


@dataclass(frozen=True, slots=True)
class Bridge(Encoder):
    """Hands windows to a model one by one.

    Attributes:
        name: of the model, as mteb knows it.
        model: as mteb loads it.
        sample_rate: of the windows [Hz].
    """

    name: str
    model: Any
    sample_rate: int

    @property
    def revision(self) -> str:
        """Of the weights."""
        return str(self.model.mteb_model_meta.revision)

    @property
    def parameters(self) -> int:
        """Weights in the model, as mteb's card says."""
        return int(self.model.mteb_model_meta.n_parameters or 0)

    def encode(self, audio: Audio) -> Features:
        """(batch, samples) → embedding: (batch, 1, dim)."""
        loader = DataLoader(Windows(audio, self.sample_rate), batch_size=1, collate_fn=_together)
        found = self.model.encode(
            loader,
            task_metadata=None,
            hf_split="test",
            hf_subset="default",
            show_progress_bar=False,
        )
        vectors = np.asarray(found, np.float32)
        return {"embedding": vectors[:, None]}

    def to(self, device: str, precision: Precision) -> Self:
        """The model on another device.

        Raises:
            UnsupportedPrecisionError: the precision is not float32.
        """
        if precision is not Precision.FP32:
            message = f"{self.name} is run by mteb in fp32, not {precision}"
            raise UnsupportedPrecisionError(message)
        return self if device == "cpu" else replace(self, model=_loaded(self.name, device))


def bridge(name: str, rate: int) -> Bridge:
    """A model as mteb loads it.

    Args:
        name: as mteb knows it.
        rate: of the windows [Hz]; 0 for what the model says.

    Raises:
        ValueError: it takes no audio, or does not say at what rate.
    """
    model = _loaded(name, "cpu")
    if _HEARING not in model.mteb_model_meta.modalities:
        message = f"it takes {', '.join(model.mteb_model_meta.modalities)}, no audio"
        raise ValueError(message)
    found = rate or int(getattr(model, "sampling_rate", 0) or 0)
    if not found:
        message = "it does not say its sample rate; ?rate= does"
        raise ValueError(message)
    return Bridge(name, model, found)


def _loaded(name: str, device: str) -> Any:  # noqa: ANN401 — its wrappers share no type
    return seeded(0, lambda: mteb.get_model(name, device=device))


def _together(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {_HEARING: [row[_HEARING] for row in rows]}
