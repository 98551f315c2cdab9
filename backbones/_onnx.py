"""The weights of an exported network, by the names that PyTorch had for them."""

from pathlib import Path
from typing import TYPE_CHECKING

from backbones import WeightsError
from backbones._weights import one_line

if TYPE_CHECKING:
    from torch import Tensor


def initializers(file: Path) -> "dict[str, Tensor]":
    """The tensors of floating-point numbers that an ONNX file holds; nothing of it is run.

    Raises:
        WeightsError: it cannot be read, or the package `onnx` is not installed.
    """
    import torch

    try:
        import onnx
    except ImportError as error:
        message = f"{file} is read with onnx ({error}): run `pip install 'mulap-bench[onnx]'`"
        raise WeightsError(message) from error
    try:
        held = onnx.load(file).graph.initializer
    except Exception as error:
        message = f"{file} is no ONNX file: {one_line(error)[:300]}"
        raise WeightsError(message) from error
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in held}
    return {name: torch.tensor(x) for name, x in arrays.items() if x.dtype.kind == "f"}
