"""The record of what `gradient_flow` finds of layers that read in both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack, BidirectionalTrace, in_order
from gradflow.engine.sweep_both_ways import BothWays, SquareNorms
from gradflow.engine.target_rows import row_of
from gradflow.flow.notebook_display import mime_bundle
from gradflow.flow.record import GradientFlow
from gradflow.losses import Loss, Readout, text_of_sum
from gradflow.numerics.scaled import Array, Scaled, log10_hypotenuse, log10_scaled, log_shares
from gradflow.numerics.validation import frozen, one_of, whole_number

Report = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class BidirectionalFlow:
    """The terms of dL_t/dw for every target step t, source step j and parameter w.

    An array of terms, (n, T), has a row for each of the n `targets`, and source step j in column
    j - 1. In the last layer the forward direction has terms at j <= t, and the reverse one at
    j >= t; below a bidirectional layer each direction has terms at every j. So there is no lag, nor
    what counts lags. Made by `gradient_flow`.

    Attributes
    ----------
    cell : BidirectionalStack
        The layers.
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    readout : Readout
        The readout.
    loss : Loss
        The loss.
    initial_state : mapping
        Starting states by name, arrays of shape (H,).
    weights : array of the same shape as `mask`
        w_t, by which the loss of each step is multiplied; 0 at steps that do not count.
    mask : bool array, an entry for each step that was given
        Steps that count. T, and every t and j, count these alone; `steps` has their numbers.
    trace : BidirectionalTrace
        What the forward pass made.
    targets : int array of shape (n,)
        The target steps whose terms there are, ascending.
    loss_slope : Scaled array of shape (T,) or (T, O)
        w_t dL_t/do_t.
    state_slope : Scaled array of shape (T, H)
        w_t dL_t/d(what the last layer hands on)_t.

    See Also
    --------
    gradient_flow : Makes it.
    GradientFlow : Of layers that run in one direction.

    Examples
    --------
    >>> import gradflow as gf
    >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
    >>> flow = gf.gradient_flow(gf.BidirectionalStack([both, both]), [1.0, 0.5, -1.0])
    >>> flow
    BidirectionalFlow(BidirectionalStack(2 layers, H=1, D=1), T=3)
    >>> flow.log10("b", layer=1, direction="reverse").round(2)
    array([[-0.18, -0.23, -0.3 ],
           [  nan, -0.29, -0.35],
           [  nan,   nan, -1.93]])
    """

    cell: BidirectionalStack
    x: Array
    readout: Readout
    loss: Loss
    initial_state: Mapping[str, Array]
    weights: Array
    mask: Array
    trace: BidirectionalTrace
    targets: Array
    loss_slope: Scaled
    state_slope: Scaled
    _norms: Mapping[str, SquareNorms]
    _sweep: Callable[..., BothWays]

    def __repr__(self) -> str:
        added = text_of_sum(self.loss, self.readout)
        given = "" if self.mask.all() else f" of {len(self.mask)} steps"
        return f"BidirectionalFlow({self.cell!r}, T={self.T}{given}{added})"

    def __getattr__(self, name: str) -> Any:
        if hasattr(GradientFlow, name):
            raise AttributeError(
                f"{name} is not there for layers that read in both directions: their terms lie on "
                "both sides of the target, and are norms by source step."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def T(self) -> int:
        """Sequence length: the steps that count."""
        return len(self.x)

    @property
    def steps(self) -> Array:
        """The number that each step had among those that were given, (T,)."""
        return frozen(np.flatnonzero(self.mask) + 1)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters: layer, direction, and the name within its cell.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
        >>> gf.gradient_flow(gf.BidirectionalStack([both]), [1.0]).parameters[3:]
        ('0.reverse.w_x', '0.reverse.w_s', '0.reverse.b')
        """
        return self.cell.parameters

    def index_of(self, t: int) -> int:
        """The row of a target in arrays of shape (n, T).

        Parameters
        ----------
        t : int
            Target step, one of `targets`.

        Raises
        ------
        ValueError
            If t is not one of the targets.
        """
        return row_of(self.targets, t, self.T)

    def log10(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """log10 of the magnitudes of the terms.

        Parameters
        ----------
        parameter : str
            A name within a cell ("w_xf"), one without its gate ("w_x", "w_h", "b" of an LSTM) for
            the norm over the gates together, or one of `parameters`. "x" stands for the inputs:
            its terms are dL_t/dx_j, and have neither layer nor direction.
        layer : int, optional
            The layer, 0 next to the input; may be left out where there is only one.
        direction : {"forward", "reverse"}, optional
            Which direction of the layer; may be left out where it reads one way alone.

        Returns
        -------
        array of shape (n, T)
            log10 of the Frobenius norm of each term, source step j in column j - 1; minus infinity
            where it is exactly zero, nan where no path leads from the target to the step.

        Raises
        ------
        ValueError
            If the name, the layer or the direction is unknown, or one is missing.

        See Also
        --------
        value : The terms as plain numbers.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both, both]), [1.0, 0.5, -1.0])
        >>> flow.log10("w_x", layer=0, direction="forward").round(2)
        array([[-0.12, -0.76, -0.6 ],
               [-0.38, -0.67, -0.66],
               [-2.03, -2.32, -1.93]])
        """
        if isinstance(parameter, str) and parameter == "x":
            if layer not in (None, 0) or direction is not None:
                raise ValueError(
                    "layer and direction must be left out for 'x', the input of layer 0. "
                    f"Got {layer!r} and {direction!r}."
                )
            return frozen(_log10(self._inputs, 0))
        number, way, names = self._asked(parameter, layer, direction)
        cell, trace = self.cell.directions(number)[way], self.trace.layers[number][way]
        norms = self._norms[f"{number}.{way}"]
        parts = [
            _log10(norms, cell.parameters[name].gate)
            + in_order(_log10_source(cell, name, trace), way)
            for name in names
        ]
        return frozen(self._cleared(reduce(log10_hypotenuse, parts), number, way))

    def value(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """The norms of the terms as plain float64, which under- and overflow as float64 must.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.

        Returns
        -------
        array of shape (n, T)

        Raises
        ------
        ValueError
            As for `log10`.

        See Also
        --------
        log10 : Right at any magnitude.
        """
        with np.errstate(over="ignore", under="ignore"):
            return frozen(10.0 ** self.log10(parameter, layer, direction))

    def share(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """Each term's share of its row, |term| / sum over j of |term|.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.

        Returns
        -------
        array of shape (n, T)
            nan where there is no term, and in a row whose terms are all zero.

        Raises
        ------
        ValueError
            As for `log10`.

        See Also
        --------
        log10 : The sizes themselves.
        """
        return frozen(log_shares(self.log10(parameter, layer, direction), axis=1))

    def sweep_inputs(self, on_step: Report | None = None) -> None:
        """Find the terms of the inputs now, by a sweep of their own, and keep them.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`.
        """
        if "_inputs" not in vars(self):
            vars(self)["_inputs"] = self._sweep(on_step=on_step).inputs()

    @cached_property
    def _inputs(self) -> SquareNorms:
        return self._sweep().inputs()

    def _asked(self, parameter: Any, layer: Any, direction: Any) -> tuple[int, str, Any]:
        """Layer, direction and the parameters that a name stands for within their cell."""
        if isinstance(parameter, str) and parameter.count(".") == 2:
            at, parameter = parameter.rsplit(".", 1)
            one_of("parameter", at, self.cell.cells)
            layer, direction = int(at.split(".")[0]), at.split(".")[1]
        last = len(self.cell.layers) - 1
        number = 0 if layer is None and not last else whole_number("layer", layer, 0, last)
        cells = self.cell.directions(number)
        way = next(iter(cells)) if direction is None and len(cells) == 1 else direction
        one_of("direction", way, cells)
        cell = cells[way]
        one_of("parameter", parameter, (*cell.parameters, *cell.groups))
        return number, way, cell.groups.get(parameter, (parameter,))

    def _cleared(self, log10: Array, number: int, way: str) -> Array:
        """nan where no path leads: in the last layer beyond the target."""
        if number == len(self.cell.layers) - 1:
            j = np.arange(1, self.T + 1)
            beyond = j > self.targets[:, None] if way == "forward" else j < self.targets[:, None]
            log10[beyond] = np.nan
        return log10

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows: the heatmap of w_x, or text where Plotly is missing."""
        return mime_bundle(self)


def _log10(norms: SquareNorms, gate: int) -> Array:
    """log10 of the norms of one gate, (n, T)."""
    exponent = norms.exponent[gate if len(norms.exponent) > 1 else 0]
    return log10_scaled(norms.mantissa[gate], exponent)


def _log10_source(cell: Cell, name: str, trace: Any) -> Array:
    """log10 of the norm of what a weight multiplied at each step, as the cell read them, (T,)."""
    return Scaled.of(cell.source(name, trace)).norm(axis=1).log10()
