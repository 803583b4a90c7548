"""`plot_comparison`: several networks side by side, on one colour scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from gradflow.figures.builders.colour_scale import Axis, View, colour_range
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.flow_records import row_profile, term_panel
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.flow import GradientFlow
from gradflow.flow.arguments import asked_target
from gradflow.numerics.validation import shown

# Colours of the curves in the order of the networks, by their keys in `colours.LINES`.
_COLOURS = ("RNN", "LSTM", "f", "c", "i", "o")


def plot_comparison(
    flows: Mapping[str, GradientFlow],
    parameter: str = "w_x",
    t: int | None = None,
    layer: int | None = None,
    *,
    relative: bool = True,
    signs: bool = False,
    axis: Axis = "lag",
    floor: float = -12.0,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot the terms of several networks: heatmaps side by side, over the profile of one target.

    Parameters
    ----------
    flows : mapping of str to GradientFlow
        The networks by their names, from left to right, on sequences of one length.
    parameter : str
        As for `GradientFlow.log10`; a name that all of them have, such as "w_x" or "b".
    t : int, optional
        Target step of the profile, one of each flow's `targets`; the last one that all have if it
        is left out.
    layer : int, optional
        The layer of stacks, 0 next to the input; may be left out where there is only one.
    relative, signs, axis, floor, dark
        As for `plot_heatmap`.
    title : str, optional
        What stands above it.

    Returns
    -------
    plotly.graph_objects.Figure
        As wide as there is room; 1150 pixels high. Without flows it has titles alone.

    Raises
    ------
    ValueError
        If the sequences differ in length, t is no target step of all of them, the parameter or the
        layer is unknown to one of the networks, or a display argument is none of its choices.

    See Also
    --------
    plot_heatmap, plot_profile : The same of one network.

    Examples
    --------
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_comparison
    >>> x = gf.sequences.ones(60)
    >>> rnn = gf.gradient_flow(gf.RNN(0.5, 0.9), x)
    >>> lstm = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.2, b_f=5.0), x)
    >>> figure = plot_comparison({"RNN": rnn, "LSTM": lstm})
    >>> sorted({trace.type for trace in figure.data})
    ['heatmap', 'scatter']
    """
    _check_flows(flows)
    check_display(relative=relative, signs=signs, axis=axis, floor=floor, title=title, dark=dark)
    step = _target_step(flows, t)
    panels = [term_panel(flow, parameter, layer, name) for name, flow in flows.items()]
    low, high = colour_range(panels, relative, floor)
    view = View(relative, floor, signs, axis, low, high, dark)
    rows = [
        (panel.title, _COLOURS[number % len(_COLOURS)], panel.log10[step - 1, :step])
        for number, panel in enumerate(panels)
    ]
    record = row_profile(f"dL_t/d{parameter}", rows, relative)
    block = block_size(panels[0].T) if panels else 1
    return on_paper(sheet(panels, view, record, title or "", (), True, None, block), dark)


def _check_flows(flows: Any) -> None:
    """Raise ValueError unless these are flows by their names."""
    named = isinstance(flows, Mapping) and all(isinstance(name, str) for name in flows)
    if not named or not all(isinstance(flow, GradientFlow) for flow in flows.values()):
        raise ValueError(f"flows must be a mapping of names to flows. Got {shown(flows)}.")


def _target_step(flows: Mapping[str, GradientFlow], t: int | None) -> int:
    """The target step, of sequences that are of one length; 0 where there are none."""
    lengths = {name: flow.T for name, flow in flows.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name}: {T}" for name, T in lengths.items())
        raise ValueError(f"flows must be of sequences of one length. Got {said}.")
    if t is not None or not flows:
        return max((asked_target(flow, t) for flow in flows.values()), default=0)
    common = set.intersection(*(set(flow.targets.tolist()) for flow in flows.values()))
    if not common:
        raise ValueError("flows must have a target step in common. Got none that all have.")
    return max(common)
