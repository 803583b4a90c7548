"""`plot_path_graph`: a few steps of an LSTM, unrolled, with one path lit."""

from __future__ import annotations

import plotly.graph_objects as go

from gradflow.analysis.single_paths import paths
from gradflow.analysis.unrolled_cell import unrolled_graph
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.drawn_graph import graph_figure
from gradflow.figures.builders.graph_words import node_words
from gradflow.figures.builders.number_words import signed
from gradflow.figures.builders.paper import on_paper
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.validation import whole_number


@requires_flow
def plot_path_graph(
    flow: GradientFlow,
    parameter: str = "w_xf",
    t: int | None = None,
    k: int | None = None,
    layer: int | None = None,
    *,
    rank: int = 1,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the unrolled graph of a few steps of a scalar LSTM, and one path through it.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar LSTM.
    parameter : str
        One parameter, such as "w_xf".
    t : int, optional
        Target step, one of `flow.targets`; the last one if it is left out.
    k : int, optional
        Lag: how many steps are shown, 1 to 5; if it is left out 3, or as many as there are.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.
    rank : int
        Which path is lit, by size; 1 is the largest.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        Edges are as wide as their local derivative is large. Factors stand on the edges of the path
        that is lit, whose product is its value.

    Raises
    ------
    ValueError
        If the cell is not a scalar LSTM, one of the others is not of the flow, or dark is not True,
        False or None.

    See Also
    --------
    gradflow.paths : The paths themselves.
    plot_path_classes : Paths of any length, added up by class.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_path_graph
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, b_f=1.0), gf.sequences.ones(30))
    >>> figure = plot_path_graph(flow, "w_xf", t=30, k=3)
    >>> [trace.name for trace in figure.data if trace.name.startswith("lit")][:3]
    ['lit h30 L30', 'lit c30 h30', 'lit c29 c30']
    """
    check_display(dark=dark)
    step = asked_target(flow, t)
    lag = min(3, step) if k is None else whole_number("k", k, 1, step)
    first = step + 1 - lag
    found = paths(flow, parameter, step, lag, layer)
    path = found[whole_number("rank", rank, 1, len(found)) - 1]
    graph = unrolled_graph(flow, parameter, step, lag, layer)
    columns = [f"step {number}" for number in range(first, step + 1)]
    figure = graph_figure(graph, path, node_words(flow, graph), columns)
    value = signed(path.sign, path.log10)
    heading = f"Path {rank} of {len(found)} from L_{step} to {parameter} at step {first}: {value}"
    return on_paper(figure, dark, heading)
