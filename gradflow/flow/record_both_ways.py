"""The record of what `gradient_flow` finds of layers that read in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.engine import square_arrays, square_digits, totals_both_ways
from gradflow.engine.backward_both_ways import BackwardBothWays
from gradflow.flow.notebook_display import mime_bundle
from gradflow.flow.record import GradientFlow
from gradflow.flow.refined_states import refined_both_ways
from gradflow.flow.run_record import RunRecord
from gradflow.losses import text_of_sum
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import optional_callable


@dataclass(frozen=True, eq=False)
class BidirectionalFlow(RunRecord):
    """The terms of dL_t/dw for every target step t, source step j and parameter w.

    An array of terms, (n, T), has a row for each of the n `targets`, and source step j in column
    j - 1. In the last layer the forward direction has terms at j <= t, and the reverse one at
    j >= t; below a bidirectional layer each direction has terms at every j. So there is no lag, nor
    what counts lags. What was given, and what the forward pass made, are the attributes of
    `RunRecord`. Made by `gradient_flow`.

    See Also
    --------
    gradient_flow : Makes it.
    gradflow.flow.RunRecord : Its attributes.
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
    _backward: BackwardBothWays

    def __repr__(self) -> str:
        added = text_of_sum(self.loss, self.readout)
        given = "" if self.mask.all() else f" of {len(self.mask)} steps"
        return f"BidirectionalFlow({self.cell!r}, T={self.T}{given}{added})"

    def __getattr__(self, name: str) -> Any:
        if hasattr(GradientFlow, name):
            raise AttributeError(
                f"{name} is not there for layers that read in both directions: their terms lie on "
                "both sides of the target, and have no lag."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def digits(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """How many decimal digits of each term the float64 states leave.

        The sweep from them keeps every magnitude, and is right to 1e-10 of the sum of the sizes of
        a term's paths: where these cancel to a few digits, the digits lost so are not counted here.
        The first call runs the layers again in higher precision, and their terms once more: it
        takes as long as the flow itself, or somewhat longer.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.

        Returns
        -------
        array of shape (n, T)
            From 0, where nothing of the term is right or its sign is wrong, to 15.95; nan where
            there is no term. A term that is exactly zero has all of its digits; one that is zero
            for the want of smaller numbers, or as a sum that cancels, has none. Of norms, the
            digits of the norm.

        Raises
        ------
        ValueError
            As for `log10`, or as for `refined`.

        See Also
        --------
        refined : The terms from better states.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(0.5, 1.0, activation="identity")
        >>> stack = gf.BidirectionalStack([gf.Bidirectional(rnn, rnn, merge="sum")])
        >>> flow = gf.gradient_flow(stack, gf.sequences.sine(40), loss=gf.UnitLoss())
        >>> digits = flow.digits("w_s", direction="forward")
        >>> bool(digits[39, 39] < 1), bool(digits[39, 34] > 13)
        (True, True)
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_digits.shared_digits(
            self._backward, self._refined_once(refined_both_ways), place
        )

    def refined(self, on_step: Callable[[float], None] | None = None) -> BidirectionalFlow:
        """The same flow from a forward pass in higher precision.

        Layers of one unit in each direction are run with a hundred decimal digits and any exponent,
        so that a state that cancels, or that float64 would have as 0, keeps its digits; others in
        longdouble, which has 19 where it is wider than float64. States are then rounded.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`, of the sweep, which takes longest; not called where the first
            call has found it all.

        Returns
        -------
        BidirectionalFlow

        Raises
        ------
        ValueError
            If a cell has several units and longdouble is no wider than float64 on this machine.

        See Also
        --------
        digits : How many digits the terms of this flow have.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.refined()
        BidirectionalFlow(BidirectionalStack(1 layer, H=1, D=1), T=3)
        """
        optional_callable("on_step", on_step)
        fine = self._refined_once(refined_both_ways, on_step)
        return replace(self, trace=fine.trace, _backward=fine)

    def sign(self, parameter: str, layer: int | None = None, direction: str | None = None) -> Array:
        """Signs of the terms.

        Parameters
        ----------
        parameter : str
            One of `parameters` or a name within a cell, or "x" for the terms of the inputs.
        layer, direction
            As for `log10`.

        Returns
        -------
        int8 array of shape (n, T)
            -1, 0 or 1; 0 where the term is exactly zero and where there is none.

        Raises
        ------
        ValueError
            As for `log10`; if the name stands for several parameters, or its cell is not scalar: a
            norm has no sign. Inputs have signs where the cells of layer 0 are scalar.

        See Also
        --------
        log10, value : The sizes.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.sign("w_x", direction="reverse")
        array([[ 1, -1, -1],
               [ 0,  1,  1],
               [ 0,  0,  1]], dtype=int8)
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.signs(self._backward, place)

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
            log10 of |term|, for vectors of its Frobenius norm, source step j in column j - 1; minus
            infinity where it is exactly zero, nan where no path leads from the target to the step.

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
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.log10_sizes(self._backward, place)

    def log10_row(
        self, parameter: str, t: int, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """The row of `log10` of one target step, without the others.

        That of the inputs takes a sweep of this target alone, unless all of them are there.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.
        t : int
            Target step, one of `targets`.

        Returns
        -------
        array of shape (T,)
            Source step j in entry j - 1.

        Raises
        ------
        ValueError
            As for `log10`, or if t is no target of the flow.

        See Also
        --------
        log10 : Of every target step.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both, both]), [1.0, 0.5, -1.0])
        >>> flow.log10_row("w_x", t=2, layer=0, direction="forward").round(2)
        array([-0.38, -0.67, -0.66])
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.log10_row(self._backward, place, t)

    def row(
        self, parameter: str, t: int, layer: int | None = None, direction: str | None = None
    ) -> Scaled:
        """The terms of one target step of a scalar cell, without those of the others.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.
        t : int
            Target step, one of `targets`.

        Returns
        -------
        Scaled array of shape (T,)
            Source step j in entry j - 1; 0 where no path leads to it. Signed for one parameter, the
            norm for a name without its gate.

        Raises
        ------
        ValueError
            As for `log10`; if t is no target of the flow, or the cell is not scalar.

        See Also
        --------
        log10_row : The sizes alone, of any cell.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.row("w_x", t=1, direction="reverse").plain().round(4)
        array([ 0.4378, -0.1302, -0.1843])
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.row(self._backward, place, t)

    def value(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """The terms as plain float64, which under- and overflow as float64 must.

        Parameters
        ----------
        parameter, layer, direction
            As for `log10`.

        Returns
        -------
        array of shape (n, T)
            Signed for one parameter of a scalar cell, else the norm; nan where there is no term.

        Raises
        ------
        ValueError
            As for `log10`.

        See Also
        --------
        log10, sign : Right at any magnitude.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.value("w_x", direction="reverse").round(4)
        array([[ 0.4378, -0.1302, -0.1843],
               [    nan,  0.3849,  0.5448],
               [    nan,     nan,  0.3445]])
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.values(self._backward, place)

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

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.share("w_x", direction="reverse")[0].round(3)
        array([0.582, 0.173, 0.245])
        """
        place = square_arrays.asked(self._backward, parameter, layer, direction)
        return square_arrays.shares(self._backward, place)

    def total(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """dL_t/dw for every target t: the sum of its terms, as plain float64.

        Of a vector cell it takes a sweep of its own.

        Parameters
        ----------
        parameter : str
            As for `log10`, but for "x"; or "readout.w_o" or "readout.b_o", which belong to no
            layer.
        layer, direction
            As for `log10`.

        Returns
        -------
        array of shape (n, *shape of the parameter)

        Raises
        ------
        ValueError
            If the name, the layer or the direction is unknown, or one is missing. "x" has no total:
            each of its terms is the gradient of another input.

        See Also
        --------
        log10_total, sign_total : Right at any magnitude.
        value : The terms that add up to it.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.total("w_x", direction="reverse").round(4)
        array([0.1233, 0.9297, 0.3445])
        """
        asked = totals_both_ways.summed(self._backward, parameter, layer, direction)
        return totals_both_ways.plain_total(self._backward, self.readout, asked)

    def log10_total(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """log10 of the norm of dL_t/dw for every target t, right at any magnitude.

        Parameters
        ----------
        parameter, layer, direction
            As for `total`.

        Returns
        -------
        array of shape (n,)
            Minus infinity where it is exactly zero.

        Raises
        ------
        ValueError
            As for `total`.

        See Also
        --------
        total : The gradients themselves.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.log10_total("w_x", direction="reverse").round(3)
        array([-0.909, -0.032, -0.463])
        """
        asked = totals_both_ways.summed(self._backward, parameter, layer, direction)
        return totals_both_ways.log10_total(self._backward, self.readout, asked)

    def sign_total(
        self, parameter: str, layer: int | None = None, direction: str | None = None
    ) -> Array:
        """Signs of dL_t/dw for every target t, right at any magnitude.

        Parameters
        ----------
        parameter, layer, direction
            As for `total`.

        Returns
        -------
        int8 array of shape (n, *shape of the parameter)
            -1, 0 or 1; 0 where the total is exactly zero.

        Raises
        ------
        ValueError
            As for `total`; if the cell is not scalar, and the total not the readout's.

        See Also
        --------
        log10_total : The sizes.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.sign_total("b", direction="reverse")
        array([ 1,  1, -1], dtype=int8)
        """
        asked = totals_both_ways.summed(self._backward, parameter, layer, direction)
        return totals_both_ways.sign_total(self._backward, self.readout, asked)

    def sweep_inputs(self, on_step: Callable[[float], None] | None = None) -> None:
        """Find the terms of the inputs now, by a sweep of their own, and keep them.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`.

        Examples
        --------
        >>> import gradflow as gf
        >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, -0.9), merge="sum")
        >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.5, -1.0])
        >>> flow.sweep_inputs()
        >>> flow.log10("x")[1].round(2)
        array([-0.56, -0.11, -0.56])
        """
        optional_callable("on_step", on_step)
        self._backward.sweep_inputs(on_step)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows: the heatmap of w_x, or text where Plotly is missing."""
        return mime_bundle(self)
