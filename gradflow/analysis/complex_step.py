"""An independent check of the terms: a complex step through the forward pass."""

import numpy as np

from gradflow.engine.parameter_names import full_name, parts_of
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target
from gradflow.flow.loss_slopes import slope_of_loss
from gradflow.numerics.scaled import Array

_STEP = 1e-30

# An imaginary part up to this is right as a derivative: what is left out is its square.
_LARGEST = 1e-8

# Below this a derivative times the step comes near the end of float64 and loses digits.
_SMALLEST = 1e-260


@requires_flow
def complex_step_total(flow: GradientFlow, layer: int | None = None) -> Array:
    """dL_t/dw_x of each target, without the backward sweep.

    The entries of the cell's w_x are nudged together by an imaginary 1e-30, and the forward pass is
    run once more; the imaginary part of the readout is then the derivative, with no difference of
    near equals. For an LSTM or GRU the input weights of its gates are nudged together.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar cell.
    layer : int, optional
        The layer of a stack whose w_x it is, 0 next to the input; may be left out where there is
        only one.

    Returns
    -------
    array of shape (n,)
        dL_t/dw_x of each target, for an LSTM or GRU its sum over the gates. Plain float64: a
        derivative of the readout below about 1e-260 loses digits, and nan stands where the
        imaginary part of a number has grown too large for a derivative.

    Raises
    ------
    ValueError
        If the cell is not scalar, or the layer is unknown.

    See Also
    --------
    residual : How far the terms are from it.

    References
    ----------
    Squire and Trapp (1998), "Using complex variables to estimate derivatives of real functions".

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.complex_step_total(flow).round(4)
    array([0.3634, 0.2354, 0.0655])
    >>> flow.total("w_x").round(4)
    array([0.3634, 0.2354, 0.0655])
    """
    _must_be_scalar(flow)
    return _total(flow, layer, flow.targets, _slope(flow))


@requires_flow
def residual(flow: GradientFlow, layer: int | None = None) -> Array:
    """How far the terms of w_x are from adding up to dL_t/dw_x.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar cell.
    layer : int, optional
        The layer of a stack whose w_x it is, 0 next to the input; may be left out where there is
        only one.

    Returns
    -------
    array of shape (n,)
        |sum of the terms - `complex_step_total`| / sum of |terms|, for each target; the terms of
        an LSTM's or GRU's gates are added. 0 where all terms are exactly zero and the total is too,
        infinity where the terms are and the total is not; nan where float64 is too short for the
        check: the sum of |terms| overflows, is below 1e-260, or is below 1e-260 of the loss's
        slope, or the nudge has grown too large for a derivative.

    Raises
    ------
    ValueError
        If the cell is not scalar, or the layer is unknown.

    See Also
    --------
    residual_at : Of one target step.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.residual(flow) < 1e-13
    array([ True,  True,  True])
    """
    _must_be_scalar(flow)
    w_x = full_name(flow.cell, "w_x", layer)
    names = parts_of(flow.cell, w_x)
    terms = np.concatenate([flow.value(name) for name in names], axis=1)  # (n, gates * T)
    slope = _slope(flow)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        size = np.nansum(np.abs(terms), axis=1)
        gap = np.abs(np.nansum(terms, axis=1) - _total(flow, layer, flow.targets, slope))
    all_zero = np.all([np.isneginf(np.nanmax(flow.log10(n), axis=1)) for n in names], axis=0)
    return _share(gap, size, all_zero, _largest(slope)[flow.targets - 1])


@requires_flow
def residual_at(flow: GradientFlow, t: int, layer: int | None = None) -> float:
    """The `residual` of one target step, without the terms of the others.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar cell.
    t : int
        Target step, one of `flow.targets`.
    layer : int, optional
        The layer of a stack whose w_x it is, 0 next to the input; may be left out where there is
        only one.

    Returns
    -------
    float
        As an entry of `residual`.

    Raises
    ------
    ValueError
        If the cell is not scalar, t is no target step, or the layer is unknown.

    See Also
    --------
    residual : Of every target step.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
    >>> gf.analysis.residual_at(flow, t=3) < 1e-13
    True
    """
    _must_be_scalar(flow)
    step = asked_target(flow, t)
    w_x = full_name(flow.cell, "w_x", layer)
    rows, slope = [flow.row(name, step) for name in parts_of(flow.cell, w_x)], _slope(flow)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        terms = np.concatenate([row.plain() for row in rows])
        gap = np.abs(terms.sum() - _total(flow, layer, np.array([step]), slope)[0])
        size = np.abs(terms).sum()
    all_zero = not any(row.mantissa.any() for row in rows)
    steepest = _largest(slope)[step - 1]
    return float(_share(*np.atleast_1d(gap, size, all_zero, steepest))[0])


def _share(gap: Array, size: Array, all_zero: Array, slope: Array) -> Array:
    """Gaps as shares of sizes where float64 can tell, as `residual` has it; (n,) each."""
    checkable = np.isfinite(size) & (size > _SMALLEST * np.maximum(slope, 1.0))
    share = np.divide(gap, size, out=np.full(len(size), np.nan), where=checkable)
    return np.where(all_zero & ~np.isnan(gap), np.where(gap == 0.0, 0.0, np.inf), share)


def _largest(slope: Array) -> Array:
    """The largest |dL_t/do_t| of each step, (T,)."""
    return np.asarray(np.abs(slope).reshape(len(slope), -1).max(axis=1))


def _slope(flow: GradientFlow) -> Array:
    """w_t dL_t/do_t, found anew."""
    return slope_of_loss(flow.readout, flow.loss, flow.trace, flow.weights, flow.mask).plain()


def _total(flow: GradientFlow, layer: int | None, targets: Array, slope: Array) -> Array:
    """dL_t/dw_x of some targets, (n,), from the `_slope` of every step."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        derivative = _readout_derivative(flow, layer, int(targets[-1]))[targets - 1]
        total = (slope[targets - 1] * derivative).reshape(len(targets), -1).sum(axis=1)
    return np.asarray(total)


def _must_be_scalar(flow: GradientFlow) -> None:
    if not flow.cell.signed:
        raise ValueError(
            "flow must be of a scalar cell, given as numbers. "
            f"Got a cell with H={flow.cell.H}, D={flow.cell.D} given as arrays."
        )


def _readout_derivative(flow: GradientFlow, layer: int | None, last: int) -> Array:
    """do_t/dw_x of the targets up to a last one, of the shape of their o."""
    cell = flow.cell
    w_x = full_name(cell, "w_x", layer)
    weights = {**cell.weights, w_x: cell.weights[w_x] + _STEP * 1j}
    arrays = cell.run(flow.x[:last], flow.initial_state, weights)
    derivative = flow.readout.outputs(arrays[cell.states[0]][1:]).imag / _STEP
    nudged = [np.abs(array[-last:].imag).reshape(last, -1).max(axis=1) for array in arrays.values()]
    grown = np.maximum.accumulate(np.max(nudged, axis=0)) > _LARGEST
    derivative[grown] = np.nan
    return derivative
