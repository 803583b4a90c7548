"""Models from files and from mappings: `load`, `loads` and `from_state_dict`."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from gradflow.losses import Readout
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import one_of, plain_array, whole_number
from gradflow.weights.contents import Contents
from gradflow.weights.embeddings import embedding_tables, table_in_front
from gradflow.weights.flax import flax_modules
from gradflow.weights.formats import KERAS_LINES, read_contents
from gradflow.weights.keras import keras_modules
from gradflow.weights.layers import (
    KINDS,
    Answers,
    Module,
    cell_of,
    check_direction,
    initial_state_of,
)
from gradflow.weights.mlx import mlx_modules
from gradflow.weights.model import LayerSource, Model
from gradflow.weights.pytorch import pytorch_modules
from gradflow.weights.readouts import linear_layers, readout_of
from gradflow.weights.refusals import check_accounted, check_no_peepholes, check_size
from gradflow.weights.said_names import example_line, said_modules, short_named_modules
from gradflow.weights.shards import INDEX, index_of, read_shards, whole_file_of
from gradflow.weights.tensors import ChoiceError, Tensor, listed, shown

LIMIT = 256 << 20

# Bytes of a float64.
_DOUBLE = 8

# What Keras 3 calls weights inside its own files, which do not say which is which.
NUMBERED = re.compile(r"(^|/)vars/\d+$")


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
    readout: str | None = None,
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
        the biases that are added, and "b_hn" for that inside a GRU's reset gate. Values are names
        in the file, with ".T" for a tensor transposed, or one name for each gate.
    direction : {"forward", "reverse"}, optional
        Which direction of a bidirectional layer is looked at, by itself. The reverse one reads the
        sequence from its end: hand in x[::-1].
    readout : str, optional
        The linear layer of the file to read out with; without it, the sum of the hidden units.
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
    Model(LSTM(H=16, D=6), readout_layer=None)

    Say which tensor is which:

    >>> names = {"w_x": "lstm.weight_ih_l0", "w_h": "lstm.weight_hh_l0", "b": "lstm.bias_ih_l0"}
    >>> gf.load(path, names=names, gates="ifgo")
    Model(LSTM(H=16, D=6), readout_layer=None)
    """
    given = _given_path(path)
    whole_number("limit", limit, 0, sys.maxsize - 1)
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction)
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
    readout: str | None = None,
    limit: int = LIMIT,
) -> Model:
    """The model in the bytes of a file, which are never written to disk.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for errors, and for what its content does not tell.
    prefix, cell, activation, recurrent_activation, gates, names, direction, readout, limit
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
    Model(LSTM(H=16, D=6), readout_layer=None)
    """
    if not isinstance(data, bytes):
        raise ValueError(f"data must be bytes. Got {type(data).__name__}.")
    if not isinstance(name, str):
        raise ValueError(f"name must be a str. Got {shown(repr(name))}.")
    whole_number("limit", limit, 0, sys.maxsize - 1)
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction)
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
    readout: str | None = None,
) -> Model:
    """The model in a mapping from PyTorch's or Keras' names to arrays.

    Parameters
    ----------
    mapping : mapping
        Arrays or PyTorch tensors by name, such as `torch.nn.LSTM(3, 5).state_dict()`.
    prefix, cell, activation, recurrent_activation, gates, names, direction, readout
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
    answers = Answers(cell, activation, recurrent_activation, gates, names, direction)
    return model_of(contents, prefix, answers, readout)


def _given_path(path: Any) -> Path:
    try:
        return Path(path)
    except TypeError:
        raise ValueError(
            f"path must be a str or a Path, of a file or a folder. Got {shown(repr(path))}."
        ) from None


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


def model_of(
    contents: Contents,
    prefix: str | Sequence[str] | None,
    answers: Answers,
    readout: str | None,
    most: int | None = None,
) -> Model:
    """The model that the contents of a file make with a user's answers; see `load`."""
    if answers.cell is not None:
        one_of("cell", answers.cell, KINDS)
    for name in ("activation", "recurrent_activation"):
        if getattr(answers, name) is not None:
            one_of(name, getattr(answers, name), ACTIVATIONS)
    tensors = contents.tensors
    _check_names(tensors)
    if answers.names is not None:
        modules = chosen = said_modules(tensors, answers.names)
    else:
        modules = _modules(contents)
        chosen = _chosen(modules, prefix, contents)
    if most is not None:
        _check_expanded(chosen, most)
    layers = [layer for module in chosen for layer in module.layers(module, answers)]
    check_direction(layers, answers)
    H = layers[-1].H
    tables = embedding_tables(tensors)
    used = {name for module in modules for name in module.used} | set(tables)
    rest = {name: tensor for name, tensor in tensors.items() if name not in used}
    linear = linear_layers(rest, H)
    if answers.names is None:
        check_accounted(tensors, chosen, used, linear)
    table = table_in_front(tables, layers[0].D, chosen[0].stem)
    return Model(
        cell_of(layers),
        Readout() if readout is None else readout_of(linear, readout, H),
        readout,
        tuple(
            LayerSource(layer.name, layer.kind, layer.D, layer.H, layer.dtype, layer.known_from)
            for layer in layers
        ),
        tuple(linear),
        layers[0].direction,
        initial_state_of(layers),
        None if table is None else table.values(),
        None if table is None else shown(table.name),
    )


def _modules(contents: Contents) -> list[Module]:
    """The modules of a file by all naming schemes.

    Raises
    ------
    ValueError
        If there are none.
    """
    tensors = contents.tensors
    modules = [
        *contents.modules,
        *pytorch_modules(tensors, contents.told),
        *keras_modules(tensors, contents.graph),
        *flax_modules(tensors),
        *mlx_modules(tensors),
        *short_named_modules(tensors),
    ]
    if not modules:
        check_no_peepholes(tensors)
        raise ValueError(_nothing_found(tensors))
    return modules


def _check_names(tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless all names can be written: JSON can hold half a character."""
    for name in tensors:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(f"Names of weights must be whole text. Got {shown(name)}.") from None


def _check_expanded(chosen: Sequence[Module], most: int) -> None:
    """Raise ValueError if numbers that are stored small would take too much memory once read."""
    tensors = {id(one): one for module in chosen for one in module.tensors.values()}
    needed = sum(math.prod(one.shape) for one in tensors.values()) * _DOUBLE
    if needed > most:
        raise ValueError(
            f"The recurrent layers must have at most {most} bytes as float64. Got {needed}."
        )


def _nothing_found(tensors: Mapping[str, Tensor]) -> str:
    numbered = next(filter(NUMBERED.search, tensors), None)
    if numbered is not None:
        return (
            "The weights must be named kernel, recurrent_kernel and bias, as these lines of Keras "
            f"do. Got {shown(numbered)}:\n{KERAS_LINES}"
        )
    held = f"Got {listed(tensors)}." if tensors else "Got nothing."
    said = (
        "The file must hold a recurrent layer by PyTorch's names (weight_ih_l0, weight_hh_l0) "
        f"or Keras' (kernel, recurrent_kernel). {held}"
    )
    line = example_line(tensors)
    if line is None:
        return said
    return f"{said} Say which tensor is which, and the order of the gates as it is:\n{line}"


def _chosen(modules: Sequence[Module], prefix: Any, contents: Contents) -> list[Module]:
    """The modules to read, in order."""
    stacks = [_one_stack(modules, part, contents) for part in _prefixes(prefix)]
    told = contents.graph is not None or contents.modules
    for below, above in pairwise(stacks):
        pair = [below[-1].name, above[0].name]
        if told and contents.chain(pair) != [0, 1]:
            raise ValueError(
                "prefix must name layers that feed each other, with nothing between. "
                f"Got {shown(pair[0])} and {shown(pair[1])}, which the model's graph does not join."
            )
    return [module for stack in stacks for module in stack]


def _prefixes(prefix: Any) -> Sequence[str | None]:
    if prefix is None or isinstance(prefix, str):
        return [prefix]
    names = isinstance(prefix, Sequence) and all(isinstance(part, str) for part in prefix)
    if not names or not prefix:
        raise ValueError(f"prefix must be a name, or several. Got {prefix!r}.")
    return prefix


def _one_stack(modules: Sequence[Module], prefix: str | None, contents: Contents) -> list[Module]:
    """The modules under a prefix, which must be one or feed each other by the model's graph."""
    found = [module for module in modules if prefix is None or _is_under(module.name, prefix)]
    for module in found:
        if module.unsupported:
            raise ValueError(module.unsupported)
    names = [module.name for module in found]
    order = [0] if len(found) == 1 else None
    if len(found) > 1:
        order = contents.chain(names)
    if order is None:
        choices = names or [module.name for module in modules]
        shown_choices = listed((name or '""' for name in choices), "or")
        raise ChoiceError(
            f"prefix must name one recurrent module: {shown_choices}. Got {prefix!r}.",
            "prefix",
            choices,
        )
    return [found[place] for place in order]


def _is_under(name: str, prefix: str) -> bool:
    path = prefix.rstrip("./_")
    return name == path or (bool(path) and name.startswith((f"{path}.", f"{path}/")))
