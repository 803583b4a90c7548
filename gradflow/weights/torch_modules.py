"""A model from a live torch.nn.Module, which tells what a file of weights leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradflow.weights.assembly import model_of
from gradflow.weights.contents import Contents
from gradflow.weights.folding import folded
from gradflow.weights.layers import Answers, Told
from gradflow.weights.model import Model
from gradflow.weights.readouts import AUTO
from gradflow.weights.state_dicts import given_tensor

SOURCE = "the module itself"
KINDS = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu"}


def from_module(
    module: Any,
    *,
    prefix: str | Sequence[str] | None = None,
    direction: str | None = None,
    readout: str | None = AUTO,
) -> Model:
    """The recurrent layers of a PyTorch module, with nothing left to ask but which of them.

    Parameters
    ----------
    module : torch.nn.Module
        A recurrent layer, or a module that holds some.
    prefix, direction, readout
        As for `gradflow.load`.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If PyTorch is not installed, the module is none of its own, or what it holds is not a stack
        of recurrent layers that are supported.

    Examples
    --------
    >>> import gradflow as gf
    >>> import torch
    >>> gf.from_module(torch.nn.GRU(3, 5))
    Model(GRU(H=5, D=3), readout_layer=None)
    """
    try:
        import torch
    except ImportError as error:
        raise ValueError(
            'module needs PyTorch, which the extra [torch] brings: pip install "torch>=2.0".'
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"module must be a torch.nn.Module. Got {type(module).__name__}.")
    told = {}
    for name, part in module.named_modules():
        if isinstance(part, torch.nn.RNNBase):
            told[name] = _of_layer(part)
        elif isinstance(part, torch.nn.RNNCell):
            told[name] = Told(SOURCE, f"rnn_{part.nonlinearity}")
        elif isinstance(part, torch.nn.LSTMCell | torch.nn.GRUCell):
            told[name] = Told(SOURCE, None, "tanh", "sigmoid")
    tables = frozenset(
        f"{name}.weight".lstrip(".")
        for name, part in module.named_modules()
        if isinstance(part, torch.nn.Embedding | torch.nn.EmbeddingBag)
    )
    tensors = {name: given_tensor(name, value) for name, value in module.state_dict().items()}
    contents = Contents(folded(tensors), told=told, tables=tables)
    return model_of(contents, prefix, Answers(direction=direction), readout)


def _of_layer(layer: Any) -> Told:
    first = "batch" if layer.batch_first else "time"
    notes = (f"The first axis of its input is {first}.",)
    return Told(SOURCE, KINDS[layer.mode], "tanh", "sigmoid", notes=notes)
