"""The record of what `gradient_flow` finds, and all that it can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gradflow.cells.base import Cell, Tree
from gradflow.engine import forget_products, term_arrays, totals
from gradflow.engine.backward_pass import BackwardPass
from gradflow.engine.parameter_names import layers_of
from gradflow.engine.path_classes import ByDetours, ByFirstGate, PathClasses
from gradflow.engine.term_digits import shared_digits, shared_state_digits
from gradflow.flow.notebook_display import mime_bundle
from gradflow.flow.refined_states import refined_pass
from gradflow.flow.run_record import RunRecord
from gradflow.losses import text_of_sum
from gradflow.numerics.falls_and_tails import fall_and_tail_of
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import one_of, optional_callable, target_step, whole_number


@dataclass(frozen=True, eq=False)
class GradientFlow(RunRecord):
    """The terms of dL_t/dw for every target step t, lag k and parameter w.

    An array of terms, (n, T), has a row for each of the n `targets`, so that target step t is in
    row t - 1 where every step is one, and lag k in column k - 1; the source step is j = t + 1 - k,
    and k = 1 is the target step itself. What was given, and what the forward pass made, are the
    attributes of `RunRecord`. Made by `gradient_flow`.

    See Also
    --------
    gradient_flow : Makes it.
    gradflow.flow.RunRecord : Its attributes.
    BidirectionalFlow : Of layers that read in both directions.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> flow
    GradientFlow(RNN(H=1, D=1), T=3, stable at t=3)
    >>> flow.log10("w_x").round(2)[2]
    array([-0.85,  -inf, -1.12])
    """

    cell: Cell
    _backward: BackwardPass

    def __repr__(self) -> str:
        t, added = int(self.targets[-1]), text_of_sum(self.loss, self.readout)
        verdict = fall_and_tail_of(self.log10_row("b", t, layer=0)).verdict
        given = "" if self.mask.all() else f" of {len(self.mask)} steps"
        return f"GradientFlow({self.cell!r}, T={self.T}{given}, {verdict} at t={t}{added})"

    @property
    def slopes(self) -> Tree:
        """The tree of the cell's local derivatives, Scaled arrays of shape (T, H).

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.slopes
        (Scaled(shape=(3, 1)),)
        """
        return self._backward.slopes

    def carried_signals(
        self, t: int, on_step: Callable[[float], None] | None = None
    ) -> tuple[Scaled, ...]:
        """The gradient of one target by every state, as the cell carries it back.

        From a sweep of that target alone, unless it is the only one of the flow or was asked for
        last.

        Parameters
        ----------
        t : int
            Target step, 1 <= t <= T.
        on_step : callable, optional
            As in `gradient_flow`.

        Returns
        -------
        tuple of Scaled arrays of shape (t, H)
            The signals of the cell, lag k in row k - 1: what dL_t/dz of its gates are multiples of.

        Raises
        ------
        ValueError
            If t is not a target step.

        See Also
        --------
        gradflow.signals : The same by the names of the states, of inputs and gates too.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.carried_signals(2)
        (Scaled(shape=(2, 1)),)
        """
        return self._backward.signals(target_step(t, self.T), on_step)

    @property
    def layers(self) -> tuple[Cell, ...]:
        """The layers, that next to the input first; a cell that is no stack is its only layer.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.layers
        (RNN(H=1, D=1),)
        """
        return layers_of(self.cell)

    def digits(self, parameter: str, layer: int | None = None) -> Array:
        """How many decimal digits of each term the float64 states leave.

        The sweep from them keeps every magnitude, and is right to 1e-10 of the sum of the sizes of
        a term's paths: where these cancel to a few digits, the digits lost so are not counted here.
        The first call runs the cell again in higher precision, and its terms once more: it takes
        as long as the flow itself, or somewhat longer.

        Parameters
        ----------
        parameter : str
            As for `log10`.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, T)
            From 0, where nothing of the term is right or its sign is wrong, to 15.95; nan where
            k > t. A term that is exactly zero has all of its digits; one that is zero for the want
            of smaller numbers, or as a sum that cancels, has none. Of norms, the digits of the
            norm.

        Raises
        ------
        ValueError
            If the name or the layer is unknown, or as for `refined`.

        See Also
        --------
        refined : The terms from better states.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(0.5, 1.0, activation="identity")
        >>> flow = gf.gradient_flow(rnn, gf.sequences.sine(40), loss=gf.UnitLoss())
        >>> digits = flow.digits("w_s")
        >>> bool(digits[39, 0] < 1), bool(digits[39, 5] > 13)
        (True, True)
        """
        return shared_digits(self._backward, self._refined_once(refined_pass), parameter, layer)

    def state_digits(self, state: str) -> Array:
        """How many decimal digits each state has, found as in `digits`.

        Parameters
        ----------
        state : str
            A state of the cell: "s" of an RNN, "h" or "c" of an LSTM, "h" of a GRU; of a stack with
            the layer's number before it, "0.h".

        Returns
        -------
        array of shape (T + 1, H)
            The start first, from 0 to 15.95. A state that is 0 for the want of smaller numbers has
            none; where one of a step may be, none that is 0 has any.

        Raises
        ------
        ValueError
            If the name is unknown, or as for `refined`.

        See Also
        --------
        digits : Of the terms.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(0.5, 1.0, activation="identity")
        >>> flow = gf.gradient_flow(rnn, gf.sequences.sine(40), loss=gf.UnitLoss())
        >>> digits = flow.state_digits("s")
        >>> bool(digits[39, 0] < 1), bool(digits[34, 0] > 13)
        (True, True)
        """
        one_of("state", state, self.cell.states)
        return shared_state_digits(self._backward, self._refined_once(refined_pass), state)

    def refined(self, on_step: Callable[[float], None] | None = None) -> GradientFlow:
        """The same flow from a forward pass in higher precision.

        Cells of one unit are run with a hundred decimal digits and any exponent, so that a state
        that cancels, or that float64 would have as 0, keeps its digits; others in longdouble, which
        has 19 where it is wider than float64. States are then rounded.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`, of the sweep, which takes longest; not called where the first
            call has found it all.

        Returns
        -------
        GradientFlow

        Raises
        ------
        ValueError
            If the cell has several units and longdouble is no wider than float64 on this machine.

        See Also
        --------
        digits : How many digits the terms of this flow have.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(0.5, 1.0, activation="identity")
        >>> flow = gf.gradient_flow(rnn, gf.sequences.sine(40), loss=gf.UnitLoss())
        >>> float(flow.refined().log10_row("w_s", t=40)[0].round(2))
        -16.56
        """
        optional_callable("on_step", on_step)
        fine = self._refined_once(refined_pass, on_step)
        return replace(self, trace=fine.trace, _backward=fine)

    def sign(self, parameter: str, layer: int | None = None) -> Array:
        """Signs of the terms.

        Parameters
        ----------
        parameter : str
            One of `parameters`, or "x" for the terms of the inputs.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        int8 array of shape (n, T)
            -1, 0 or 1; 0 where the term is exactly zero and where k > t.

        Raises
        ------
        ValueError
            If the name or the layer is unknown, the name stands for several parameters, or the cell
            is not scalar: a norm has no sign.

        See Also
        --------
        log10, value : The sizes.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.sign("w_x")
        array([[ 1,  0,  0],
               [ 0,  1,  0],
               [ 1,  0, -1]], dtype=int8)
        """
        return term_arrays.signs(self._backward, parameter, layer)

    def signed_log10(self, parameter: str, layer: int | None = None) -> tuple[Array, Array]:
        """`log10` and `sign` at once, in little more than the time of one.

        Parameters
        ----------
        parameter, layer
            As for `sign`.

        Returns
        -------
        log10 : array of shape (n, T)
        sign : int8 array of shape (n, T)

        Raises
        ------
        ValueError
            As for `sign`.

        See Also
        --------
        log10, sign : Either of them.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> log10, sign = flow.signed_log10("w_x")
        >>> log10[2].round(2), sign[2]
        (array([-0.85,  -inf, -1.12]), array([ 1,  0, -1], dtype=int8))
        """
        return term_arrays.signed_log10(self._backward, parameter, layer)

    def log10(self, parameter: str, layer: int | None = None) -> Array:
        """log10 of the magnitudes of the terms.

        Parameters
        ----------
        parameter : str
            One of `parameters`, or a name without its gate ("w_x", "w_h", "b" of an LSTM): the norm
            over the gates together. "x" stands for the inputs: its terms are dL_t/dx_j.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, T)
            log10 of |term|, for vectors of its Frobenius norm; minus infinity where it is exactly
            zero, nan where k > t. Beyond 10^(+-100,000) float64's own spacing of log10 leaves the
            term fewer than ten digits.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        value : The terms as plain numbers.
        log10_row : Of one target step.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.log10("w_x").round(2)
        array([[-0.44,   nan,   nan],
               [ -inf, -0.63,   nan],
               [-0.85,  -inf, -1.12]])
        """
        return term_arrays.log10_sizes(self._backward, parameter, layer)

    def log10_row(self, parameter: str, t: int, layer: int | None = None) -> Array:
        """The row of `log10` of one target step, without the others.

        Parameters
        ----------
        parameter, layer
            As for `log10`.
        t : int
            Target step, one of `targets`.

        Returns
        -------
        array of shape (t,)

        Raises
        ------
        ValueError
            If the name or the layer is unknown, or t no target of the flow.

        See Also
        --------
        log10 : Of every target step.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.log10_row("w_x", t=3).round(2)
        array([-0.85,  -inf, -1.12])
        """
        return term_arrays.log10_row(self._backward, parameter, t, layer)

    def row(self, parameter: str, t: int, layer: int | None = None) -> Scaled:
        """The terms of one target step of a scalar cell, without those of the others.

        Parameters
        ----------
        parameter : str
            As for `log10`, but for "x".
        t : int
            Target step, one of `targets`.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        Scaled array of shape (t,)
            Lag k in entry k - 1. Signed for one parameter, the norm for a name without its gate.

        Raises
        ------
        ValueError
            If the name or the layer is unknown, t no target of the flow, or the cell is not scalar.

        See Also
        --------
        log10_row : The sizes alone, of any cell.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.row("w_x", t=3).plain().round(4)
        array([ 0.1418, -0.    , -0.0763])
        """
        return term_arrays.row(self._backward, parameter, t, layer)

    def value(self, parameter: str, layer: int | None = None) -> Array:
        """The terms as plain float64, which under- and overflow as float64 must.

        Parameters
        ----------
        parameter : str
            As for `log10`.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, T)
            Signed for one parameter of a scalar cell, else the norm; nan where k > t.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        log10, sign : Right at any magnitude.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.value("w_x").round(4)
        array([[ 0.3634,     nan,     nan],
               [ 0.    ,  0.2354,     nan],
               [ 0.1418, -0.    , -0.0763]])
        """
        return term_arrays.values(self._backward, parameter, layer)

    def share(self, parameter: str, layer: int | None = None) -> Array:
        """Each term's share of its row, |term| / sum over k of |term|.

        Parameters
        ----------
        parameter : str
            As for `log10`.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, T)
            nan where k > t, and in a row whose terms are all zero.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        log10 : The sizes themselves.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.share("w_x").round(3)[2]
        array([0.65, 0.  , 0.35])
        """
        return term_arrays.shares(self._backward, parameter, layer)

    def total(self, parameter: str, layer: int | None = None) -> Array:
        """dL_t/dw for every target t: the sum of its terms, as plain float64.

        Parameters
        ----------
        parameter : str
            One of `parameters`; a name without its gate for the gates together; "readout.w_o" or
            "readout.b_o", which belong to no layer. "b_o" is an LSTM's output gate's.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, *shape of the parameter)

        Raises
        ------
        ValueError
            If the name or the layer is unknown. "x" has no total: each of its terms is the gradient
            of another input.

        See Also
        --------
        log10_total, sign_total : Right at any magnitude.
        value : The terms that add up to it.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
        >>> flow.total("b_o").round(4)
        array([0.0115, 0.0151, 0.0009])
        >>> flow.total("readout.b_o").round(4)
        array([0.1743, 0.1584, 0.0235])
        """
        return totals.plain_total(self._backward, self.readout, parameter, layer)

    def log10_total(self, parameter: str, layer: int | None = None) -> Array:
        """log10 of the norm of dL_t/dw for every target t, right at any magnitude.

        Parameters
        ----------
        parameter : str
            As for `total`.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n,)
            Minus infinity where it is exactly zero.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        total : The gradients themselves.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.log10_total("w_x").round(3)
        array([-0.44 , -0.628, -1.184])
        """
        return totals.log10_total(self._backward, self.readout, parameter, layer)

    def sign_total(self, parameter: str, layer: int | None = None) -> Array:
        """Signs of dL_t/dw for every target t, right at any magnitude.

        Parameters
        ----------
        parameter : str
            As for `total`.
        layer : int, optional
            As for `total`.

        Returns
        -------
        int8 array of shape (n, *shape of the parameter)
            -1, 0 or 1; 0 where the total is exactly zero.

        Raises
        ------
        ValueError
            If the name is unknown, or the cell is not scalar and the total not the readout's.

        See Also
        --------
        log10_total : The sizes.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.sign_total("w_x")
        array([1, 1, 1], dtype=int8)
        """
        return totals.sign_total(self._backward, self.readout, parameter, layer)

    def log10_forget_product(self, layer: int | None = None) -> Array:
        """log10 of the product of the forget gates f_q, q = j + 1 .. t.

        Parameters
        ----------
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (n, T)
            0 at k = 1, nan where k > t. For vectors the mean over the units of the log10.

        Raises
        ------
        ValueError
            If the layer is unknown, or has no forget gate.

        See Also
        --------
        log10_forget_row : Of one target step.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
        >>> flow.log10_forget_product().round(3)
        array([[ 0.   ,    nan,    nan],
               [ 0.   , -0.119,    nan],
               [ 0.   , -0.184, -0.302]])
        """
        return forget_products.log10_products(self.cell, self.trace, layer, self.targets)

    def log10_forget_row(self, t: int, layer: int | None = None) -> Array:
        """The row of `log10_forget_product` of one target step, without the others.

        Parameters
        ----------
        t : int
            A step, 1 <= t <= T, whether it is one of `targets` or not.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (t,)

        Raises
        ------
        ValueError
            If t is out of its range, or the layer is unknown or has no forget gate.

        See Also
        --------
        log10_forget_product : Of every target step.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
        >>> flow.log10_forget_row(t=3).round(3)
        array([ 0.   , -0.184, -0.302])
        """
        return forget_products.log10_product_row(self.cell, self.trace, t, layer)

    def by_detours(
        self, parameter: str, layer: int | None = None, *, classes: int = 4
    ) -> PathClasses:
        """The terms by how many of their crossings from step to step run through h.

        Parameters
        ----------
        parameter : str
            As for `log10`.
        layer : int, optional
            The layer of a stack, which must be its last: the paths of a lower layer come down from
            the layers above at every step. May be left out where there is only one.
        classes : int
            How many classes, at least 2. Class 0 is the path along the cell state, class d has d
            detours through h, and the last has all paths with more.

        Returns
        -------
        PathClasses
            Signs for one parameter of a scalar cell, else None.

        Raises
        ------
        ValueError
            If the layer is not an LSTM or not the last, the name is unknown, or `classes` is not a
            whole number from 2 on.

        See Also
        --------
        by_first_gate : Other classes of the same paths.
        gradflow.paths : The single paths.
        gradflow.analysis.by_detours_at : The classes of one term.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
        >>> classes = flow.by_detours("w_xf", classes=3)
        >>> classes
        PathClasses(cell path, 1 detour, 2 or more; T=3)
        >>> classes.log10[:, 2, 1].round(3)
        array([-inf, -inf, -inf])
        """
        division = ByDetours(whole_number("classes", classes, 2) - 1)
        return term_arrays.by_class(self._backward, parameter, layer, division)

    def by_first_gate(self, parameter: str, layer: int | None = None) -> PathClasses:
        """The terms by the gate through which their paths first leave the cell state for h.

        Parameters
        ----------
        parameter : str
            As for `log10`.
        layer : int, optional
            The layer of a stack, which must be its last: the paths of a lower layer come down from
            the layers above at every step. May be left out where there is only one.

        Returns
        -------
        PathClasses
            The path along the cell state, then the others by their first crossing through h,
            counted from the target: through the input gate, the forget gate, the candidate, or the
            output gate. Signs for one parameter of a scalar cell, else None.

        Raises
        ------
        ValueError
            If the layer is not an LSTM or not the last, or the name is unknown.

        See Also
        --------
        by_detours : Other classes of the same paths.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
        >>> flow.by_first_gate("w_xf")
        PathClasses(cell path, input gate, forget gate, candidate, output gate; T=3)
        """
        return term_arrays.by_class(self._backward, parameter, layer, ByFirstGate())

    def sweep_inputs(self, on_step: Callable[[float], None] | None = None) -> None:
        """Find the terms of the inputs now, by a sweep of their own, and keep them.

        Whatever asks for "x" would do it otherwise, and could not be followed or ended.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.sweep_inputs()
        >>> flow.log10("x").round(2)[2]
        array([-1.15, -1.27, -1.42])
        """
        optional_callable("on_step", on_step)
        self._backward.sweep_inputs(on_step)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows: the heatmap of w_x, or text where Plotly is missing."""
        return mime_bundle(self)
