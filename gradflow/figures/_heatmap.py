"""`plot_heatmap`: every term of one parameter."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import Axis, View, colour_range
from gradflow.figures.builders.display_choices import check_display, check_one_way
from gradflow.figures.builders.flow_records import term_panel
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.target_by_source import flow_panel, square_heatmap
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.flow import BidirectionalFlow, GradientFlow


def plot_heatmap(
    flow: GradientFlow | BidirectionalFlow,
    parameter: str = "w_x",
    layer: int | None = None,
    *,
    direction: str | None = None,
    relative: bool = True,
    signs: bool = False,
    axis: Axis = "lag",
    floor: float = -12.0,
    title: str | None = None,
    words: Sequence[str] | None = None,
    least_digits: float | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot every term of one parameter: target step against lag, or against source step.

    Parameters
    ----------
    flow : GradientFlow or BidirectionalFlow
        Terms of one cell on one sequence. Of layers that read in both directions the square of
        target and source steps is drawn, and `signs` and `axis` say nothing.
    parameter : str
        As for `GradientFlow.log10`: "w_xf", or "w_x" for the norm over the gates together.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    direction : {"forward", "reverse"}, optional
        Which direction of a bidirectional layer.
    relative : bool
        Whether each row is divided by its k = 1 term; in the square by its largest.
    signs : bool
        Whether colours tell signs too, where terms have them.
    axis : {"lag", "source", "log"}
        What the horizontal axis counts: the lag k, the source step j, or the lag on a log scale.
    floor : float
        log10 of the size below which all colours are alike, below 0.
    title : str, optional
        What stands above it instead of the kind of the cell.
    words : sequence of T str, optional
        A word for each step, such as the symbols of a text.
    least_digits : float, optional
        Mark terms with fewer digits than this, 6 for one, as `GradientFlow.digits` has them; it
        takes a second run of the cell. A zero without digits is then not called exact.
    dark : bool or None
        Light letters on dark paper, or dark ones on light paper. None leaves both to the page.

    Returns
    -------
    plotly.graph_objects.Figure
        Trace "terms", and "exactly zero" and "too few digits" where there are such terms. From 400
        steps on each cell is the largest of a block of terms, and the heading says how many.

    Raises
    ------
    ValueError
        If the parameter, the layer or the direction is unknown, there is not a word for each step,
        or a display argument is none of its choices.

    See Also
    --------
    plot_profile : One row of it as a curve.
    plot_comparison : Several networks side by side, on one colour scale.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_heatmap
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), gf.sequences.ones(50))
    >>> figure = plot_heatmap(flow, "w_x")
    >>> figure.layout.yaxis.title.text
    'target step t'
    >>> figure.data[0].z.shape
    (50, 50)
    """
    check_display(
        relative=relative,
        signs=signs,
        axis=axis,
        floor=floor,
        title=title,
        words=words,
        dark=dark,
    )
    if isinstance(flow, BidirectionalFlow):
        square = flow_panel(flow, parameter, layer, direction, title, words, least_digits)
        return on_paper(square_heatmap(square, relative, floor, dark), dark)
    check_one_way(flow, direction)
    panel = term_panel(flow, parameter, layer, title, words, least_digits)
    low, high = colour_range([panel], relative, floor)
    view = View(relative, floor, signs, axis, low, high, dark)
    return on_paper(heatmap(panel, view, block_size(panel.T)), dark)
