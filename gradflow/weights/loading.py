"""Models from files and from mappings: `load`, `loads` and `from_state_dict`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradflow.numerics.validation import whole_number
from gradflow.weights.assembly import model_of
from gradflow.weights.contents import Contents
from gradflow.weights.formats import read_contents
from gradflow.weights.layers import Answers
from gradflow.weights.model import Model
from gradflow.weights.readouts import AUTO
from gradflow.weights.refusals import check_size
from gradflow.weights.shards import INDEX, index_of, read_shards, whole_file_of
from gradflow.weights.state_dicts import given_tensor
from gradflow.weights.tensors import shown

LIMIT = 256 << 20


def load(
    path: str | os.PathLike[str],
    *,
    prefix: str | Sequence[str] | None = None,
    cell: str | None = None,
    activation: str | None = None,
    recurrent_activation: str | None = None,
    gates: str | None = None,
    names: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    direction: str | None = None,
    merge: str | None = None,
    readout: str | None = AUTO,
    limit: int = LIMIT,
) -> Model:
    """The model in a file of weights, by names that libraries have or by those that you say.

    Parameters
    ----------
    path : path
        The file; of a model in several safetensors files its index or their folder.
    prefix : str or sequence of str, optional
        The module to read, where the file has several; a sequence names the layers of a stack, the
        one next to the input first.
    cell : {"rnn_tanh", "rnn_relu", "lstm", "gru", "gru_reset_before"}, optional
        What the layers are, where the file does not tell: the activation of an RNN, which can be
        others too, and a Keras GRU without biases.
    activation, recurrent_activation : str, optional
        The activations of LSTMs and GRUs, where the file does not tell.
    gates : str, optional
        The order of the gates, where the file does not tell: the letters of "ifco" or "rzn". The
        candidate can be called "g" or "h" too; z is the gate that keeps the state.
    names : mapping or sequence of mappings, optional
        Which tensor is which, where the file's names do not tell; a sequence has one mapping for
        each layer of a stack, that next to the input first. Keys are "w_x" and "w_h" for the
        weights of the input and of the state and, where there are any, "b" or "b_x" and "b_h" for
        the biases that are added, "b_hn" for that inside a GRU's reset gate and "w_p" for the
        projection of an LSTM. Values are names in the file, with ".T" for a tensor transposed, or
        one name for each gate.
    direction : {"forward", "reverse"}, optional
        One direction of a bidirectional layer, by itself; both together unless given. The reverse
        one reads the sequence from its end: hand in x[::-1].
    merge : {"concat", "sum", "mul", "ave"}, optional
        How the directions of bidirectional layers are joined, where the file does not tell.
    readout : str or None
        The linear layer of the file to read out with; None for the sum of the hidden units. "auto"
        is the only linear layer that takes the hidden units where there is exactly one, else the
        sum.
    limit : int
        Bytes that the file may have, packed or unpacked. What is read of it may have twice as many
        as float64, in which all is computed.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If the file is in another format, damaged or too long, or what it holds is not a stack of
        recurrent layers that are supported.
    OSError
        If the file cannot be opened.

    See Also
    --------
    loads : From the bytes of a file.
    from_state_dict : From a mapping.

    Examples
    --------
    >>> import gradflow as gf
    >>> path = gf.models.path("recall_learned")
    >>> gf.load(path)
    Model(LSTM(H=16, D=6), readout_layer='readout')

    Say which tensor is which:

    >>> names = {"w_x": "lstm.weight_ih_l0", "w_h": "lstm.weight_hh_l0", "b": "lstm.bias_ih_l0"}
    >>> gf.load(path, names=names, gates="ifgo")
    Model(LSTM(H=16, D=6), readout_layer='readout')
    """
    given = _given_path(path)
    whole_number("limit", limit, 0, sys.maxsize - 1)
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction, merge)
    file = whole_file_of(given) or index_of(given)
    if file.name.endswith(INDEX):
        shards = Contents.of(read_shards(file, limit))
        return model_of(shards, prefix, answers, readout, 2 * limit)
    check_size(file.stat().st_size, file.name, limit)
    with file.open("rb") as stream:
        data = stream.read(limit + 1)
    return model_of(read_contents(data, file.name, limit), prefix, answers, readout, 2 * limit)


def loads(
    data: bytes,
    name: str = "The file",
    *,
    prefix: str | Sequence[str] | None = None,
    cell: str | None = None,
    activation: str | None = None,
    recurrent_activation: str | None = None,
    gates: str | None = None,
    names: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    direction: str | None = None,
    merge: str | None = None,
    readout: str | None = AUTO,
    limit: int = LIMIT,
) -> Model:
    """The model in the bytes of a file, which are never written to disk.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for errors, and for what its content does not tell.
    prefix, cell, activation, recurrent_activation, gates, names, direction, merge, readout, limit
        As for `load`.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        As for `load`.

    See Also
    --------
    load : From a file.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.loads(gf.models.path("recall_learned").read_bytes(), "recall.safetensors")
    Model(LSTM(H=16, D=6), readout_layer='readout')
    """
    if not isinstance(data, bytes):
        raise ValueError(f"data must be bytes. Got {type(data).__name__}.")
    if not isinstance(name, str):
        raise ValueError(f"name must be a str. Got {shown(repr(name))}.")
    whole_number("limit", limit, 0, sys.maxsize - 1)
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction, merge)
    return model_of(read_contents(data, name, limit), prefix, answers, readout, 2 * limit)


def from_state_dict(
    mapping: Mapping[str, Any],
    *,
    prefix: str | Sequence[str] | None = None,
    cell: str | None = None,
    activation: str | None = None,
    recurrent_activation: str | None = None,
    gates: str | None = None,
    names: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    direction: str | None = None,
    merge: str | None = None,
    readout: str | None = AUTO,
) -> Model:
    """The model in a mapping from PyTorch's or Keras' names to arrays.

    Parameters
    ----------
    mapping : mapping
        Arrays or PyTorch tensors by name, such as `torch.nn.LSTM(3, 5).state_dict()`.
    prefix, cell, activation, recurrent_activation, gates, names, direction, merge, readout
        As for `load`.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If what it holds is not a stack of recurrent layers that are supported.

    See Also
    --------
    load : From a file.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    >>> shapes = ((8, 3), (8, 2), (8,), (8,))
    >>> gf.from_state_dict({name: np.ones(shape) for name, shape in zip(names, shapes)})
    Model(LSTM(H=2, D=3), readout_layer=None)
    """
    if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping):
        raise ValueError(
            f"mapping must be a mapping from names to arrays. Got {type(mapping).__name__}."
        )
    contents = Contents.of({name: given_tensor(name, value) for name, value in mapping.items()})
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction, merge)
    return model_of(contents, prefix, answers, readout)


def _given_path(path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise ValueError(
            f"path must be a str or a Path, of a file or a folder. Got {shown(repr(path))}."
        ) from None
