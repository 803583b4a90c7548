"""The records that the figures draw, made of a flow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradflow.analysis.memory import rounds_to_zero
from gradflow.engine.parameter_names import checked_layer, layers_of, parts_of, term_name
from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel, relative_to_first
from gradflow.flow import GradientFlow
from gradflow.numerics.scaled import Array

# Targets that a heading names.
_LISTED = 4


def flow_title(flow: GradientFlow, layer: int | None = None) -> str:
    """The kind of the cell; of several layers, which of them it is."""
    layers = layers_of(flow.cell)
    number = 0 if layer is None else checked_layer(flow.cell, layer)
    kind = type(layers[number]).__name__
    return kind if len(layers) == 1 else f"{kind}, layer {number}"


def line_colour(flow: GradientFlow, layer: int | None = None) -> str:
    """The key of `colours.LINES` for the only curve of a flow."""
    kind = flow_title(flow, layer).partition(",")[0]
    return kind if kind in LINES else "f"


def term_panel(
    flow: GradientFlow,
    parameter: str,
    layer: int | None = None,
    title: str | None = None,
    words: Sequence[str] | None = None,
    least_digits: float | None = None,
) -> Panel:
    """A heatmap's content: all terms of one parameter, and nothing at steps that are no targets.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    parameter, layer
        As for `GradientFlow.log10`.
    title : str, optional
        What the heatmap is called instead of the kind of its cell.
    words : sequence of T str, optional
        A word for each step.
    least_digits : float, optional
        Terms with fewer are marked.

    Raises
    ------
    ValueError
        If the parameter or the layer is unknown, or there is not a word for each step.
    """
    name = term_name(flow.cell, parameter, layer)
    signed = flow.cell.signed and len(parts_of(flow.cell, name)) == 1
    log10, sign = (
        flow.signed_log10(parameter, layer) if signed else (flow.log10(parameter, layer), None)
    )
    return Panel(
        title or flow_title(flow, layer),
        f"dL_t/d{parameter}{_rows_told(flow)}",
        _at_targets(flow, log10, np.nan),
        None if sign is None else _at_targets(flow, sign, 0),
        _at_targets(flow, flow.share(parameter, layer), np.nan),
        flow.x[:, 0] if flow.x.shape[1] == 1 else np.linalg.norm(flow.x, axis=1),
        None if words is None else tuple(words),
        doubtful=None if least_digits is None else _doubtful(flow, parameter, layer, least_digits),
    )


def _doubtful(flow: GradientFlow, parameter: str, layer: int | None, least: float) -> Array:
    """Terms with fewer digits, (T, T)."""
    return _at_targets(flow, flow.digits(parameter, layer) < least, False)


def _at_targets(flow: GradientFlow, rows: Array, elsewhere: float) -> Array:
    """Rows of the targets, (n, T), at their steps: (T, T)."""
    if len(rows) == flow.T:
        return rows
    placed = np.full((flow.T, flow.T), elsewhere, rows.dtype)
    placed[flow.targets - 1] = rows
    return placed


def _rows_told(flow: GradientFlow) -> str:
    """Which steps count, and which rows there are, where they are not all."""
    steps = flow.targets.tolist()
    counted = "" if flow.mask.all() else f" · the {flow.T} of {len(flow.mask)} steps that count"
    if len(steps) == flow.T:
        return counted
    said = f"{len(steps)} of {flow.T} targets" if len(steps) > _LISTED else _listed(steps)
    return f"{counted} · {said} alone"


def _listed(steps: list[int]) -> str:
    return f"t = {', '.join(map(str, steps))}"


def row_profile(
    quantity: str,
    rows: Sequence[tuple[str, str, Array]],
    relative: bool,
    beside: Sequence[Line] = (),
    powers: Array | None = None,
) -> Profile:
    """A profile's content: the row of one target, of each network.

    Parameters
    ----------
    quantity : str
        What the terms are of.
    rows : sequence of (title, colour, log10)
        The networks: title, key of `colours.LINES`, and log10 of the terms by lag, of shape (t,).
        Without any, the profile is empty.
    relative : bool
        Whether sizes are divided by the k = 1 term.
    beside : sequence of Line
        Curves that are drawn as they are.
    powers : array of shape (t,), optional
        log10 of the powers of the recurrent weight.
    """
    t = len(rows[0][2]) if rows else 0
    lines = [
        Line(title, relative_to_first(row[None])[0] if relative else row, colour)
        for title, colour, row in rows
    ]
    zero_lags = {title: rounds_to_zero(row) for title, _, row in rows}
    every = (*lines, *beside)
    return Profile(t, np.arange(1, t + 1), every, powers, zero_lags, quantity, relative)
