"""`plot_path_classes`: which paths carry the gradient of one target, by lag."""

from __future__ import annotations

from typing import Literal

import numpy as np
import plotly.graph_objects as go

from gradflow.analysis.path_shares import signed_shares
from gradflow.engine.path_classes import PathClasses
from gradflow.figures.builders.colours import CLASSES, LINES, REST
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.stacked_shares import Shares, shares
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import one_of, whole_number


@requires_flow
def plot_path_classes(
    flow: GradientFlow,
    parameter: str = "w_xf",
    t: int | None = None,
    layer: int | None = None,
    *,
    by: Literal["detours", "first gate"] = "detours",
    classes: int = 4,
    dark: bool | None = False,
) -> go.Figure:
    """Plot which paths of an LSTM carry the gradient of one target, by lag.

    Parameters
    ----------
    flow : GradientFlow
        Of an LSTM.
    parameter : str
        As for `GradientFlow.by_detours`.
    t : int, optional
        Target step, one of `flow.targets`; the last one if it is left out.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    by : {"detours", "first gate"}
        Whether paths are told apart by how often they run through h, or by the gate through which
        they first leave the cell state for it.
    classes : int
        How many classes there are by detours, 2 to 8.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        The share of each class in the sizes of all, stacked; below the line what works against the
        whole. Norms, of vector cells or of several gates together, have no such sign. Where every
        path of every lag is exactly zero, the figure says so.

    Raises
    ------
    ValueError
        If the cell is not an LSTM, the parameter is unknown, t is no target step, `by` is neither
        of both, there are too few or too many classes, or dark is not True, False or None.

    See Also
    --------
    plot_path_graph : Each single path over a few steps.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_path_classes
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, b_f=1.0), gf.sequences.ones(30))
    >>> figure = plot_path_classes(flow, "w_xf", t=30)
    >>> [trace.name for trace in figure.data if trace.fill]
    ['cell path', '1 detour', '2 detours', '3 or more']
    """
    check_display(dark=dark)
    one_of("by", by, ("detours", "first gate"))
    step = asked_target(flow, t)
    if by == "detours":
        whole_number("classes", classes, 2, len(CLASSES) + 1)
        found = flow.by_detours(parameter, layer, classes=classes)
        colours = (*CLASSES[: len(found.labels) - 1], REST)
    else:
        found = flow.by_first_gate(parameter, layer)
        colours = (CLASSES[0], *(LINES[gate] for gate in "ifco"))
    record = Shares(found.labels, colours, _shares(found, step, flow.index_of(step)))
    return on_paper(shares(record), dark, f"Paths of dL_t/d{parameter} · t = {step}")


def _shares(found: PathClasses, t: int, row: int) -> Array:
    """Shares of the classes at one target, (n, t); negative against the sum of all."""
    log10 = found.log10[:, row, :t]
    if found.sign is None:
        return signed_shares(log10, np.ones(log10.shape), np.ones(t))
    sign = found.sign[:, row, :t]
    along = signed_shares(log10, sign, np.ones(t))
    return signed_shares(log10, sign, np.sign(np.nansum(along, axis=0)))
