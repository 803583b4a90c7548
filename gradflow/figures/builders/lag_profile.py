"""The profile: for one target, the size of the terms against their lag."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from gradflow.figures.builders.colours import GRID, INK, LINES
from gradflow.figures.builders.text import escaped, wrapped
from gradflow.figures.builders.tick_labels import log_ticks, scientific, step_ticks
from gradflow.numerics.scaled import Array

HEIGHT = 400
FONT = 12
SHALLOWEST = -12.0
NOTE_LINE = 16
NOTE_CHARACTERS = 44
REFERENCE = "|w<sub>s</sub>|<sup>k−1</sup>"
SHORT = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}
LABEL_SIDES = (
    "bottom left",
    "top right",
    "middle right",
    "top left",
    "bottom right",
    "middle left",
)

# Pixels of the plot on a narrow screen, and its letters: labels that keep apart there do so on all.
_NARROW = (480.0, 300.0, float(FONT))


class Line(NamedTuple):
    """One curve: its name, log10 of the sizes (n,), a key of `colours.LINES`, dash and width.

    `doubtful`, (n,) bool, says which sizes have too few digits to be drawn; None where all have.
    """

    name: str
    log10: Array
    colour: str
    dash: str = "solid"
    width: int = 2
    doubtful: Array | None = None

    @property
    def known(self) -> Array:
        """log10 of the sizes that have digits enough, (n,); nan of the others."""
        return self.log10 if self.doubtful is None else np.where(self.doubtful, np.nan, self.log10)


@dataclass(frozen=True, eq=False)
class Profile:
    """The terms of one target step, for several cells.

    Attributes
    ----------
    t : int
        Target step; 0 where there is none.
    lags : array of shape (n,)
        k = 1 .. t; source steps j = 1 .. T where `by_source`.
    lines : tuple of Line
        The curves; each log10 has shape (n,), minus infinity where exactly zero, nan where there
        is no term.
    reference : array of shape (n,), optional
        log10 of |w_s|^(k-1).
    zero_lags : mapping
        By a line's name and a format ("float16", ..), the first lag at which that format would have
        returned zero, or None.
    quantity : str
        What is shown: "dL_t/dw_x".
    relative : bool
        Whether sizes are relative to the k = 1 term; to the largest of all where `by_source`.
    log_lags : bool
        Whether lags stand on a logarithmic axis.
    by_source : bool
        Whether curves are against the source step, as of layers that read in both directions.

    Raises
    ------
    ValueError
        If a curve's length is not that of lags, or its colour is unknown.
    """

    t: int
    lags: Array
    lines: tuple[Line, ...]
    reference: Array | None = None
    zero_lags: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    quantity: str = ""
    relative: bool = False
    log_lags: bool = False
    by_source: bool = False

    def __post_init__(self) -> None:
        n = len(self.lags)
        curves = {line.name: line.log10 for line in self.lines}
        if self.reference is not None:
            curves["reference"] = self.reference
        for name, log10 in curves.items():
            if np.shape(log10) != (n,):
                raise ValueError(f"{name} must have shape ({n},). Got {np.shape(log10)}.")
        for line in self.lines:
            if line.colour not in LINES:
                raise ValueError(f"colour must be one of {', '.join(LINES)}. Got {line.colour!r}.")


def profile(record: Profile, floor: float = -12.0, dark: bool | None = None) -> go.Figure:
    """log10 of the sizes of the terms against the lag.

    Parameters
    ----------
    record : Profile
        The curves.
    floor : float
        log10 of the size where the vertical axis ends, unless a marker lies deeper; taken as
        `SHALLOWEST` where it is above that, as a colour scale ends sooner than a curve need.
    dark : bool or None
        As in `View`.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace for each line, the reference, and "zero in .." for the markers of each line.
    """
    return go.Figure(profile_parts(record, floor, dark))


def profile_parts(
    record: Profile, floor: float = -12.0, dark: bool | None = None
) -> dict[str, Any]:
    """The traces and the layout of `profile`, as Plotly's plain mappings."""
    x_axis, y_axis = profile_axes(record, floor)
    layout = {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 62, "r": 10, "t": 10, "b": 50 + NOTE_LINE * len(notes(record)), "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": FONT} if dark is None else {"size": FONT, "color": INK[dark]},
        "xaxis": x_axis,
        "yaxis": y_axis,
        "legend": legend(),
        "hovermode": "x",
        "shapes": [_target_line(record)] if record.by_source else [],
    }
    return {"data": profile_traces(record), "layout": layout}


def profile_traces(
    record: Profile,
    axes: tuple[str, str] = ("x", "y"),
    size: tuple[float, float, float] = _NARROW,
) -> list[dict[str, Any]]:
    """The curves, the reference behind them, and the markers before them.

    Parameters
    ----------
    record : Profile
        The curves.
    axes : tuple of two str
        Horizontal and vertical axis.
    size : tuple of three floats
        Pixels of the plot across and down, and of a letter; labels keep apart at this size.
    """
    place = {"xaxis": axes[0], "yaxis": axes[1]}
    curves = [_curve(record, line) | place for line in record.lines]
    if record.reference is not None:
        reference = Line(REFERENCE, record.reference, "reference", "dash")
        curves.append(_curve(record, reference) | place)
    markers = [
        _markers(record, line, sides) | place
        for line, sides in zip(record.lines, _label_sides(record, size), strict=True)
        if sides
    ]
    return [*curves, *markers]


def profile_axes(record: Profile, floor: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Horizontal and vertical axis."""
    n = max(len(record.lags), 1)
    plain: dict[str, Any] = {"zeroline": False, "gridcolor": GRID, "tickfont": {"size": FONT}}
    first = {"size": FONT + 1}
    small = "".join(
        f"<br><span style='font-size:{FONT}px'>{escaped(note)}</span>" for note in notes(record)
    )
    x_axis = {
        **plain,
        "tickmode": "array",
        "tickvals": step_ticks(n),
        "title": {"text": f"{_counted(record)}{small}", "font": first, "standoff": 6},
        "range": _lag_range(n),
    }
    if record.log_lags:
        ends = [math.log10(0.93), math.log10(1.15 * n)]
        x_axis |= {"type": "log", "range": ends, "tickvals": log_ticks(n)}
    unit = "the largest" if record.by_source else "k = 1"
    size = "size" + (f" relative to {unit}" if record.relative else " of the term")
    low, high = _range(record, floor)
    y_axis = {
        **plain,
        "title": {"text": size, "font": first, "standoff": 4},
        "range": [low, high],
        "tickprefix": "10<sup>",
        "ticksuffix": "</sup>",
        "tickformat": "~g",
        "nticks": 7,
        "automargin": True,
    }
    if high - low <= 6:
        y_axis["dtick"] = 1
    return x_axis, y_axis


def _target_line(record: Profile) -> dict[str, Any]:
    """A dotted line at the target step."""
    line = {"color": LINES["reference"], "dash": "dot", "width": 1}
    ends = {"x0": record.t, "x1": record.t, "y0": 0.0, "y1": 1.0, "yref": "y domain"}
    return {"type": "line", "line": line, **ends}


def _counted(record: Profile) -> str:
    """What the horizontal axis counts."""
    if record.by_source:
        return f"source step j (j = {record.t}: the target step itself)"
    return f"lag k from t = {record.t} (k = 1: the target step itself)"


def legend(**place: Any) -> dict[str, Any]:
    """A flat legend above the plot."""
    return {
        "orientation": "h",
        "x": 0.0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "font": {"size": FONT},
        "bgcolor": "rgba(0,0,0,0)",
        "itemwidth": 30,
        **place,
    }


def notes(record: Profile) -> list[str]:
    """What the markers are and where curves have gaps, as lines of plain text."""
    said = []
    if any(_zero_points(record, line) for line in record.lines):
        said.append("✕ from this lag on, that format returns zero")
    zero = [line for line in record.lines if np.isneginf(line.known).any()]
    gone = [line.name for line in zero if not np.isfinite(line.log10).any()]
    few = [line.name for line in record.lines if line.doubtful is not None and line.doubtful.any()]
    gaps = [line.name for line in zero if line.name not in gone]
    if gone:
        said += wrapped(f"all exactly zero, no curve: {'; '.join(gone)}", NOTE_CHARACTERS)
    if gaps:
        said += wrapped(f"gaps are exact zeros: {'; '.join(gaps)}", NOTE_CHARACTERS)
    if few:
        said += wrapped(f"no curve where digits are too few: {'; '.join(few)}", NOTE_CHARACTERS)
    return said


def _curve(record: Profile, line: Line) -> dict[str, Any]:
    finite = np.isfinite(line.known)
    mantissa, exponent = scientific(line.log10)
    return {
        "type": "scatter",
        "name": line.name if line.name == REFERENCE else escaped(line.name),
        "x": np.asarray(record.lags),
        "y": np.where(finite, line.log10, np.nan),
        "mode": "lines" if _is_whole(line) else "lines+markers",
        "marker": {"size": 5},
        "line": {"color": LINES[line.colour], "dash": line.dash, "width": line.width},
        "connectgaps": False,
        "customdata": np.column_stack([mantissa, exponent]),
        "hovertemplate": (
            f"{'j' if record.by_source else 'k'} = %{{x}}: "
            "%{customdata[0]:.2f}e%{customdata[1]:+d}"
        ),
    }


def _is_whole(line: Line) -> bool:
    """Whether a curve has several terms, and no gap where it has a term."""
    is_term = ~np.isnan(line.log10)
    return int(np.count_nonzero(is_term)) > 1 and bool(np.isfinite(line.known[is_term]).all())


def _zero_points(record: Profile, line: Line) -> list[tuple[int, float, str]]:
    """Lag, log10 and label of a line's markers; formats that end at one lag share a marker."""
    formats: dict[int, list[str]] = {}
    for name, lag in record.zero_lags.get(line.name, {}).items():
        if lag is not None:
            formats.setdefault(int(lag), []).append(SHORT.get(name, escaped(name)))
    points = []
    for lag, names in sorted(formats.items()):
        (places,) = np.nonzero(np.asarray(record.lags) == lag)
        if places.size and np.isfinite(line.known[places[0]]):
            points.append((lag, float(line.log10[places[0]]), " ".join(names)))
    return points


def _lag_range(n: int) -> list[float]:
    return [1.0 - 0.02 * n, n + 0.04 * n] if n > 1 else [0.5, 1.5]


def _label_sides(record: Profile, size: tuple[float, float, float]) -> list[list[str]]:
    """On which side of each marker its label stands, for each line: where no other label is."""
    taken: list[tuple[float, float, float, float]] = []
    chosen, ends = [], _range(record, SHALLOWEST)
    for number, line in enumerate(record.lines):
        own = LABEL_SIDES[number % 3]
        sides = []
        for lag, log10, label in _zero_points(record, line):
            at = _place(record, lag), (log10 - ends[0]) / (ends[1] - ends[0])
            boxes = {side: _label_box(at, label, side, size) for side in _from(own)}
            free = (side for side, box in boxes.items() if not any(_meet(box, b) for b in taken))
            side = next(free, own)
            taken.append(boxes[side])
            sides.append(side)
        chosen.append(sides)
    return chosen


def _from(side: str) -> list[str]:
    return [side, *(other for other in LABEL_SIDES if other != side)]


def _place(record: Profile, lag: int) -> float:
    """How far across the plot a lag stands, 0 to 1."""
    n = max(len(record.lags), 1)
    if record.log_lags:
        return math.log10(max(lag, 1)) / math.log10(1.15 * max(n, 2))
    first, last = _lag_range(n)
    return (lag - first) / (last - first)


def _label_box(
    at: tuple[float, float], label: str, side: str, size: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a label, in pixels; `at` is a share of the plot each way."""
    across, up, letter = size
    x, y = across * at[0], up * at[1]
    width, height, gap = 0.6 * letter * len(label), 1.3 * letter, 4.0
    down, beside = side.split()
    left = x + gap if beside == "right" else x - gap - width
    bottom = {"top": y + gap, "middle": y - 0.5 * height, "bottom": y - gap - height}[down]
    return left, left + width, bottom, bottom + height


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    across = one[0] < other[1] and other[0] < one[1]
    return across and one[2] < other[3] and other[2] < one[3]


def _markers(record: Profile, line: Line, sides: list[str]) -> dict[str, Any]:
    points = _zero_points(record, line)
    return {
        "type": "scatter",
        "name": f"zero in lower precision: {escaped(line.name)}",
        "x": [lag for lag, _, _ in points],
        "y": [log10 for _, log10, _ in points],
        "text": [label for _, _, label in points],
        "mode": "markers+text",
        "textposition": sides,
        "textfont": {"size": FONT, "color": LINES[line.colour]},
        "marker": {"symbol": "x", "size": 8, "color": LINES[line.colour]},
        "cliponaxis": False,
        "showlegend": False,
        "hovertemplate": (
            f"from k = %{{x}} on %{{text}} would return zero ({escaped(line.name)})<extra></extra>"
        ),
    }


def _range(record: Profile, floor: float) -> tuple[float, float]:
    """Ends of the vertical axis, as log10."""
    curves = [line.known for line in record.lines]
    if record.reference is not None:
        curves.append(record.reference)
    values = np.concatenate([np.asarray(curve, dtype=float) for curve in curves] or [np.zeros(0)])
    values = values[np.isfinite(values)]
    if not values.size:
        return floor, 0.0
    high = float(values.max())
    low = max(float(values.min()), min(floor, SHALLOWEST, high - 1.0))
    markers = [log10 for line in record.lines for _, log10, _ in _zero_points(record, line)]
    low = min([low, *markers])
    low, high = math.floor(low), math.ceil(high)
    low -= low == high
    margin = 0.05 * (high - low)
    return low - (2.0 if markers else 1.0) * margin, high + margin
