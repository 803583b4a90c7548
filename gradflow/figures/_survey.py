"""`plot_survey` and `plot_survey_errors`: many sequences as bands, and what truncation costs."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.step_layout import layout
from gradflow.numerics.validation import shown
from gradflow.surveys import Survey

# The bands, the widest first: two quantiles, and the colour between them.
_BANDS = ((0.05, 0.95, "rgba(59, 143, 212, 0.2)"), (0.25, 0.75, "rgba(59, 143, 212, 0.4)"))


def plot_survey(
    survey: Survey, layer: int | None = None, *, dark: bool | None = False
) -> go.Figure:
    """Plot the sizes of the terms of many sequences against their lag, as bands of quantiles.

    Parameters
    ----------
    survey : Survey
        What `gradflow.survey` returns.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        A band that holds 90% of the terms at each lag, one that holds half, and their median, as
        log10 relative to the first term of each row. Where a quantile is exactly zero is a gap.

    Raises
    ------
    ValueError
        If survey is none, the layer is unknown, or dark is none of its choices.

    See Also
    --------
    gradflow.Survey.bands : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_survey
    >>> rnn = gf.RNN(1.0, 0.1, activation="identity")
    >>> figure = plot_survey(gf.survey(rnn, np.ones((3, 4)), gf.UnitLoss(), "last"))
    >>> figure.data[-1].name, figure.data[-1].y.tolist()
    ('median', [0.0, -1.0, -2.0, -3.0])
    """
    _check(survey, dark)
    figure = go.Figure()
    for low, high, colour in _BANDS:
        bands = survey.bands(layer, [low, high])
        below, above = np.where(np.isfinite(bands.log10), bands.log10, np.nan)
        some = np.isfinite(below) & np.isfinite(above)
        lags = bands.first_lags[some]
        figure.add_scatter(
            name=f"{100 * (high - low):.0f}% of the terms",
            x=np.concatenate([lags, lags[::-1]]),
            y=np.concatenate([below[some], above[some][::-1]]),
            fill="toself",
            fillcolor=colour,
            line={"width": 0},
            hoverinfo="skip",
        )
    middle = survey.bands(layer, [0.5])
    figure.add_scatter(
        name="median",
        x=middle.first_lags,
        y=np.where(np.isfinite(middle.log10[0]), middle.log10[0], np.nan),
        mode="lines+markers" if len(middle.first_lags) == 1 else "lines",
        line={"color": LINES["LSTM"], "width": 2},
        hovertemplate="k = %{x}: 10^%{y:.2f}<extra></extra>",
    )
    figure.update_layout(layout("lag k (k = 1: the target step itself)", "log10 |term| / first"))
    name = survey.layers[0 if layer is None else layer]
    many = "1 sequence" if survey.count == 1 else f"{survey.count} sequences"
    return on_paper(figure, dark, f"{name} · {many}")


def plot_survey_errors(survey: Survey, *, dark: bool | None = False) -> go.Figure:
    """Plot by how much windows and chunks change the mean gradient, against their length.

    Parameters
    ----------
    survey : Survey
        What `gradflow.survey` returns.
    dark : bool or None
        As for `plot_heatmap`.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for sliding windows and one for detached chunks: relative errors.

    Raises
    ------
    ValueError
        If survey is none, no sequence went well, or dark is none of its choices.

    See Also
    --------
    gradflow.Survey.window_curve, gradflow.Survey.chunk_curve : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> from gradflow.figures import plot_survey_errors
    >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
    >>> seen = gf.survey(rnn, np.zeros((3, 20)), gf.UnitLoss(), lengths=[5, 10])
    >>> [trace.y.round(3).tolist() for trace in plot_survey_errors(seen).data]
    [[0.383, 0.119], [0.565, 0.316]]
    """
    _check(survey, dark)
    figure = go.Figure()
    curves = {"sliding windows": survey.window_curve(), "detached chunks": survey.chunk_curve()}
    for (name, curve), colour in zip(curves.items(), ("LSTM", "RNN"), strict=True):
        figure.add_scatter(
            name=name,
            x=curve.lengths,
            y=curve.together.relative_error,
            mode="lines+markers",
            line={"color": LINES[colour], "width": 2},
            hovertemplate="%{x} steps: %{y:.3g}<extra></extra>",
        )
    figure.update_layout(layout("steps kept", "relative error"))
    figure.update_xaxes(type="log")
    return on_paper(figure, dark, "What truncation makes of the mean gradient")


def _check(survey: object, dark: object) -> None:
    if not isinstance(survey, Survey):
        raise ValueError(f"survey must be what gradflow.survey returns. Got {shown(survey)}.")
    check_display(dark=dark)
