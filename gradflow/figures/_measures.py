"""`plot_measures`: how far back the gradient of every target reaches."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gradflow.analysis import memory
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.flow_records import flow_title, line_colour
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.target_curves import Measure, measure_curves
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.scaled import Array


@requires_flow
def plot_measures(
    flow: GradientFlow,
    t: int | None = None,
    layer: int | None = None,
    *,
    eps: float = 0.01,
    dark: bool | None = False,
) -> go.Figure:
    """Plot horizon and half-life of every target step.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int, optional
        A target step to mark, one of `flow.targets`; the last one if it is left out.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    eps : float
        Share of the k = 1 term that the horizon still counts, 0 < eps <= 1.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces "horizon" and "half-life", in steps, with gaps where the signal does not shrink
        and at steps that are no targets.

    Raises
    ------
    ValueError
        If t is no target step, eps is out of its range, the layer is unknown, or dark is not True,
        False or None.

    See Also
    --------
    gradflow.memory.over_targets : The numbers.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_measures
    >>> flow = gf.gradient_flow(gf.RNN(0.5, 0.5, activation="identity"), gf.sequences.ones(12))
    >>> figure = plot_measures(flow)
    >>> figure.data[0].y.tolist()  # 0.5^6 is the last power above 1%
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0]
    """
    check_display(dark=dark)
    step = asked_target(flow, t)
    reach = memory.over_targets(flow, eps=eps, layer=layer)
    colour = line_colour(flow, layer)
    curves = [
        Measure("horizon", _by_step(flow, [one.horizon for one in reach]), colour),
        Measure("half-life", _by_step(flow, [one.half_life for one in reach]), colour, "dot"),
    ]
    heading = f"{flow_title(flow, layer)} · how far back the gradient of each target reaches"
    return on_paper(measure_curves(curves, step), dark, heading)


def _by_step(flow: GradientFlow, measure: list[float]) -> Array:
    """A measure of each target at its step, (T,); nan at others."""
    steps = np.full(flow.T, np.nan)
    steps[flow.targets - 1] = measure
    return steps
