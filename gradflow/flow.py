"""`gradient_flow`: the forward pass, the backward sweep, and the terms it leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.arguments import (
    check_forward,
    check_kind,
    checked_inputs,
    checked_slope,
    checked_start,
)
from gradflow.cells import LSTM
from gradflow.cells.base import Cell, Tree
from gradflow.checks import frozen, target_step, whole_number
from gradflow.detours import ByDetours, ByFirstGate, PathClasses, class_terms
from gradflow.inputs import input_terms
from gradflow.losses import Loss, Readout, SquaredError, UnitLoss
from gradflow.model import Model
from gradflow.names import checked_layer, full_name, layers_of
from gradflow.scaled import (
    ZERO_EXPONENT,
    Array,
    Scaled,
    lagged,
    log10_hypotenuse,
    log10_scaled,
    shifted,
)
from gradflow.sweep import carry_back
from gradflow.terms import Deltas, Recorded, Terms, backward, blocks, clear, filled, log10_norm
from gradflow.totals import columns_apart, swept

_READOUT = ("w_o", "b_o", "readout_b_o")


@dataclass(frozen=True)
class _Backward:
    """What the sweep started from and what it left.

    loss_slope is dL_t/do_t, (T,) or (T, O); seeds is dL_t/dh_t, (T, H); slopes is the tree of the
    cell's local derivatives, (T, H) each.
    """

    loss_slope: Scaled
    seeds: Scaled
    slopes: Tree
    deltas: Deltas


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """The terms of dL_t/dw for every target step t, lag k and parameter w.

    A (T, T) array of terms has target step t in row t - 1 and lag k in column k - 1; the source
    step is j = t + 1 - k, and k = 1 is the target step itself. Made by `gradient_flow`.

    Attributes
    ----------
    cell : Cell
        The cell.
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    readout : Readout
        The readout.
    loss : Loss
        The loss.
    initial_state : mapping
        Starting states by name, arrays of shape (H,).
    trace : RNNTrace, LSTMTrace, GRUTrace or StackTrace
        What the forward pass made.
    """

    cell: Cell
    x: Array
    readout: Readout
    loss: Loss
    initial_state: Mapping[str, Array]
    trace: Any
    _backward: _Backward

    @property
    def T(self) -> int:
        """Sequence length."""
        return len(self.x)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters whose terms can be asked for, one gate each.

        Those of a stack hold their layer: "0.w_xf" is the w_xf of layer 0, and may be asked for as
        that or with the argument `layer`.
        """
        return tuple(self.cell.parameters)

    @property
    def loss_slope(self) -> Scaled:
        """dL_t/do_t, (T,) or (T, O), as mantissa and power of two."""
        return self._backward.loss_slope

    @property
    def state_slope(self) -> Scaled:
        """dL_t/dh_t, (T, H), as mantissa and power of two."""
        return self._backward.seeds

    @property
    def slopes(self) -> Tree:
        """The tree of the cell's local derivatives, Scaled arrays of shape (T, H)."""
        return self._backward.slopes

    @property
    def layers(self) -> tuple[Cell, ...]:
        """The layers, that next to the input first; a cell that is no stack is its only layer."""
        return layers_of(self.cell)

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
        int8 array of shape (T, T)
            -1, 0 or 1; 0 where the term is exactly zero and where k > t.

        Raises
        ------
        ValueError
            If the name or the layer is unknown, the name stands for several parameters, or the cell
            is not scalar: a norm has no sign.
        """
        if not self.cell.signed:
            raise ValueError(
                "sign must be asked of a scalar cell, whose terms are numbers. "
                f"Got a cell with H={self.cell.H}, D={self.cell.D} given as arrays."
            )
        name = self._full_name(parameter, layer)
        if name in self.cell.groups:
            raise ValueError(
                "parameter must name one gate: a norm over the gates has no sign. "
                f"Got {parameter!r}."
            )
        signs = np.zeros((self.T, self.T), np.int8)
        terms = self._terms(name)
        for targets in blocks(self.T):
            signs[targets, : targets.stop] = np.sign(filled(terms, targets)[0])
        return frozen(signs)

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
        array of shape (T, T)
            log10 of |term|, for vectors of its Frobenius norm; minus infinity where it is exactly
            zero, nan where k > t. Beyond 10^(+-100,000) float64's own spacing of log10 leaves the
            term fewer than ten digits.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.
        """
        terms = self._sizes(self._full_name(parameter, layer))

        def log10(targets: slice, out: Array) -> None:
            out[:, : targets.stop] = log10_norm([filled(some, targets) for some in terms])

        return self._filled(log10)

    def log10_row(self, parameter: str, t: int, layer: int | None = None) -> Array:
        """The row of `log10` of one target step, without the others.

        Parameters
        ----------
        parameter, layer
            As for `log10`.
        t : int
            Target step, 1 <= t <= T.

        Returns
        -------
        array of shape (t,)

        Raises
        ------
        ValueError
            If the name or the layer is unknown, or t out of its range.
        """
        if self.cell.signed and parameter != "x":
            return frozen(self.row(parameter, t, layer).log10())
        terms = self._sizes(self._full_name(parameter, layer))
        step = target_step(t, self.T)
        row = log10_norm([filled(some, slice(step - 1, step)) for some in terms])
        return frozen(row.reshape(step))

    def row(self, parameter: str, t: int, layer: int | None = None) -> Scaled:
        """The terms of one target step of a scalar cell, without those of the others.

        Parameters
        ----------
        parameter : str
            As for `log10`, but for "x".
        t : int
            Target step, 1 <= t <= T.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        Scaled array of shape (t,)
            Lag k in entry k - 1. Signed for one parameter, the norm for a name without its gate.

        Raises
        ------
        ValueError
            If the name or the layer is unknown, t out of its range, or the cell is not scalar.
        """
        if not self.cell.signed:
            raise ValueError(
                "row must be asked of a scalar cell, whose terms are numbers. "
                f"Got a cell with H={self.cell.H}, D={self.cell.D} given as arrays."
            )
        name, step = full_name(self.cell, parameter, layer), target_step(t, self.T)
        if name not in self.cell.groups:
            return self._row(name, step)
        rows = [self._row(part, step).reshape(step, 1) for part in self._parts(name)]
        return Scaled.beside(rows).norm(axis=1)

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
        array of shape (T, T)
            Signed for one parameter of a scalar cell, else the norm; nan where k > t.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.
        """
        name = self._full_name(parameter, layer)
        if name not in self.cell.groups:
            terms = self._terms(name)

            def plain(targets: slice, out: Array) -> None:
                exponent = terms.fill(targets, out)
                if exponent.ndim:
                    out[:, : targets.stop] = shifted(out[:, : targets.stop], exponent)

            value = self._filled(plain)
            return value if self.cell.signed else frozen(np.abs(value))
        with np.errstate(over="ignore", under="ignore"):
            return frozen(10.0 ** self.log10(name))

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
        array of shape (T, T)
            nan where k > t, and in a row whose terms are all zero.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.
        """
        size = self.log10(parameter, layer)
        top = np.nanmax(size, axis=1, keepdims=True)
        relative = 10.0 ** (size - np.where(np.isfinite(top), top, 0.0))
        total = np.nansum(relative, axis=1, keepdims=True)
        return frozen(relative / np.where(total > 0.0, total, np.nan))

    def total(self, parameter: str, layer: int | None = None) -> Array:
        """dL_t/dw for every target t: the sum of its terms, as plain float64.

        Parameters
        ----------
        parameter : str
            One of `parameters`; a name without its gate for the gates together; "w_o" and "b_o" for
            the readout. The "b_o" of an LSTM is its output gate's, and "readout_b_o" the readout's;
            with several layers "b_o" is the readout's unless a layer is given.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (T, *shape of the parameter)

        Raises
        ------
        ValueError
            If the name or the layer is unknown. "x" has no total: each of its terms is the gradient
            of another input.
        """
        name = self._full_name(parameter, layer, total=True)
        scaled = self._scaled_total(name)
        if scaled is not None:
            return frozen(scaled.plain())
        plain = np.zeros(self.T, np.int64)
        totals = [self._swept_total(part, plain) for part in self._parts(name)]
        together = totals[0] if name in self.parameters else np.stack(totals, axis=1)
        return frozen(together.reshape(self.T, *self._shape(name)))

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
        array of shape (T,)
            Minus infinity where it is exactly zero.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.
        """
        name = self._full_name(parameter, layer, total=True)
        scaled = self._scaled_total(name)
        if scaled is not None:
            return frozen(scaled.reshape(self.T, -1).norm(axis=1).log10())
        norms = [self._log10_swept_norm(part) for part in self._parts(name)]
        return frozen(functools.reduce(log10_hypotenuse, norms))

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
        int8 array of shape (T, *shape of the parameter)
            -1, 0 or 1; 0 where the total is exactly zero.

        Raises
        ------
        ValueError
            If the name is unknown, or the cell is not scalar and the total not the readout's.
        """
        scaled = self._scaled_total(self._full_name(parameter, layer, total=True))
        if scaled is None:
            raise ValueError(
                "sign_total must be asked of a scalar cell, whose terms are numbers. "
                f"Got a cell with H={self.cell.H}, D={self.cell.D} given as arrays."
            )
        return frozen(np.sign(scaled.mantissa).astype(np.int8))

    def log10_forget_product(self, layer: int | None = None) -> Array:
        """log10 of the product of the forget gates f_q, q = j + 1 .. t.

        Parameters
        ----------
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (T, T)
            0 at k = 1, nan where k > t. For vectors the mean over the units of the log10.

        Raises
        ------
        ValueError
            If the layer is unknown, or has no forget gate.
        """
        summed = np.cumsum(self._log10_forget(layer))
        before = lagged(summed)

        def products(targets: slice, out: Array) -> None:
            out[:, : targets.stop] = summed[targets, None] - before[targets, : targets.stop]

        return self._filled(products)

    def log10_forget_row(self, t: int, layer: int | None = None) -> Array:
        """The row of `log10_forget_product` of one target step, without the others.

        Parameters
        ----------
        t : int
            Target step, 1 <= t <= T.
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of shape (t,)

        Raises
        ------
        ValueError
            If t is out of its range, or the layer is unknown or has no forget gate.
        """
        summed = np.cumsum(self._log10_forget(layer)[: target_step(t, self.T)])
        return frozen(summed[-1] - summed[::-1])

    def by_detours(self, parameter: str, classes: int = 4) -> PathClasses:
        """The terms by how many of their crossings from step to step run through h.

        Parameters
        ----------
        parameter : str
            As for `log10`.
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
            If the cell is not an LSTM, the name is unknown, or `classes` is not a whole number from
            2 on.
        """
        return self._by_class(parameter, ByDetours(whole_number("classes", classes, 2) - 1))

    def by_first_gate(self, parameter: str) -> PathClasses:
        """The terms by the gate through which their paths first leave the cell state for h.

        Parameters
        ----------
        parameter : str
            As for `log10`.

        Returns
        -------
        PathClasses
            The path along the cell state, then the others by their first crossing through h,
            counted from the target: through the input gate, the forget gate, the candidate, or the
            output gate. Signs for one parameter of a scalar cell, else None.

        Raises
        ------
        ValueError
            If the cell is not an LSTM, or the name is unknown.
        """
        return self._by_class(parameter, ByFirstGate())

    def _log10_forget(self, layer: int | None) -> Array:
        """log10 f_j of a layer, (T,)."""
        number = checked_layer(self.cell, layer)
        cell, traces = self.layers[number], getattr(self.trace, "layers", (self.trace,))
        log10_forget: Callable[[Any], Array] | None = getattr(cell, "log10_forget", None)
        if log10_forget is None:
            raise ValueError(
                f"cell must have a forget gate, as an LSTM has. Got {type(cell).__name__}."
            )
        return log10_forget(traces[number])

    def _row(self, name: str, t: int) -> Scaled:
        """The terms of one parameter; the rows of the target asked for last are kept."""
        target, deltas, rows = vars(self).get("_last_target", (0, (), {}))
        if target != t:
            deltas, rows = self._backward.deltas.of_target(t), {}
            vars(self)["_last_target"] = (t, deltas, rows)
        if name not in rows:
            gate = self.cell.parameters[name].gate
            rows[name] = deltas[gate] * self._source(name)[:t, 0][::-1]
        return rows[name]

    def _by_class(self, parameter: str, division: ByDetours | ByFirstGate) -> PathClasses:
        if not isinstance(self.cell, LSTM):
            raise ValueError(
                "cell must be an LSTM, whose paths run along the cell state or through h. "
                f"Got {type(self.cell).__name__}."
            )
        names = self._parts(full_name(self.cell, parameter, None, ()))
        parts = [self.cell.parameters[name] for name in names]
        gates = self._backward.deltas.gates
        factor = self._source(names[0])
        return class_terms(
            self.cell,
            self._backward.slopes,
            self._backward.seeds,
            tuple(gates[part.gate] for part in parts),
            factor[:, 0] if self.cell.signed else factor.norm(axis=1),
            division,
        )

    def _full_name(self, parameter: str, layer: int | None, total: bool = False) -> str:
        """The name as the cell has it; "x" and the names of the readout stay as they are."""
        if parameter != "x":
            return full_name(self.cell, parameter, layer, _READOUT if total else ())
        if total:
            raise ValueError("parameter must be a weight: the inputs have no total. Got 'x'.")
        if layer is not None and checked_layer(self.cell, layer):
            raise ValueError(f"layer must be 0 for 'x', the input of layer 0. Got {layer}.")
        return "x"

    def _parts(self, name: str) -> tuple[str, ...]:
        """The parameters that a full name stands for."""
        return self.cell.groups.get(name, (name,))

    def sweep_inputs(self, on_step: Callable[[float], None] | None = None) -> None:
        """Find the terms of the inputs now, by a sweep of their own, and keep them.

        Whatever asks for "x" would do it otherwise, and could not be followed or ended.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`.
        """
        if "_inputs" not in vars(self):
            vars(self)["_inputs"] = self._input_terms(on_step)

    @functools.cached_property
    def _inputs(self) -> Terms:
        return self._input_terms(None)

    def _input_terms(self, on_step: Callable[[float], None] | None) -> Terms:
        """dL_t/dx_j, from a sweep of its own."""
        backward = self._backward
        mantissa, exponent = input_terms(self.cell, backward.slopes, backward.seeds, on_step)
        return Recorded(mantissa[None], exponent[None]).times(0, Scaled.of(np.ones(self.T)))

    def _sizes(self, name: str) -> list[Terms]:
        """Terms whose root of the sum of squares is the size of those of that name."""
        if name == "x":
            return [self._inputs]
        return [
            part
            for gates, factor in self._by_source(self._parts(name))
            for part in self._backward.deltas.of_gates(gates, factor)
        ]

    def _terms(self, parameter: str) -> Terms:
        """The terms of one parameter, or of the inputs; their norms in a vector cell."""
        if parameter == "x":
            return self._inputs
        gate, factor = self.cell.parameters[parameter].gate, self._source(parameter)
        size = factor[:, 0] if self.cell.signed else factor.norm(axis=1)
        return self._backward.deltas.of_gate(gate, size)

    def _by_source(self, names: tuple[str, ...]) -> list[tuple[tuple[int, ...], Scaled]]:
        """Gates whose weights multiplied the same, and its norm at each step, (T,)."""
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(self.cell.parameters[name].source, []).append(name)
        return [
            (
                tuple(self.cell.parameters[name].gate for name in several),
                self._source(several[0]).norm(axis=1),
            )
            for several in alike.values()
        ]

    def _source(self, parameter: str) -> Scaled:
        """What the weight multiplied at each step, (T, D), (T, H) or (T, 1)."""
        return Scaled.of(self.cell.source(parameter, self.trace))

    def _filled(self, fill: Callable[[slice, Array], None]) -> Array:
        """A (T, T) array of which `fill` writes a block of rows; nan where k > t."""
        array = np.empty((self.T, self.T))
        for targets in blocks(self.T):
            fill(targets, array[targets])
            clear(array[targets], targets)
        return frozen(array)

    def _sums(self, parameter: str) -> Scaled:
        """The terms of a scalar cell added up over k, shape (T, 1)."""
        terms = self._terms(parameter)
        sums = [Scaled.of(*filled(terms, some)).sum(axis=1) for some in blocks(self.T)]
        return Scaled.stacked(sums)[:, None]

    def _shape(self, parameter: str) -> tuple[int, ...]:
        """The shape of a parameter of the cell, as the cell holds it."""
        if parameter in self.cell.weights:
            return self.cell.weights[parameter].shape
        group = next(g for g, names in self.cell.groups.items() if parameter in names)
        return self.cell.weights[group].shape[1:]

    def _scaled_total(self, parameter: str) -> Scaled | None:
        """The totals of a readout or of a scalar cell, (T, *shape); None of a vector cell."""
        if parameter not in (*self.parameters, *self.cell.groups):
            return self._readout_total(parameter)
        if not self.cell.signed:
            return None
        sums = Scaled.beside([self._sums(name) for name in self._parts(parameter)])
        return sums.reshape(self.T, *self._shape(parameter))

    def _swept_total(self, parameter: str, unit: Array) -> Array:
        """The totals of one parameter of a vector cell over 2^unit, (T, H, D)."""
        gate, source = self.cell.parameters[parameter].gate, self._source(parameter)
        parts = (
            np.split(np.arange(source.shape[1]), source.shape[1])
            if columns_apart(source)
            else [slice(None)]
        )
        totals = [
            swept(
                carry_back(self.cell, self._backward.slopes, self._backward.seeds),
                self._backward.deltas.gates[gate],
                source[:, columns],
                unit,
            )
            for columns in parts
        ]
        return totals[0] if len(totals) == 1 else np.concatenate(totals, axis=2)

    def _log10_swept_norm(self, parameter: str) -> Array:
        """log10 of the norm of one parameter's total in a vector cell, (T,)."""
        terms = Scaled.of(*filled(self._terms(parameter), slice(0, self.T)))
        largest = terms.exponent.max(axis=1)
        unit = np.where(largest == ZERO_EXPONENT, 0, largest)
        totals = self._swept_total(parameter, unit).reshape(self.T, -1)
        return log10_scaled(np.sqrt(np.einsum("tn,tn->t", totals, totals)), unit)

    def _readout_total(self, parameter: str) -> Scaled:
        slope = self._backward.loss_slope.reshape(self.T, -1)  # (T, O)
        if parameter == "w_o":
            hidden = Scaled.of(self.trace.hidden[1:])
            terms, shape = slope[:, :, None] * hidden[:, None, :], self.readout.w_o.shape
            terms = terms.reshape(self.T, -1)
        else:
            terms, shape = slope, self.readout.b_o.shape
        return terms.reshape(self.T, *shape) if shape else terms.sum(axis=1)


def gradient_flow(
    cell: Cell | Model,
    x: Any,
    readout: Readout | None = None,
    loss: Loss | None = None,
    initial_state: Mapping[str, Any] | None = None,
    on_step: Callable[[float], None] | None = None,
) -> GradientFlow:
    """Run a cell on a sequence and carry the gradient of every target back to every source step.

    Parameters
    ----------
    cell : RNN, LSTM, GRU or Stack, or Model
        The cell, layers of cells, or what `load` and `from_state_dict` return.
    x : array of shape (T,) or (T, D)
        Inputs; (T,) where D = 1.
    readout : Readout, optional
        o_t = w_o h_t + b_o; unless given the model's, and for a cell w_o = 1 and b_o = 0.
    loss : loss, optional
        L_t as a function of o_t; unless given the unit loss for a model, whose file does not tell
        its loss, and for a cell the squared error with target 0.
    initial_state : mapping, optional
        Starting states by name: "s" for an RNN, "h" and "c" for an LSTM, "h" for a GRU, and for a
        stack with the layer before them, "0.h". Numbers or arrays of shape (H,); 0 unless given.
    on_step : callable, optional
        Called after each source step with the share of the work that is done, above 0 and up to 1.
        What it raises ends the run. Cells of one unit take many steps at once and need not call it.

    Returns
    -------
    GradientFlow

    Raises
    ------
    ValueError
        If an argument is empty, not finite or of the wrong shape, or the forward pass overflows.

    References
    ----------
    Werbos (1990), "Backpropagation through time: what it does and how to do it".
    """
    if isinstance(cell, Model):
        readout = cell.readout if readout is None else readout
        loss = UnitLoss() if loss is None else loss
        cell = cell.cell
    readout = Readout() if readout is None else readout
    loss = SquaredError() if loss is None else loss
    check_kind("cell", cell, Cell, "a cell, such as RNN or LSTM")
    check_kind("readout", readout, Readout, "a Readout")
    check_kind("loss", loss, Loss, "a loss, such as SquaredError()")
    inputs = checked_inputs(x, cell.D)
    start = checked_start({} if initial_state is None else initial_state, cell)
    w_o = readout.matrix(cell.H)
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = cell.run(inputs, start, cell.weights)
        o = readout.outputs(arrays[cell.states[0]][1:])
    arrays = {"x": inputs, **arrays, "o": o}
    check_forward(arrays)
    trace = cell.trace(**{name: frozen(array) for name, array in arrays.items()})
    loss_slope = checked_slope(loss, o)
    seeds = loss_slope.reshape(len(o), -1) @ w_o  # (T, O) @ (O, H)
    for slope in (loss_slope, seeds):
        frozen(slope.mantissa)
        frozen(slope.exponent)
    slopes = cell.slopes(trace)
    return GradientFlow(
        cell,
        inputs,
        readout,
        loss,
        MappingProxyType(start),
        trace,
        _Backward(loss_slope, seeds, slopes, backward(cell, slopes, seeds, on_step)),
    )
