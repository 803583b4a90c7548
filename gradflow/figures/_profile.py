"""`plot_profile`: the terms of one target step against their lag."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gradflow.cells import RNN
from gradflow.cells.lstm_gates import LSTMGates
from gradflow.engine.parameter_names import checked_layer, layers_of
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.flow_records import flow_title, line_colour, row_profile
from gradflow.figures.builders.lag_profile import Line, profile
from gradflow.figures.builders.paper import on_paper
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.scaled import Array


@requires_flow
def plot_profile(
    flow: GradientFlow,
    t: int | None = None,
    layer: int | None = None,
    *,
    parameter: str = "w_x",
    relative: bool = True,
    floor: float = -12.0,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the terms of one target step against their lag.

    A profile is of one target, so t comes first, as in `gradflow.memory`: `plot_profile(flow, 20)`.
    The parameter is given by its name.

    Of an LSTM the product of the forget gates is drawn beside them, which is what the cell state
    alone would keep, and of a scalar RNN the power of w_s without the slopes; both where sizes are
    relative.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int, optional
        Target step, one of `flow.targets`; the last one if it is left out.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    parameter : str
        As for `GradientFlow.log10`.
    relative : bool
        Whether sizes are divided by the k = 1 term.
    floor : float
        log10 of the size where the vertical axis ends, below 0, unless a marker lies deeper.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each curve, and one for the lags, if any, from which on float16, bfloat16,
        float32 or float64 would return zero.

    Raises
    ------
    ValueError
        If t is no target step, the parameter or the layer is unknown, or a display argument is none
        of its choices.

    See Also
    --------
    plot_comparison : The profiles of several networks in one plot.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_profile
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.2, b_f=1.0), gf.sequences.ones(50))
    >>> [trace.name for trace in plot_profile(flow, t=20).data]
    ['LSTM', 'forget gates alone']
    """
    check_display(relative=relative, floor=floor, dark=dark)
    step = asked_target(flow, t)
    row = flow.log10_row(parameter, step, layer)
    kind = layers_of(flow.cell)[0 if layer is None else checked_layer(flow.cell, layer)]
    beside: list[Line] = []
    if relative and isinstance(kind, LSTMGates):
        product = flow.log10_forget_row(step, layer)
        beside.append(Line("forget gates alone", product, "product", "dot"))
    powers = _powers(kind, step) if relative and isinstance(kind, RNN) else None
    rows = [(flow_title(flow, layer), line_colour(flow, layer), row)]
    record = row_profile(f"dL_t/d{parameter}", rows, relative, beside, powers)
    heading = f"{flow_title(flow, layer)} · dL_t/d{parameter} · t = {step}"
    return on_paper(profile(record, floor), dark, heading)


def _powers(cell: RNN, t: int) -> Array | None:
    """log10 of |w_s|^(k-1) by lag, (t,); None of a vector cell and where w_s is 0."""
    if not cell.signed or not np.all(cell.weights["w_s"]):
        return None
    return np.arange(t) * float(np.log10(np.abs(np.ravel(cell.weights["w_s"])[0])))
