"""`plot_profile`: the terms of one target step, against their lag or the source step."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gradflow.cells import RNN
from gradflow.cells.lstm_gates import LSTMGates
from gradflow.engine.parameter_names import checked_layer, layers_of
from gradflow.figures.builders.display_choices import check_display, check_one_way
from gradflow.figures.builders.flow_records import flow_title, line_colour, row_profile
from gradflow.figures.builders.lag_profile import Line, Profile, profile
from gradflow.figures.builders.lines_by_source import direction_line, source_profile
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.target_by_source import asked_places, places_title
from gradflow.flow import BidirectionalFlow, GradientFlow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.scaled import Array


def plot_profile(
    flow: GradientFlow | BidirectionalFlow,
    t: int | None = None,
    layer: int | None = None,
    *,
    parameter: str = "w_x",
    direction: str | None = None,
    relative: bool = True,
    floor: float = -12.0,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the terms of one target step against their lag.

    A profile is of one target, so t comes first, as in `gradflow.memory`: `plot_profile(flow, 20)`.
    The parameter is given by its name.

    Of an LSTM the product of the forget gates is drawn beside them, which is what the cell state
    alone would keep, and of a scalar RNN the power of w_s without the slopes; both where sizes are
    relative. Layers that read in both directions have terms on both sides of the target, so they
    are drawn against the source step, a curve for each direction.

    Parameters
    ----------
    flow : GradientFlow or BidirectionalFlow
        Terms of one cell on one sequence.
    t : int, optional
        Target step, one of `flow.targets`; the last one if it is left out.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    parameter : str
        As for `GradientFlow.log10`.
    direction : {"forward", "reverse"}, optional
        The only direction of a bidirectional layer that is drawn.
    relative : bool
        Whether sizes are divided by the k = 1 term; in both directions by the largest of the row.
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
        If t is no target step, the parameter, the layer or the direction is unknown, or a display
        argument is none of its choices.

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

    Against the source step, of layers that read in both directions:

    >>> both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9))
    >>> flow = gf.gradient_flow(gf.BidirectionalStack([both]), gf.sequences.ones(50))
    >>> [trace.name for trace in plot_profile(flow, t=20).data]
    ['forward', 'reverse']
    """
    check_display(relative=relative, floor=floor, dark=dark)
    if isinstance(flow, BidirectionalFlow):
        record, title = _by_source(flow, t, layer, parameter, direction, relative)
    else:
        check_one_way(flow, direction)
        record, title = _by_lag(flow, t, layer, parameter, relative)
    heading = f"{title} · dL_t/d{parameter} · t = {record.t}"
    return on_paper(profile(record, floor), dark, heading)


def _by_lag(
    flow: GradientFlow, t: int | None, layer: int | None, parameter: str, relative: bool
) -> tuple[Profile, str]:
    """The curves of layers that run in one direction, and what they are of."""
    step, title = asked_target(flow, t), flow_title(flow, layer)
    row = flow.log10_row(parameter, step, layer)
    kind = layers_of(flow.cell)[0 if layer is None else checked_layer(flow.cell, layer)]
    beside: list[Line] = []
    if relative and isinstance(kind, LSTMGates):
        product = flow.log10_forget_row(step, layer)
        beside.append(Line("forget gates alone", product, "product", "dot"))
    powers = _powers(kind, step) if relative and isinstance(kind, RNN) else None
    rows = [(title, line_colour(flow, layer), row)]
    return row_profile(f"dL_t/d{parameter}", rows, relative, beside, powers), title


def _by_source(
    flow: BidirectionalFlow,
    t: int | None,
    layer: int | None,
    parameter: str,
    direction: str | None,
    relative: bool,
) -> tuple[Profile, str]:
    """The curves of layers that read in both directions, and what they are of."""
    step, places = asked_target(flow, t), asked_places(flow, parameter, layer, direction)
    lines = [
        direction_line(at.direction, flow.log10_row(at.name, step, at.layer, at.direction))
        for at in places
    ]
    lines = lines or [direction_line("inputs", flow.log10_row("x", step, layer, direction))]
    record = source_profile(step, f"dL_t/d{parameter}", lines, relative)
    return record, places_title(flow, places)


def _powers(cell: RNN, t: int) -> Array | None:
    """log10 of |w_s|^(k-1) by lag, (t,); None of a vector cell and where w_s is 0."""
    if not cell.signed or not np.all(cell.weights["w_s"]):
        return None
    return np.arange(t) * float(np.log10(np.abs(np.ravel(cell.weights["w_s"])[0])))
