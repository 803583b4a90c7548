"""What a cell is to the backward sweep.

A cell tells the sweep three things, and the sweep knows no cell by name: which states it carries
from step to step, how a signal on those states moves one step back (`moves` and `back`, linear in
the signal), and which multiple of which signal is each gate's dL_t/dz (`gates`).
"""

import functools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import finite_array

# A signal, a slope or a weight: a plain array where float64 holds it, a Scaled one where it would
# give out. The formulas of a cell are written once and serve both.
Number = Any

# A leaf, or a tuple of trees. The sweep asks for the leaves of a tree and hands the tree back to
# the cell, which alone knows its form: a stack has a branch for each layer.
Tree = Any

# What a step back leaves: the complete signals, and those carried to the step before.
Step = tuple[tuple[Number, ...], tuple[Number, ...]]

# Arrays that take a result, one for each carried state; None where there is no such array yet.
Room = Sequence[Array | None]


class Gate(NamedTuple):
    """What turns a carried signal into dL_t/dz of one gate.

    Attributes
    ----------
    signal : int
        Which of the signals that `Cell.back` returns.
    slope : Scaled array of shape (T, H)
        dL_t/dz_j is the signal at step j times slope[j - 1], unit by unit; H is their width.
    """

    signal: int
    slope: Scaled


class Passes(NamedTuple):
    """What a signal takes at most, one after the other, within one step of a layer.

    Attributes
    ----------
    slopes : int
        Local derivatives.
    weights : int
        Recurrent weights, or input weights on the way to the layer below.
    """

    slopes: int
    weights: int


class Parameter(NamedTuple):
    """Where the terms of one named parameter come from.

    Attributes
    ----------
    gate : int
        The gate whose dL_t/dz it is.
    source : str
        What the weight multiplies: "x" (the input), "state" (the hidden state of the step before),
        "one" (a bias), or a name that the cell's own `source` knows.
    """

    gate: int
    source: str


class Trace(Protocol):
    """What every forward pass leaves: inputs, the readout, and the state it was read from."""

    @property
    def x(self) -> Array: ...
    @property
    def o(self) -> Array: ...
    @property
    def hidden(self) -> Array: ...


class StepBack(Protocol):
    """What a step back is."""

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the carried states; the first is the one the readout sees."""

    @property
    def passes(self) -> Tree:
        """What a signal takes within a step: one `Passes`, of a stack one for each layer."""

    def recurrent(self) -> Tree:
        """The weights that a signal meets within a step back, arrays of shape (gates, H, W)."""

    def moves(self, slopes: Tree, w: Tree) -> Tree:
        """The pieces of the linear map one step back, from slopes of one step or of many."""

    def back(self, moves: Tree, carried: tuple[Number, ...]) -> Step:
        """One step back.

        Parameters
        ----------
        moves : tuple
            The map of step j.
        carried : tuple of arrays of shape (n, H)
            dL_t/d(state)_j for n targets t, without what reaches one state through another of the
            same step.

        Returns
        -------
        signals : tuple of arrays of shape (n, H)
            The same, complete: what the gates' dL_t/dz are multiples of.
        carried : tuple of arrays of shape (n, H)
            For step j - 1.
        """


@runtime_checkable
class Cell(StepBack, Protocol):
    """A recurrent cell, as the sweep sees it."""

    @property
    def H(self) -> int:
        """Hidden size: numbers of the state that the readout sees."""

    @property
    def D(self) -> int:
        """Input size."""

    @property
    def signed(self) -> bool:
        """Whether the cell was given numbers, so that its terms are signed numbers."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of units of the carried states."""

    @property
    def weights(self) -> Mapping[str, Array]:
        """The arrays the cell holds, by name."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters whose terms can be asked for, one gate each."""

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Names that stand for several parameters together."""

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass with `weights` instead of the cell's own, which may be complex."""

    def trace(self, **arrays: Array) -> Any:
        """The record of what `run` returned, with the inputs x and the readout o."""

    def source(self, parameter: str, trace: Any) -> Array:
        """What the weight of a parameter multiplied at each step, (T, D), (T, H) or (T, 1)."""

    def slopes(self, trace: Any) -> Tree:
        """Local derivatives of every step: Scaled arrays of shape (T, H)."""

    def back(self, moves: Tree, carried: tuple[Number, ...], out: Room | None = None) -> Step:
        """As `StepBack` has it.

        Parameters
        ----------
        moves, carried : tuples
            The map of step j, and the signals.
        out : sequence of arrays of shape (n, H), optional
            Where plain numbers go that are carried to step j - 1; none of them in `carried`.
        """

    def gates(self, slopes: Tree) -> tuple[Gate, ...]:
        """One entry a gate."""


def each(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """The tree with a function of every leaf in the leaf's place."""
    if isinstance(tree, tuple):
        return tuple(each(function, branch) for branch in tree)
    return function(tree)


def by_step(tree: Tree) -> list[Tree]:
    """A tree of arrays with one entry a step along axis 0, as one tree for each step."""
    return list(zip(*map(by_step, tree), strict=True)) if isinstance(tree, tuple) else list(tree)


def leaves(tree: Tree) -> Iterator[Any]:
    """The leaves of a tree, from left to right."""
    if isinstance(tree, tuple):
        for branch in tree:
            yield from leaves(branch)
    else:
        yield tree


def trace_text(trace: Trace) -> str:
    """A trace in a line: its sizes."""
    T, D = trace.x.shape
    return f"{type(trace).__name__}(T={T}, H={trace.hidden.shape[1]}, D={D})"


def multiplied(source: str, trace: Trace) -> Array:
    """What weights of a source that all cells have multiplied: (T, D), (T, H) or (T, 1)."""
    if source == "x":
        return trace.x
    return trace.hidden[:-1] if source == "state" else np.ones((len(trace.x), 1))


def through(signal: Number, matrix: Number, out: Array | None = None) -> Number:
    """signal @ matrix, (n, H) @ (H, D); by a number where H = D = 1, which is faster."""
    if matrix.shape[-2:] == (1, 1):
        return times(signal, matrix, out)
    return signal @ matrix if out is None else np.matmul(signal, matrix, out=out)


def times(signal: Number, factor: Number, out: Array | None = None) -> Number:
    """signal * factor, unit by unit."""
    return signal * factor if out is None else np.multiply(signal, factor, out=out)


def blended(slopes: tuple[Number, ...], w: Number) -> Number:
    """diag(slope_1) w_1 + diag(slope_2) w_2 + .., the weights of several gates made one matrix.

    Parameters
    ----------
    slopes : tuple of arrays of shape (..., H)
        One for each gate, of one step or of many.
    w : array of shape (gates, H, H)
        Their weights: plain, Scaled, or what has a way of its own to blend them.

    Returns
    -------
    array of shape (..., H, H), of the kind of w
    """
    if hasattr(w, "blended"):
        return w.blended(slopes)
    if not isinstance(w, np.ndarray) or slopes[0].ndim == 1:
        parts = [slope[..., :, None] * w[gate] for gate, slope in enumerate(slopes)]
        return functools.reduce(operator.add, parts)
    # Unit by unit, (J, gates) @ (gates, H): one pass over the result instead of one a gate.
    by_unit = np.stack(slopes, axis=-1).transpose(1, 0, 2)  # (H, J, gates)
    J, H = slopes[0].shape
    matrices = np.empty((J, H, w.shape[-1]))
    np.matmul(by_unit, w.transpose(1, 0, 2), out=matrices.transpose(1, 0, 2))
    return matrices


def feeds(cell: Cell, gates: tuple[Gate, ...], w_x: Number, name: str = "w_x") -> dict[int, Number]:
    """The maps from a layer's signals to its input.

    Parameters
    ----------
    cell : Cell
        The layer, or the stack it is part of.
    gates : tuple of Gate
        The gates of `cell`, with slopes of one step or of many.
    w_x : array of shape (gates with input weights, H, D)
        The layer's input weights.
    name : str
        What `cell` calls them.

    Returns
    -------
    dict
        For each signal that such gates take, by its number: an array of shape (.., H, D).
    """
    maps: dict[int, Number] = {}
    for place, parameter in enumerate(cell.groups.get(name, (name,))):
        signal, slope = gates[cell.parameters[parameter].gate]
        part = slope[..., :, None] * w_x[place]
        maps[signal] = maps[signal] + part if signal in maps else part
    return dict(sorted(maps.items()))


def input_weights(layer: Cell) -> Array:
    """The input weights of a layer, (gates, units, D)."""
    gates = len(layer.groups.get("w_x", ("w_x",)))
    return layer.weights["w_x"].reshape(gates, -1, layer.D)


def number(name: str, value: float) -> Array:
    """A finite number as an array of shape ()."""
    array = finite_array(name, value)
    match_shape(name, array, (), "a number")
    return array


def by_gate(name: str, value: float | Mapping[str, float], gates: tuple[str, ...]) -> Array:
    """One number for every gate, out of one for all or a mapping with the gates as keys."""
    if not isinstance(value, Mapping):
        return np.full(len(gates), number(name, value))
    if set(value) != set(gates):
        raise ValueError(
            f"{name} must have the keys {', '.join(gates)}. Got {sorted(map(str, value))}."
        )
    return np.array([number(f"{name}{gate}", value[gate]) for gate in gates])


def match_shape(name: str, array: Array, shape: tuple[int, ...], rule: str) -> None:
    """Raise ValueError unless `array` has `shape`."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, that is {rule}. Got {array.shape}.")


def unusual_activations(cell: Any) -> str:
    """What the text of an LSTM or GRU says of activations that are not tanh and sigmoid."""
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    said = [f"{n}={getattr(cell, n)!r}" for n, v in usual.items() if getattr(cell, n) != v]
    return "".join(f", {text}" for text in said)
