"""`plot_factors`: what one term is the product of."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from gradflow.analysis.term_factors import Factor, factors
from gradflow.cells import LSTM
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.factor_bars import Bar, Group, factor_parts
from gradflow.figures.builders.flow_records import flow_title, line_colour
from gradflow.figures.builders.number_words import signed
from gradflow.figures.builders.paper import on_paper
from gradflow.flow import GradientFlow, requires_flow
from gradflow.flow.arguments import asked_target


@requires_flow
def plot_factors(
    flow: GradientFlow,
    parameter: str,
    t: int | None = None,
    k: int | None = None,
    layer: int | None = None,
    *,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the factors of one term, a bar each: which made it small, and which large.

    Parameters
    ----------
    flow : GradientFlow
        Of a scalar RNN or LSTM.
    parameter : str
        One parameter, such as "w_x" or "w_xf".
    t : int, optional
        Target step, one of `flow.targets`; the last one if it is left out.
    k : int, optional
        Lag, 1 <= k <= t; that of step 1 if it is left out.
    layer : int, optional
        The layer of a stack, which must be its last; may be left out where there is only one.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        One trace: the factors from the loss to the input and, outlined, their product. Of an LSTM
        they are those of the cell path. The one that decides has the full colour.

    Raises
    ------
    ValueError
        If the cell is not a scalar RNN or LSTM, one of the others is not of the flow, or dark is
        not True, False or None.

    See Also
    --------
    plot_path_classes : How much of an LSTM's term the cell path is.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_factors
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), gf.sequences.ones(50))
    >>> [name for name, value in plot_factors(flow, "w_x", t=50, k=20).data[0].customdata]
    ['slope of the loss', 'readout', 'activation slopes', 'recurrent weight', 'input', 'the term']
    """
    check_display(dark=dark)
    step = asked_target(flow, t)
    lag = step if k is None else k
    found = factors(flow, parameter, step, lag, layer)
    is_path = isinstance(flow.layers[-1], LSTM)
    whole = Factor(
        "the cell path" if is_path else "the term",
        "",
        math.prod(factor.sign for factor in found),
        math.fsum(factor.log10 for factor in found),
    )
    sizes = [factor.log10 for factor in found]
    decisive = sizes.index(max(sizes) if whole.log10 > 0.0 else min(sizes))
    title = flow_title(flow, layer) + (", cell path" if is_path else "")
    bars = tuple(map(_bar, found))
    group = Group(title, line_colour(flow, layer), bars, _bar(whole), decisive)
    heading = f"Factors of dL_t/d{parameter} · t = {step}, k = {lag}"
    return on_paper(go.Figure(factor_parts((group,))), dark, heading)


def _bar(factor: Factor) -> Bar:
    return Bar(factor.name, signed(factor.sign, factor.log10), factor.log10)
