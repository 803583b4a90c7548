"""Arrays and PyTorch tensors that a mapping holds, as the tensors of a file."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import plain_array
from gradflow.weights.tensors import Tensor, shown


def given_tensor(name: str, value: Any) -> Tensor:
    """A tensor of a mapping; PyTorch's own are brought to numpy, bfloat16 through float64."""
    if hasattr(value, "detach"):
        dtype = str(value.dtype).removeprefix("torch.")
        read = partial(_torch_numbers, name, value)
        return Tensor(name, dtype, tuple(value.shape), read)
    array = plain_array(shown(name), value)
    return Tensor(name, array.dtype.name, array.shape, lambda: array)


def _torch_numbers(name: str, tensor: Any) -> Array:
    """The numbers of a tensor of PyTorch, which has none on the meta device or if it is sparse."""
    try:
        return np.asarray(tensor.detach().cpu().double().numpy())
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{shown(name)} must be a dense tensor with numbers. Got {tensor.layout} on "
            f"{tensor.device}."
        ) from error
