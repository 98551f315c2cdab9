"""Loads the encoder of a card: with its trained weights where there are some."""

from backbones import Backbone, Encoder, Precision, WeightsError
from bench import assets

BATCH_SECONDS = 48.0
"""Audio in a batch, unless asked otherwise [s]."""


def load(card: Backbone, device: str, precision: Precision = Precision.FP32) -> Encoder:
    """The encoder on a device, with its trained weights where the card names some.

    Args:
        card: of the backbone.
        device: a torch device name.
        precision: of its arithmetic.

    Raises:
        AssetError: the weights cannot be fetched, or not be used.
    """
    if card.load is not None and card.weights is not None:
        try:
            encoder = card.load(assets.fetch(card.weights))
        except WeightsError as error:
            message = f"{card.name}: {error}"
            raise assets.AssetError(message) from error
    else:
        encoder = card.build()
    return encoder.to(device, precision)
