"""The encoder of every backbone that is a PyTorch network."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from backbones import Audio, Encoder, Features, Precision, UnsupportedPrecisionError

DTYPES = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


class TorchEncoder(Encoder):
    """Runs a network without gradients, in eval mode, in the precision asked for.

    Below float32 the network runs under autocast; a spectrogram belongs in a module that opts
    out of it, as `backbones._networks.spectrogram` does.

    Args:
        network: its forward maps (batch, samples) to layer name → (batch, frames, dim).
        rows: windows at a time on a CPU. Few, so that activations stay in the cache and every
            allocation is one that the C library recycles rather than maps anew. Other devices
            take the batch whole.
        mixed: whether the network may compute below float32.
    """

    def __init__(self, network: nn.Module, rows: int = 2, *, mixed: bool = True) -> None:
        self.network = network.eval()
        self._rows = rows
        self._mixed = mixed
        self._device = torch.device("cpu")
        self._dtype: torch.dtype | None = None

    def to(self, device: str, precision: Precision) -> Self:
        """Move the weights, and choose what the network computes in.

        Raises:
            UnsupportedPrecisionError: fp16 on a CPU, bf16 on a GPU that lacks it, or
                either for features defined in float32.
        """
        chosen = torch.device(device)
        if not (precision is Precision.FP32 or (self._mixed and _supports(chosen, precision))):
            name = type(self.network).__name__
            message = f"{name} cannot compute in {precision} on {device}: use fp32"
            raise UnsupportedPrecisionError(message)
        self._device, self._dtype = chosen, DTYPES.get(precision)
        self.network.to(chosen)
        return self

    def encode(self, audio: Audio) -> Features:
        """See `Encoder.encode`."""
        parts = [
            {name: x.float().cpu().numpy() for name, x in part.items()}
            for part in self._forward(audio)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def summarise(self, audio: Audio) -> Features:
        """See `Encoder.summarise`; one copy from the device for all layers."""
        means = [
            {name: x.float().mean(dim=1, keepdim=True) for name, x in part.items()}
            for part in self._forward(audio)
        ]
        whole = torch.cat([torch.cat(list(part.values()), dim=-1) for part in means])
        ends = np.cumsum([x.shape[-1] for x in means[0].values()])[:-1]
        pieces = np.split(whole.cpu().numpy(), ends, axis=-1)
        return {name: np.ascontiguousarray(x) for name, x in zip(means[0], pieces, strict=True)}

    @torch.inference_mode()
    def _forward(self, audio: Audio) -> Iterator[dict[str, Tensor]]:
        on_cpu = self._device.type == "cpu"
        tensor = torch.from_numpy(np.ascontiguousarray(audio))
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        tensor = tensor.to(self._device, non_blocking=True)
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        mixed = torch.autocast(self._device.type, self._dtype, enabled=self._dtype is not None)
        with exact, mixed:
            for part in tensor.split(self._rows if on_cpu else len(tensor)):
                yield self.network(part)


def _supports(device: torch.device, precision: Precision) -> bool:
    if precision is Precision.BF16 and device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return not (precision is Precision.FP16 and device.type == "cpu")
