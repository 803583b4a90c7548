"""One term of a scalar LSTM by its detours, without those of the other targets and lags."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradflow.analysis.unrolled_cell import scalar_lstm
from gradflow.cells import LSTM
from gradflow.cells.base import blended
from gradflow.engine.one_layer import last_layer
from gradflow.engine.parameter_names import layer_and_name
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.scaled import ZERO_EXPONENT, Array, Scaled
from gradflow.numerics.validation import one_of, target_step, whole_number

# A number on Python's own arithmetic, which one number at a time is several times as fast as an
# array of one: mantissa and power of two.
_Number = tuple[float, int]
_ZERO: _Number = (0.0, ZERO_EXPONENT)

# A sum's smaller part that lies further below the other than this changes nothing.
_UNSEEN = 64


@dataclass(frozen=True)
class _Step:
    """The four derivatives between (h, c) of one step and of the step before, as `LSTM.moves`."""

    h_by_c: _Number
    c_by_c: _Number
    c_by_h: _Number
    h_by_h: _Number


@requires_flow
def by_detours_at(
    flow: GradientFlow,
    parameter: str,
    t: int,
    k: int,
    layer: int | None = None,
    *,
    classes: int = 4,
) -> tuple[Array, Array]:
    """One term by how many of its crossings from step to step run through h.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    parameter : str
        One parameter, such as "w_xf".
    t, k : int
        Target step and lag, 1 <= k <= t.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.
    classes : int
        How many classes, at least 2, as for `GradientFlow.by_detours`.

    Returns
    -------
    sign : int8 array of shape (classes,)
        -1, 0 or 1.
    log10 : array of shape (classes,)
        log10 of the magnitude; minus infinity where it is exactly zero.

    Raises
    ------
    ValueError
        If the layer is not a scalar LSTM or not the last, or one of the others is not of the flow.

    See Also
    --------
    GradientFlow.by_detours : The same of every term.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> sign, log10 = gf.analysis.by_detours_at(flow, "w_xf", t=3, k=2, classes=3)
    >>> log10.round(3)
    array([-inf, -inf, -inf])
    """
    number, name = layer_and_name(flow.cell, parameter, layer)
    asked = last_layer(flow, number)
    cell = scalar_lstm(asked.cell)
    whole_number("k", k, 1, target_step(t, flow.T))
    one_of("parameter", name, cell.parameters)
    whole_number("classes", classes, 2)
    j = t + 1 - k
    steps = _steps(cell, tuple(slope[j - 1 : t] for slope in asked.slopes))
    on_h, on_c = _carried(flow.state_slope[t - 1], steps, classes)
    signal, slope = cell.gates(asked.slopes)[cell.parameters[name].gate]
    mantissa, exponent = zip(*((on_h, on_c)[signal]), strict=True)
    source = Scaled.of(cell.source(name, asked.trace)[j - 1])
    terms = Scaled.of(np.array(mantissa), np.array(exponent)) * slope[j - 1] * source
    return np.sign(terms.mantissa).astype(np.int8), terms.log10()


def _carried(
    state_slope: Scaled, steps: list[_Step], classes: int
) -> tuple[list[_Number], list[_Number]]:
    """dL_t/dh_j and dL_t/dc_j, complete, of each class."""
    (seed,) = _numbers(state_slope)
    on_h, on_c = [seed] + [_ZERO] * (classes - 1), [_ZERO] * classes
    for step in steps[:-1]:
        on_c = [_sum(c, _product(h, step.h_by_c)) for h, c in zip(on_h, on_c, strict=True)]
        crossing = [
            _sum(_product(c, step.c_by_h), _product(h, step.h_by_h))
            for h, c in zip(on_h, on_c, strict=True)
        ]
        # A crossing is one detour more; the last class keeps its own.
        on_h = [_ZERO, *crossing[:-2], _sum(*crossing[-2:])]
        on_c = [_product(c, step.c_by_c) for c in on_c]
    h_by_c = steps[-1].h_by_c
    return on_h, [_sum(c, _product(h, h_by_c)) for h, c in zip(on_h, on_c, strict=True)]


def _steps(cell: LSTM, slopes: tuple[Scaled, ...]) -> list[_Step]:
    """The steps back, the last first, and at the end what leads from h_j to c_j."""
    h_by_c, c_by_c, i, f, candidate, o = (slope[::-1] for slope in slopes)
    w = Scaled.of(cell.recurrent())
    c_by_h = blended((i, f, candidate), w[:3]).reshape(-1)
    h_by_h = (o[:, :, None] * w[3]).reshape(-1)
    return [
        _Step(*step) for step in zip(*map(_numbers, (h_by_c, c_by_c, c_by_h, h_by_h)), strict=True)
    ]


def _numbers(numbers: Scaled) -> list[_Number]:
    flat = numbers.reshape(-1)
    return list(zip(flat.mantissa.tolist(), flat.exponent.tolist(), strict=True))


def _product(a: _Number, b: _Number) -> _Number:
    mantissa, shift = math.frexp(a[0] * b[0])
    return (mantissa, a[1] + b[1] + shift) if mantissa else _ZERO


def _sum(a: _Number, b: _Number) -> _Number:
    if a[1] < b[1]:
        a, b = b, a
    if a[1] - b[1] > _UNSEEN:
        return a
    mantissa, shift = math.frexp(a[0] + math.ldexp(b[0], b[1] - a[1]))
    return (mantissa, a[1] + shift) if mantissa else _ZERO
