"""MuLaP's proxy tasks: hidden words, hidden chunks, and whether audio and text belong together."""

from torch import Tensor
from torch.nn import functional

from backbones._networks.mulap import MuLaP, Streams
from bench.pretrain.objectives import IGNORED, Batch, Need, Objective, Terms


class ProxyTasks(Objective):
    """Masked language modelling, masked audio modelling and audio-text matching.

    Manco et al., ICASSP 2022, section 2.3; weighted 0.1, 4 and 2 there.

    Args:
        model: has a head for each term that is wanted.
    """

    needs = frozenset({Need.CHUNKS, Need.FUSION})

    def __init__(self, model: MuLaP) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Terms:
        """Those of `mlm`, `mam` and `atm` that the model has a head for."""
        present = batch["chunks_present"]
        hidden = batch["hidden_chunks"] & present
        streams = self.model(
            *(batch["chunks"], present, hidden, batch["fused_words"], batch["fused_present"])
        )
        terms = {"mlm": self._words, "mam": self._chunks, "atm": self._match}
        return {
            name: term(streams, batch) for name, term in terms.items() if name in self.model.heads
        }

    def counts(self, batch: Batch) -> Terms:
        """Hidden words, and hidden chunks."""
        chunks = batch["hidden_chunks"] & batch["chunks_present"]
        return {"mlm": (batch["hidden_words"] != IGNORED).sum(), "mam": chunks.sum()}

    def _words(self, streams: Streams, batch: Batch) -> Tensor:
        """Cross-entropy of the hidden words."""
        wanted = batch["hidden_words"] != IGNORED
        scores = self.model.heads["mlm"](streams.text[wanted]).float()
        return _mean(
            functional.cross_entropy(scores, batch["hidden_words"][wanted], reduction="none")
        )

    def _chunks(self, streams: Streams, batch: Batch) -> Tensor:
        """Squared error of hidden chunks against their features as they are.

        No gradient flows into the target, or making all features alike would be a way out.
        """
        wanted = batch["hidden_chunks"] & batch["chunks_present"]
        found = self.model.heads["mam"](streams.audio[wanted]).float()
        target = streams.features[wanted].detach()
        return _mean(functional.mse_loss(found, target, reduction="none"))

    def _match(self, streams: Streams, batch: Batch) -> Tensor:
        """Cross-entropy of whether the caption is the clip's own."""
        scores = self.model.heads["atm"](streams.pooled, streams.text).float()
        return functional.cross_entropy(scores, batch["matches"])


def _mean(x: Tensor) -> Tensor:
    """The mean, or 0 where nothing was hidden."""
    return x.sum() / max(x.numel(), 1)
