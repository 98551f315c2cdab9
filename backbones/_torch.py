"""The encoder of every backbone that is a PyTorch network."""

from collections.abc import Callable
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
        parts = self._run(audio, Tensor.cpu)
        return {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}

    def summarise(self, audio: Audio) -> Features:
        """See `Encoder.summarise`; one copy from the device for all layers."""
        parts = self._run(audio, _mean_over_frames)
        whole = torch.cat([torch.cat(list(part.values()), dim=-1) for part in parts]).cpu()
        pieces = whole.split([x.shape[-1] for x in parts[0].values()], dim=-1)
        return {name: x.numpy().copy() for name, x in zip(parts[0], pieces, strict=True)}

    @torch.inference_mode()
    def _run(self, audio: Audio, keep: Callable[[Tensor], Tensor]) -> list[dict[str, Tensor]]:
        """What to keep of every layer, for one group of rows after another."""
        tensor = torch.from_numpy(np.ascontiguousarray(audio))
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        rows = self._rows if self._device.type == "cpu" else len(tensor)
        groups = tensor.to(self._device, non_blocking=True).split(rows)
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        mixed = torch.autocast(self._device.type, self._dtype, enabled=self._dtype is not None)
        with exact, mixed:
            outputs = (self.network(group) for group in groups)
            return [{name: keep(x.float()) for name, x in out.items()} for out in outputs]


def _mean_over_frames(x: Tensor) -> Tensor:
    return x.mean(dim=1, keepdim=True)


def _supports(device: torch.device, precision: Precision) -> bool:
    if precision is Precision.BF16 and device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return not (precision is Precision.FP16 and device.type == "cpu")
