"""A layer whose weights have the gates side by side, in any order and either way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.layers import (
    KINDS_BY_GATES,
    Answers,
    Layer,
    Told,
    check_matrix,
    check_shape,
    chosen_activations,
    chosen_kind,
    gate_count,
    projected_units,
)
from gradflow.weights.tensors import ChoiceError, Tensor, shown

# The gates in gradflow's order, by how many there are.
OUR_ORDER = {1: "", 3: "rzn", 4: "ifco"}
# What else the candidate is called.
LETTERS = {3: str.maketrans("h", "n"), 4: str.maketrans("g", "c")}
# Orders that are offered where one is asked: those that libraries have.
ORDERS = {3: ("rzn", "zrn"), 4: ("ifco", "icfo", "ifoc", "iofc")}


@dataclass(frozen=True)
class GateBlocks:
    """The tensors of one layer.

    Attributes
    ----------
    w_x, w_h : Tensor
        Weights of the input and of the state, (gates H, D) and (gates H, H), or all transposed.
    b_x, b_h : Tensor or None
        Biases of shape (gates H,), which are added.
    b_hn : Tensor or None
        Of a GRU, the bias inside the reset gate, of shape (H,).
    w_p : Tensor or None
        Of an LSTM, the projection to P numbers, (P, H); w_h is (4 H, P) then.
    units_first : bool or None
        Whether the first of the two forms is meant where shapes do not tell; None if that is not
        known.
    """

    w_x: Tensor
    w_h: Tensor
    b_x: Tensor | None = None
    b_h: Tensor | None = None
    b_hn: Tensor | None = None
    w_p: Tensor | None = None
    units_first: bool | None = None


@dataclass(frozen=True)
class Source:
    """What a naming scheme tells of a layer.

    Attributes
    ----------
    told : Told
        What is known.
    order : str
        The gates in their order, by their letters; "" where the user is asked.
    order_source : str
        What the order is known from, the end of a sentence.
    activations_source : str
        What activations that are not told are assumed from; "" where the user is asked.
    """

    told: Told = field(default_factory=Told)
    order: str = ""
    order_source: str = ""
    activations_source: str = ""


def layer_of(name: str, blocks: GateBlocks, answers: Answers, source: Source) -> Layer:
    """The layer that the blocks make.

    Raises
    ------
    ValueError
        If they do not fit each other, or what is not known is not said.
    """
    for tensor in (blocks.w_x, blocks.w_h):
        check_matrix(shown(tensor.name), tensor.shape)
    units_first = _units_first(blocks)
    w_x, w_h = (_turned(tensor, units_first) for tensor in (blocks.w_x, blocks.w_h))
    w_p = None if blocks.w_p is None else _turned(blocks.w_p, units_first)
    wide, H = w_h.shape[0], w_h.shape[1] if w_p is None else projected_units(w_h, w_p)
    gates = gate_count(shown(w_h.name), wide, H)
    check_shape(shown(w_x.name), w_x.shape, [(wide, w_x.shape[1])])
    kind = _kind(name, blocks, gates, answers, source)
    order, known_from = gate_order(name, gates, answers, source)
    b_x, b_h = (_bias(tensor, gates, H)[order] for tensor in (blocks.b_x, blocks.b_h))
    activation, recurrent_activation = "tanh", "sigmoid"
    if gates > 1:
        activation, recurrent_activation, more = chosen_activations(
            name, answers, source.told, source.activations_source
        )
        known_from += more
    b = b_x + b_h
    b_hn = None
    if kind == "gru":
        b[2], b_hn = b_x[2], b_h[2] + _bias(blocks.b_hn, 1, H)[0]
    elif blocks.b_hn is not None:
        raise ValueError(
            f"{shown(blocks.b_hn.name)} must belong to a GRU with the reset gate after the "
            f"recurrent product. Got {kind!r}."
        )
    return Layer(
        name,
        kind,
        w_h.dtype,
        w_x.values().reshape(gates, H, -1)[order],
        w_h.values().reshape(gates, H, -1)[order],
        b,
        b_hn,
        activation,
        recurrent_activation,
        known_from + source.told.notes,
        w_p=None if w_p is None else w_p.values(),
    )


def _units_first(blocks: GateBlocks) -> bool:
    """Whether the rows of both weights are units, which their shapes tell but for a square RNN."""
    rows, columns = blocks.w_h.shape
    if rows != columns:
        return rows > columns
    rows_x, columns_x = blocks.w_x.shape
    if (rows_x == rows) != (columns_x == rows):
        return rows_x == rows
    if blocks.units_first is None:
        name = blocks.w_x.name
        raise ValueError(
            f"names must be said for {shown(name)}, as D = H does not tell on which axis its "
            f'inputs are: names={{"w_x": "{name}", ..}}, with "{name}.T" if they are on axis 0.'
        )
    return blocks.units_first


def _turned(tensor: Tensor, units_first: bool) -> Tensor:
    return tensor if units_first else transposed(tensor)


def transposed(tensor: Tensor) -> Tensor:
    """A matrix with its axes the other way round."""
    return Tensor(
        tensor.name, tensor.dtype, tensor.shape[::-1], lambda: tensor.read().T, tensor.parts
    )


def _kind(name: str, blocks: GateBlocks, gates: int, answers: Answers, source: Source) -> str:
    """The kind of the layer: a second bias is inside the reset gate, unless the user says else."""
    told = source.told
    two = blocks.b_h is not None or blocks.b_hn is not None
    if gates == 3 and told.kind is None and answers.cell is None and two:
        told = replace(told, kind="gru")
    return chosen_kind(name, KINDS_BY_GATES[gates], answers, told)


def gate_order(
    name: str, gates: int, answers: Answers, source: Source
) -> tuple[list[int], tuple[str, ...]]:
    """Where each of gradflow's gates stands in the file, and where that is known from.

    Raises
    ------
    ChoiceError
        If it is not known and the user does not say it.
    """
    if gates == 1:
        return [0], ()
    letters, known_from = source.order, source.order_source
    if not letters:
        letters, known_from = answers.gates or "", "as you said"
    letters = letters.translate(LETTERS[gates])
    if sorted(letters) != sorted(OUR_ORDER[gates]):
        place = shown(name) if name else "the layer"
        raise ChoiceError(
            f'gates must be the letters of "{OUR_ORDER[gates]}" in the order in which {place} has '
            f"its gates. Got {answers.gates!r}.",
            "gates",
            ORDERS[gates],
        )
    return [letters.index(gate) for gate in OUR_ORDER[gates]], (
        f"Gates in the order {', '.join(letters)}: {known_from}.",
    )


def _bias(tensor: Tensor | None, gates: int, H: int) -> Array:
    """A bias as (gates, H); zeros if there is none."""
    if tensor is None:
        return np.zeros((gates, H))
    check_shape(shown(tensor.name), tensor.shape, [(gates * H,)])
    return tensor.values().reshape(gates, H)


def joined(name: str, tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one shape as one, side by side along the last axis.

    Raises
    ------
    ValueError
        If their shapes differ, or are those of no matrix or vector.
    """
    first = tensors[0]
    for tensor in tensors:
        if tensor.shape != first.shape or len(tensor.shape) not in (1, 2):
            raise ValueError(
                f"{shown(tensor.name)} must be a matrix or a vector of the shape of "
                f"{shown(first.name)}, {first.shape}. Got {tensor.shape}."
            )
    *rows, wide = first.shape
    names = tuple(part for tensor in tensors for part in (tensor.name, *tensor.parts))
    dtype = next((one.dtype for one in tensors if one.dtype != first.dtype), first.dtype)
    shape = (*rows, wide * len(tensors))
    return Tensor(name, dtype, shape, partial(_side_by_side, tuple(tensors)), names)


def _side_by_side(tensors: Sequence[Tensor]) -> Array:
    return np.concatenate([tensor.values() for tensor in tensors], axis=-1)
