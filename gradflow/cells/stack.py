"""Layers of cells, one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gradflow.cells.base import (
    Cell,
    Gate,
    Number,
    Parameter,
    Passes,
    Room,
    Step,
    Tree,
    feeds,
    input_weights,
    through,
    trace_text,
)
from gradflow.numerics.scaled import Array

# Layers that a stack lists where it is printed.
_LISTED = 4


@dataclass(frozen=True)
class StackTrace:
    """What the forward pass of a stack made.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    layers : tuple
        The trace of each layer, that next to the input first. Its x are the hidden states of the
        layer below, and its o those it hands on, those of steps 1 .. T.
    o : array of shape (T,) or (T, O)
        Readout w_o h_t + b_o of steps 1 .. T, with h_t of the last layer.
    """

    x: Array
    layers: tuple[Any, ...]
    o: Array

    __repr__ = trace_text

    @property
    def hidden(self) -> Array:
        """The state the readout sees, shape (T + 1, H)."""
        return self.layers[-1].hidden


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers of cells: the hidden state of each is the input of the next at the same step.

    Layer 0 is next to the input, and the readout sees the hidden state of the last. What belongs to
    a layer has its number before its name: "0.w_xf", "1.h".

    Parameters
    ----------
    layers : sequence of RNN, LSTM or GRU
        One or more, of any kinds; D of each is H of the one before.

    Raises
    ------
    ValueError
        If there is no layer, one is no cell or a stack itself, or the sizes do not fit.

    See Also
    --------
    gradient_flow : Takes a stack wherever it takes a cell.

    Examples
    --------
    >>> import gradflow as gf
    >>> stack = gf.Stack([gf.LSTM.scalar(w_x=0.5, w_h=0.5), gf.RNN(w_x=1.0, w_s=0.9)])
    >>> stack
    Stack(LSTM(H=1, D=1), RNN(H=1, D=1))
    >>> gf.gradient_flow(stack, [1.0, 0.0]).parameters[-3:]
    ('1.w_x', '1.w_s', '1.b')
    """

    layers: Any

    def __post_init__(self) -> None:
        given = self.layers
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(f"layers must be a list of one or more cells. Got {given!r}.")
        for number, layer in enumerate(given):
            if isinstance(layer, type | Stack) or not isinstance(layer, Cell):
                raise ValueError(
                    f"layers must be cells, such as RNN, LSTM or GRU. Got {layer!r} as layer "
                    f"{number}."
                )
        check_widths(given)
        object.__setattr__(self, "layers", tuple(given))

    def __repr__(self) -> str:
        kind = type(self).__name__
        if len(self.layers) > _LISTED:
            return f"{kind}({len(self.layers)} layers, H={self.H}, D={self.D})"
        return f"{kind}({', '.join(map(repr, self.layers))})"

    @property
    def H(self) -> int:
        """Hidden size of the last layer."""
        return int(self.layers[-1].H)

    @property
    def D(self) -> int:
        return int(self.layers[0].D)

    @property
    def signed(self) -> bool:
        return all(layer.signed for layer in self.layers)

    # States, slopes, gates, signals and moves stand in the order of the way back: the last layer
    # first, and within a layer as it has them.

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(f"{n}.{state}" for n, layer in self._downward() for state in layer.states)

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(width for _, layer in self._downward() for width in layer.widths)

    @property
    def weights(self) -> dict[str, Array]:
        return {
            f"{n}.{name}": weight
            for n, layer in enumerate(self.layers)
            for name, weight in layer.weights.items()
        }

    @property
    def parameters(self) -> dict[str, Parameter]:
        gates = [1 + max(part.gate for part in layer.parameters.values()) for layer in self.layers]
        return {
            f"{n}.{name}": Parameter(sum(gates[n + 1 :]) + gate, f"{n}.{source}")
            for n, layer in enumerate(self.layers)
            for name, (gate, source) in layer.parameters.items()
        }

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return {
            f"{n}.{group}": tuple(f"{n}.{name}" for name in names)
            for n, layer in enumerate(self.layers)
            for group, names in layer.groups.items()
        }

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D)
            Inputs.
        start : mapping
            Every state of `states`: arrays of shape (H,) with the H of their layers.
        weights : mapping
            What to use instead of the layers' own weights; they may be complex.

        Returns
        -------
        dict
            The arrays that each layer returns, by the number of the layer and their names.
        """
        arrays: dict[str, Array] = {}
        for n, layer in enumerate(self.layers):
            found = layer.run(x, _of_layer(n, start), _of_layer(n, weights))
            arrays |= {f"{n}.{name}": array for name, array in found.items()}
            x = found[layer.states[0]][1:]
        return arrays

    def trace(self, **arrays: Array) -> StackTrace:
        x, layers = arrays["x"], []
        for n, layer in enumerate(self.layers):
            own = _of_layer(n, arrays)
            hidden = own[layer.states[0]][1:]
            layers.append(layer.trace(**own, x=x, o=hidden))
            x = hidden
        return StackTrace(arrays["x"], tuple(layers), arrays["o"])

    def source(self, parameter: str, trace: StackTrace) -> Array:
        number, name = parameter.split(".")
        return self.layers[int(number)].source(name, trace.layers[int(number)])

    def slopes(self, trace: StackTrace) -> Tree:
        """The local derivatives of each layer."""
        return tuple(layer.slopes(trace.layers[n]) for n, layer in self._downward())

    def plain_slopes(self, trace: StackTrace) -> Tree:
        """`slopes` in plain float64, as automatic differentiation has them; n sequences too."""
        pairs = zip(self.layers, trace.layers, strict=True)
        return tuple(layer.plain_slopes(own) for layer, own in pairs)[::-1]

    def gates(self, slopes: Tree) -> tuple[Gate, ...]:
        gates: list[Gate] = []
        signals = 0
        for (_, layer), own in zip(self._downward(), slopes, strict=True):
            found = layer.gates(own)
            gates += [Gate(signals + signal, slope) for signal, slope in found]
            signals += 1 + max(gate.signal for gate in found)
        return tuple(gates)

    @property
    def passes(self) -> tuple[Passes, ...]:
        return tuple(layer.passes for _, layer in self._downward())

    def recurrent(self) -> Tree:
        """For each layer its recurrent weights and, but for layer 0, its input weights."""
        return tuple(
            (layer.recurrent(), input_weights(layer)) if n else (layer.recurrent(),)
            for n, layer in self._downward()
        )

    def moves(self, slopes: Tree, w: Tree) -> Tree:
        """For each layer its own map one step back, and those to the layer below."""
        return tuple(
            (layer.moves(own, w_own[0]), *_downs(layer, own, w_own[1:]))
            for (_, layer), own, w_own in zip(self._downward(), slopes, w, strict=True)
        )

    def back(self, moves: Tree, carried: tuple[Number, ...], out: Room | None = None) -> Step:
        signals: list[Number] = []
        before: list[Number] = []
        first = 0
        above: list[Number] = []  # what the layer above sends down, one part a signal of it
        for (_, layer), (own, *downs) in zip(self._downward(), moves, strict=True):
            states = slice(first, first + len(layer.states))
            hidden, *others = carried[states]
            for part in above:
                hidden = hidden + part
            found, left = layer.back(own, (hidden, *others), None if out is None else out[states])
            reaching = found[len(found) - len(downs) :]
            above = [through(*pair) for pair in zip(reaching, downs, strict=True)]
            signals += found
            before += left
            first = states.stop
        return tuple(signals), tuple(before)

    def _downward(self) -> list[tuple[int, Cell]]:
        return list(enumerate(self.layers))[::-1]


def _downs(layer: Cell, slopes: Tree, w_x: tuple[Number, ...]) -> tuple[Number, ...]:
    """The maps to the layer below from a layer's signals that reach its input, which are its last.

    Those of most cells all do.
    """
    return tuple(feeds(layer, layer.gates(slopes), w_x[0]).values()) if w_x else ()


def _of_layer(number: int, named: Mapping[str, Array]) -> dict[str, Array]:
    """What belongs to one layer, by the names of the layer."""
    prefix = f"{number}."
    return {
        name.removeprefix(prefix): array for name, array in named.items() if name.startswith(prefix)
    }


def check_widths(layers: Sequence[Any]) -> None:
    """Raise ValueError unless each layer takes what the one below hands on."""
    for number, (below, layer) in enumerate(pairwise(layers), 1):
        if layer.D != below.H:
            raise ValueError(
                f"layers must each have D of the H below: D={below.H} for layer {number}. "
                f"Got D={layer.D}."
            )
