"""The error of a truncated gradient against the length it is truncated to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from gradflow.analysis.truncation import TruncationCurve
from gradflow.figures.builders.colours import CLASSES, LINES
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.text import escaped
from gradflow.numerics.scaled import Array

# log10 of the smallest error that is shown.
_LOW = -4.0


def error_curves(curve: TruncationCurve, marked: Sequence[float], length: int) -> go.Figure:
    """Errors against lengths, on an axis of powers of ten.

    Parameters
    ----------
    curve : TruncationCurve
        The errors.
    marked : sequence of float
        Errors that a line marks.
    length : int
        The length that is marked.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each parameter, and "all weights"; gaps where there is no error.
    """
    lengths, together = curve.lengths, curve.together.relative_error
    by_parameter = {name: part.relative_error for name, part in curve.by_parameter.items()}
    figure = go.Figure()
    for place, (name, errors) in enumerate(by_parameter.items()):
        colour = CLASSES[place % len(CLASSES)]
        figure.add_trace(_line(name, lengths, errors, {"color": colour, "width": 1, "dash": "dot"}))
    figure.add_trace(_line("all weights", lengths, together, {"color": LINES["LSTM"], "width": 3}))
    figure.update_layout(layout("steps that are kept", "relative error of the gradient"))
    figure.update_xaxes(range=[0.5, max(float(lengths[-1]), 2.0) + 0.5])
    figure.update_yaxes(type="log", range=[_LOW, _high([together, *by_parameter.values()])])
    figure.update_yaxes(tickformat=".3~%", dtick=1)
    quiet = {"color": LINES["reference"], "dash": "dot", "width": 1}
    for error in marked:
        figure.add_hline(error, line=quiet)
    figure.add_vline(min(length, int(lengths[-1])), line=quiet)
    return figure


def _line(name: str, lengths: Array, errors: Array, line: dict[str, object]) -> dict[str, object]:
    return {
        "type": "scatter",
        "name": escaped(name),
        "x": lengths,
        "y": np.where(errors > 0.0, errors, np.nan),
        "mode": "lines" if len(lengths) > 1 else "markers",
        "line": line,
        "connectgaps": False,
        "hovertemplate": "%{x} steps: %{y:.2%}",
    }


def _high(errors: Sequence[Array]) -> float:
    """log10 of the axis' upper end: 100%, or the largest error."""
    largest = max((float(np.nanmax(one, initial=1.0)) for one in errors), default=1.0)
    return float(np.log10(largest)) + 0.1
