"""Tags or classes of a crop: the training of a tagger."""

from torch import Tensor, nn
from torch.nn import functional

from backbones._networks.chunks import pooled
from backbones._networks.trunk import Trunk
from bench.pretrain.objectives import Batch, Need, Objective, Terms


class Supervised(Objective):
    """A hidden layer and one output a tag on the pooled feature.

    Args:
        trunk: trained.
        tags: how many there are.
        hidden: units of the layer between.
        exclusive: whether an item has exactly one tag, its class.
        checkpointing: see `pooled`.
    """

    needs = frozenset({Need.CROP, Need.TAGS})

    def __init__(
        self,
        trunk: Trunk,
        tags: int,
        hidden: int = 200,
        *,
        exclusive: bool = False,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.trunk, self.exclusive, self.checkpointing = trunk, exclusive, checkpointing
        self.head = nn.Sequential(
            nn.Linear(trunk.dim, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, tags)
        )

    def forward(self, batch: Batch) -> Terms:
        """`supervised`."""
        scores = self.head(pooled(self.trunk, batch["crop"], checkpointing=self.checkpointing))
        loss = of_classes if self.exclusive else of_tags
        return {"supervised": loss(scores.float(), batch["tags"])}

    def counts(self, batch: Batch) -> Terms:
        """Tags that are known."""
        return {} if self.exclusive else {"supervised": (~batch["tags"].isnan()).sum()}


def of_tags(scores: Tensor, tags: Tensor) -> Tensor:
    """Binary cross-entropy over the tags that are known.

    Args:
        scores: (batch, tags), logits.
        tags: (batch, tags): 0, 1, or NaN for not known.
    """
    known = ~tags.isnan()
    each = functional.binary_cross_entropy_with_logits(scores, tags.nan_to_num(), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def of_classes(scores: Tensor, tags: Tensor) -> Tensor:
    """Cross-entropy with the one tag that is 1; (batch, tags), twice."""
    return functional.cross_entropy(scores, tags.argmax(1))
