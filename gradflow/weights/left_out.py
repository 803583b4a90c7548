"""What of a file is not part of the model: through these layers no gradient is carried."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gradflow.weights.tensors import Tensor, shown

ATTENTION = re.compile(
    r"att(n|ention)|(^|[/._])(in|out|q|k|v)_proj|(^|[/._])(query|key|value)($|[/._])", re.IGNORECASE
)
NORMALISATION = re.compile(
    r"(^|[/._])(layer_?norm|batch_?norm|group_?norm|norm|ln|bn)|gamma|(^|[/._])beta|running_mean",
    re.IGNORECASE,
)
# What a tensor is called within its layer.
_LAST = re.compile(r"(?<=.)[./][^./]*$", re.DOTALL)


def left_out_layers(tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The layers that are no part of the model, with what they are where their names tell it.

    Parameters
    ----------
    tensors : mapping
        The tensors of the file that are in no recurrent layer, embedding or possible readout.
    """
    layers: dict[str, list[Tensor]] = {}
    for name, tensor in tensors.items():
        layers.setdefault(_LAST.sub("", name), []).append(tensor)
    return tuple(shown(name) + _kind(name, parts) for name, parts in layers.items())


def _kind(name: str, parts: Iterable[Tensor]) -> str:
    names = [name, *(tensor.name for tensor in parts)]
    if any(map(ATTENTION.search, names)):
        return " (attention)"
    if any(map(NORMALISATION.search, names)):
        return " (normalisation)"
    return " (convolution)" if any(len(tensor.shape) > 2 for tensor in parts) else ""
