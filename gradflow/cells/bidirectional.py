"""Layers that read a sequence in both directions, one above the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.cells.base import Cell, Parameter, Tree, trace_text
from gradflow.cells.stack import Stack, check_widths
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import one_of

DIRECTIONS = ("forward", "reverse")
MERGES = ("concat", "sum", "mul", "ave")


@dataclass(frozen=True, eq=False)
class Bidirectional:
    """Two cells that read the same inputs, one of them from the end, and what is made of both.

    Parameters
    ----------
    forward, reverse : RNN, LSTM or GRU
        The cells. What the reverse one makes of steps T .. j belongs to step j.
    merge : {"concat", "sum", "mul", "ave"}
        How the hidden states of a step are joined: side by side, the forward one first, or their
        sum, product or average.

    Raises
    ------
    ValueError
        If one is no cell, the sizes do not fit, or `merge` is unknown.

    See Also
    --------
    BidirectionalStack : Takes it as a layer.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.Bidirectional(gf.LSTM.scalar(0.5, 0.5), gf.LSTM.scalar(0.5, 0.9))
    Bidirectional(LSTM(H=1, D=1), LSTM(H=1, D=1), merge='concat')
    """

    forward: Any
    reverse: Any
    merge: str = "concat"

    def __post_init__(self) -> None:
        for name in DIRECTIONS:
            cell = getattr(self, name)
            if isinstance(cell, type | Stack) or not isinstance(cell, Cell):
                raise ValueError(f"{name} must be a cell, such as RNN, LSTM or GRU. Got {cell!r}.")
        one_of("merge", self.merge, MERGES)
        if self.reverse.D != self.forward.D:
            raise ValueError(
                f"reverse must have D={self.forward.D} as forward has. Got D={self.reverse.D}."
            )
        if self.merge != "concat" and self.reverse.H != self.forward.H:
            raise ValueError(
                f"reverse must have H={self.forward.H} as forward has for merge={self.merge!r}. "
                f"Got H={self.reverse.H}."
            )

    def __repr__(self) -> str:
        return f"Bidirectional({self.forward!r}, {self.reverse!r}, merge={self.merge!r})"

    @property
    def H(self) -> int:
        """Width of what it hands on."""
        return int(self.forward.H + self.reverse.H if self.merge == "concat" else self.forward.H)

    @property
    def D(self) -> int:
        return int(self.forward.D)

    def joined(self, forward: Array, reverse: Array) -> Array:
        """What is made of the hidden states of both directions, (.., H)."""
        if self.merge == "concat":
            return np.concatenate([forward, reverse], axis=-1)
        if self.merge == "mul":
            return forward * reverse
        both = forward + reverse
        return both if self.merge == "sum" else both / 2


@dataclass(frozen=True)
class BidirectionalTrace:
    """What the forward pass of a bidirectional stack made.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    layers : tuple of mappings
        For each layer the trace of each direction, by its name. That of "reverse" has the steps as
        its cell read them: row 0 of its x is step T.
    hidden : array of shape (T + 1, H)
        What the readout sees: the joined states of the last layer after each step; row 0 has those
        that the directions start at.
    o : array of shape (T,) or (T, O)
        Readout w_o h_t + b_o of steps 1 .. T.
    """

    x: Array
    layers: tuple[Mapping[str, Any], ...]
    hidden: Array
    o: Array

    __repr__ = trace_text


@dataclass(frozen=True, eq=False)
class BidirectionalStack:
    """Layers of which some, or all, read both ways: what each makes is the input of the next.

    Layer 0 is next to the input, and the readout sees what the last makes of every step. What
    belongs to a direction of a layer has both before its name: "0.forward.w_xf", "1.reverse.h".

    Parameters
    ----------
    layers : sequence of Bidirectional, RNN, LSTM or GRU
        One or more, of which at least one is a `Bidirectional`; D of each is H of the one before,
        and twice that after a bidirectional layer that puts states side by side.

    Raises
    ------
    ValueError
        If a layer is something else, none is bidirectional, or the sizes do not fit.

    See Also
    --------
    gradient_flow : Makes a `BidirectionalFlow` of it.

    Examples
    --------
    >>> import gradflow as gf
    >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
    >>> stack = gf.BidirectionalStack([both, gf.RNN(1.0, 0.9)])
    >>> stack.parameters
    ('0.forward.w_x', '0.forward.w_s', '0.forward.b', '0.reverse.w_x', '0.reverse.w_s', \
'0.reverse.b', '1.forward.w_x', '1.forward.w_s', '1.forward.b')
    """

    layers: Any

    def __post_init__(self) -> None:
        given = self.layers
        if not isinstance(given, list | tuple):
            raise ValueError(f"layers must be a list of one or more layers. Got {given!r}.")
        for number, layer in enumerate(given):
            is_cell = isinstance(layer, Cell) and not isinstance(layer, type | Stack)
            if not is_cell and not isinstance(layer, Bidirectional):
                raise ValueError(
                    f"layers must be Bidirectional or cells. Got {layer!r} as layer {number}."
                )
        if not any(isinstance(layer, Bidirectional) for layer in given):
            raise ValueError(
                f"layers must have a Bidirectional among them; others make a Stack. Got {given!r}."
            )
        check_widths(given)
        object.__setattr__(self, "layers", tuple(given))

    def __repr__(self) -> str:
        layers = "1 layer" if len(self.layers) == 1 else f"{len(self.layers)} layers"
        return f"BidirectionalStack({layers}, H={self.H}, D={self.D})"

    @property
    def H(self) -> int:
        """Width of what the last layer hands on."""
        return int(self.layers[-1].H)

    @property
    def D(self) -> int:
        return int(self.layers[0].D)

    def directions(self, layer: int) -> dict[str, Cell]:
        """The cells of a layer by their directions; "forward" alone where it reads one way."""
        one = self.layers[layer]
        if isinstance(one, Bidirectional):
            return {name: getattr(one, name) for name in DIRECTIONS}
        return {"forward": one}

    @property
    def cells(self) -> dict[str, Cell]:
        """All cells, by layer and direction: "0.forward"."""
        return {
            f"{number}.{direction}": cell
            for number in range(len(self.layers))
            for direction, cell in self.directions(number).items()
        }

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(f"{at}.{state}" for at, cell in self.cells.items() for state in cell.states)

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(width for cell in self.cells.values() for width in cell.widths)

    @property
    def weights(self) -> dict[str, Array]:
        return {
            f"{at}.{name}": weight
            for at, cell in self.cells.items()
            for name, weight in cell.weights.items()
        }

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(f"{at}.{name}" for at, cell in self.cells.items() for name in cell.parameters)

    def parameter(self, name: str) -> Parameter:
        """Where the terms of one of `parameters` come from, within its cell."""
        at, own = name.rsplit(".", 1)
        return self.cells[at].parameters[own]

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> tuple[dict[str, Array], Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D)
            Inputs.
        start : mapping
            Every state of `states`: arrays of shape (H,) with the H of their cells.
        weights : mapping
            What to use instead of the layers' own `weights`.

        Returns
        -------
        arrays : dict
            What each cell returns and the x that it read, by layer, direction and their names.
        hidden : array of shape (T + 1, H)
            As `BidirectionalTrace` has it.
        """
        arrays: dict[str, Array] = {}
        for number in range(len(self.layers)):
            found = []
            for direction, cell in self.directions(number).items():
                at = f"{number}.{direction}."
                read = in_order(x, direction)
                made = cell.run(read, _within(at, start), _within(at, weights))
                arrays |= {f"{at}{name}": array for name, array in {"x": read, **made}.items()}
                state = made[cell.states[0]]
                found.append(np.concatenate([state[:1], in_order(state[1:], direction)]))
            one = self.layers[number]
            hidden = one.joined(*found) if isinstance(one, Bidirectional) else found[0]
            x = hidden[1:]
        return arrays, hidden

    def trace(self, arrays: Mapping[str, Array], x: Array, hidden: Array, o: Array) -> Any:
        """The record of what `run` returned, with the inputs and the readout."""
        layers = []
        for number in range(len(self.layers)):
            traces = {}
            for direction, cell in self.directions(number).items():
                own = _within(f"{number}.{direction}.", arrays)
                traces[direction] = cell.trace(**own, o=own[cell.states[0]][1:])
            layers.append(traces)
        return BidirectionalTrace(x, tuple(layers), hidden, o)

    def slopes(self, trace: BidirectionalTrace) -> dict[str, Tree]:
        """The local derivatives of each of `cells`, of the steps as it read them."""
        return {
            f"{number}.{direction}": cell.slopes(trace.layers[number][direction])
            for number in range(len(self.layers))
            for direction, cell in self.directions(number).items()
        }

    def shares(self, trace: BidirectionalTrace) -> tuple[dict[str, Share], ...]:
        """For each layer what each direction has of dL/d(what the layer hands on)."""
        return tuple(dict(self._shares(n, trace)) for n in range(len(self.layers)))

    def _shares(self, layer: int, trace: BidirectionalTrace) -> Iterator[tuple[str, Share]]:
        one, traces = self.layers[layer], trace.layers[layer]
        if not isinstance(one, Bidirectional):
            yield "forward", Share(slice(None), None)
            return
        for direction, other in (DIRECTIONS, DIRECTIONS[::-1]):
            columns, factor = slice(None), None
            if one.merge == "concat":
                H = one.forward.H
                columns = slice(H) if direction == "forward" else slice(H, None)
            elif one.merge == "mul":
                factor = in_order(traces[other].hidden[1:], other)
            elif one.merge == "ave":
                factor = np.full((len(trace.x), one.H), 0.5)
            yield direction, Share(columns, factor)


@dataclass(frozen=True, eq=False)
class Share:
    """dL/dh_j of one direction: some columns of dL/d(what its layer hands on), times a factor.

    Attributes
    ----------
    columns : slice
        The columns.
    factor : array of shape (T, H) or None
        For each step what they are multiplied by; 1 where there is none.
    """

    columns: slice
    factor: Array | None


def in_order(steps: Array, direction: str) -> Array:
    """Steps 1 .. T as a direction reads them, or what it read as steps 1 .. T."""
    return steps[::-1] if direction == "reverse" else steps


def _within(at: str, named: Mapping[str, Array]) -> dict[str, Array]:
    """What belongs to one cell, by the names of the cell."""
    return {name.removeprefix(at): array for name, array in named.items() if name.startswith(at)}
