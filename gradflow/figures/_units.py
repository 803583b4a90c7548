"""`plot_units`: which hidden units carry the gradient back."""

from __future__ import annotations

import plotly.graph_objects as go

from gradflow.analysis.unit_signal import unit_signals
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.flow_records import flow_title
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.unit_bars import Units, units
from gradflow.flow import GradientFlow, requires_flow


@requires_flow
def plot_units(
    flow: GradientFlow,
    t: int | None = None,
    layer: int | None = None,
    *,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the half-life of every hidden unit's signal, the longest first.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int, optional
        Target step, 1 <= t <= flow.T; the last of `flow.targets` if it is left out.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        A bar for each unit that has a signal; one whose signal does not shrink has no half-life,
        and a colour of its own.

    Raises
    ------
    ValueError
        If t is no target step, the layer is unknown, or dark is not True, False or None.

    See Also
    --------
    gradflow.analysis.unit_signal.unit_signals : The numbers.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> from gradflow.figures import plot_units
    >>> cell = gf.RNN(w_x=[[1.0], [1.0]], w_s=[[0.5, 0.0], [0.0, 0.25]], activation="identity")
    >>> flow = gf.gradient_flow(cell, gf.sequences.ones(20))
    >>> np.round(plot_units(flow).data[0].y, 6).tolist()  # of decays of 1/2 and 1/4 a step
    [1.0, 0.5]
    """
    check_display(dark=dark)
    signals = unit_signals(flow, int(flow.targets[-1]) if t is None else t, layer)
    figure = units(Units(signals.half_life, signals.share, signals.t))
    return on_paper(figure, dark, f"{flow_title(flow, layer)} · hidden units · t = {signals.t}")
