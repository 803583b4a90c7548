"""`plot_seed_bands`: a measure of training from several seeds."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gradflow.figures.builders.colours import CLASSES, LINES
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.step_layout import layout
from gradflow.figures.builders.text import escaped
from gradflow.figures.builders.training_curves import CURVES
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import shown
from gradflow.training import SeedCurves

_MOST = 5

# Names that have the colour that they have on every page.
_NETWORKS = ("RNN", "LSTM")


def plot_seed_bands(
    curves: Mapping[str, SeedCurves],
    measure: str = "accuracy",
    *,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot a measure of networks that were trained from several seeds, as a line in a band.

    Parameters
    ----------
    curves : mapping of str to SeedCurves
        The networks by their names, at most five.
    measure : str
        A number of a `Checkpoint`.
    title : str, optional
        What stands above it.
    dark : bool or None
        As for `plot_training_film`.

    Returns
    -------
    plotly.graph_objects.Figure
        The median as a line, and the band from the 10% to the 90% quantile.

    Raises
    ------
    ValueError
        If there are no curves or more than five, there is no such measure, or a display argument
        is none of its choices.

    See Also
    --------
    gradflow.training.over_seeds : Makes the curves.
    plot_training_film : One run of each network, with its heatmaps.

    Examples
    --------
    >>> from gradflow.figures import plot_seed_bands
    >>> from gradflow.training import shipped
    >>> figure = plot_seed_bands(shipped.curves_of("recall"), "accuracy")
    >>> [trace.name for trace in figure.data if trace.mode == "lines" and trace.showlegend]
    ['RNN', 'LSTM']
    """
    check_display(title=title, dark=dark)
    named = isinstance(curves, Mapping) and all(isinstance(name, str) for name in curves)
    if not named or not all(isinstance(found, SeedCurves) for found in curves.values()):
        raise ValueError(f"curves must be a mapping of names to SeedCurves. Got {shown(curves)}.")
    if not 1 <= len(curves) <= _MOST:
        raise ValueError(f"curves must be of one to five networks. Got {len(curves)}.")
    figure = go.Figure()
    for (name, found), other in zip(curves.items(), CLASSES, strict=False):
        colour = LINES[name] if name in _NETWORKS else other
        low, middle, high = found.band(measure)
        updates = found.band("update")[1]
        edge = {"width": 0}
        figure.add_trace(_line(updates, low, colour, line=edge))
        figure.add_trace(_line(updates, high, colour, line=edge, fill="tonexty"))
        line = {"color": colour, "width": 2}
        figure.add_trace(
            _line(updates, middle, colour, line=line, showlegend=True, name=escaped(name))
        )
    figure.update_layout(layout("updates", CURVES.get(measure, measure.replace("_", " "))))
    figure.update_layout(legend_traceorder="normal")
    return on_paper(figure, dark, title or "")


def _line(x: Array, y: Array, colour: str, **further: object) -> dict[str, object]:
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "fillcolor": _faint(colour),
        "showlegend": False,
        "hoverinfo": "skip" if "fill" in further else "all",
    } | further


def _faint(colour: str) -> str:
    """A colour of the table, "#rrggbb", to be seen through."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.2)"
