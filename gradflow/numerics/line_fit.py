"""A line with at most one bend through one row of log10 sizes, which outliers do not draw away."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from gradflow.numerics.exponent_bounds import LEAST_FULL
from gradflow.numerics.scaled import Array

# The last part of a line takes at least so many lags, and this share of them.
_LAST_LAGS, _LAST_SHARE = 4, 0.5

# A bend counts where it takes away half of a mean deviation that was at least this.
_WORTH = 0.1

# Places of a bend that are tried side by side; then those between the best and its neighbours.
_TRIED = 16

_ROUNDS, _LAST_ROUNDS = 6, 25

# Deviations below this share of the mean deviation, or of the heights' range, weigh alike.
_LEAST, _LEAST_OF_RANGE = 1e-6, 1e-10

Heights = tuple[float, float, float]


class BentLine(NamedTuple):
    """A line through points (lag k, y), straight or with one bend.

    Attributes
    ----------
    bend : int or None
        The lag of the bend.
    start : float
        Height at k = 1.
    slopes : tuple of two floats
        Before the bend and behind it; the same twice where there is none.
    """

    bend: int | None
    start: float
    slopes: tuple[float, float]

    def at(self, k: Array) -> Array:
        """Heights at lags."""
        before = np.minimum(k, math.inf if self.bend is None else self.bend) - 1.0
        return self.start + self.slopes[0] * before + self.slopes[1] * (k - 1.0 - before)


def bent_line(k: Array, y: Array) -> BentLine:
    """The line of least absolute deviations, with a bend if that is worth it.

    Parameters
    ----------
    k : array of shape (n,)
        Lags, ascending.
    y : array of shape (n,)
        Finite heights.

    Returns
    -------
    BentLine
        A bend lies at a lag from 2 on, with at least four lags and half of them behind it. It
        is there where it takes away half or more of a mean deviation of 0.1 or more, among the
        lags up to it or among those behind it. Start and slopes are nan where there are fewer than
        two points.

    References
    ----------
    Least absolute deviations by weights that are renewed: Schlossmacher (1973), "An iterative
    technique for absolute deviations curve fitting".
    """
    if len(k) < 2:
        return BentLine(None, math.nan, (math.nan, math.nan))
    first = float(y[0])
    line = _bent_line_from_zero(k, y - first)
    return line._replace(start=line.start + first)


def _bent_line_from_zero(k: Array, y: Array) -> BentLine:
    """The same of heights that begin at 0: what rounding then leaves of a flat row is nothing."""
    straight = _fitted(k, y, math.inf)
    last = k[-1] - max(_LAST_LAGS, math.ceil(_LAST_SHARE * k[-1]))
    places = k[1:][k[1:] <= last]
    if not len(places) or np.abs(y - straight.at(k)).max() < _WORTH:
        return straight
    few = np.unique(np.geomspace(1, len(places), min(_TRIED, len(places))).round().astype(int)) - 1
    best = _best(k, y, places[few])
    near = few[max(0, best - 1) : best + 2]
    between = np.arange(near[0], near[-1] + 1)
    some = np.unique(np.linspace(near[0], near[-1], min(_TRIED, len(between))).round().astype(int))
    place = places[some][_best(k, y, places[some])]
    bent = _fitted(k, y, float(place))
    return bent if _is_worth_it(k, y, straight, bent) else straight


def _best(k: Array, y: Array, places: Array) -> int:
    """Which of some places of the bend leaves the least."""
    basis = _basis(k, places.astype(np.float64))
    return int(_off(y, basis, _heights(y, basis, _ROUNDS)).sum(axis=1).argmin())


def _fitted(k: Array, y: Array, place: float) -> BentLine:
    """The line of least absolute deviations with its bend at a place; infinity is none."""
    ((first, middle, last),) = _heights(y, _basis(k, np.array([place])), _LAST_ROUNDS)
    start, end = float(k[0]), float(k[-1])
    bend = min(place, end)
    before = (middle - first) / (bend - start)
    behind = before if bend == end else (last - middle) / (end - bend)
    at_one = first - before * (start - 1.0)
    return BentLine(None if bend == end else int(bend), at_one, (before, behind))


def _basis(k: Array, places: Array) -> Array:
    """Hat functions of the first lag, of a bend and of the last lag, (places, 3, n).

    Lines are told by their heights there. Without a bend the second lag of the three is the last.
    """
    middle = np.minimum(places, k[-1])[:, None]
    behind = np.clip((k - middle) / np.maximum(k[-1] - middle, 1.0), 0.0, 1.0)  # (places, n)
    before = np.clip((k - k[0]) / (middle - k[0]), 0.0, 1.0)
    return np.stack([1.0 - before, before - behind, behind], axis=1)


def _heights(y: Array, basis: Array, rounds: int) -> list[Heights]:
    """The three heights of each line of least absolute deviations."""
    a, b, c = basis.transpose(1, 0, 2)
    # The first and the last hat do not meet.
    products = np.stack([a * a, a * b, b * b, b * c, c * c, a * y, b * y, c * y], axis=1)
    finest = _LEAST_OF_RANGE * float(np.ptp(y)) + LEAST_FULL
    each = np.full((len(y), 1), _LEAST / len(y))
    weights = np.ones_like(a)
    heights: list[Heights] = [(math.inf,) * 3] * len(basis)
    for _ in range(rounds):
        sums = (products @ weights[..., None])[..., 0].tolist()
        last, heights = heights, [_least_squares(*some) for some in sums]
        if _are_near(heights, last, finest):
            break
        deviation = _off(y, basis, heights)
        least = np.maximum(deviation @ each, finest)
        weights = least / np.maximum(deviation, least)
    return heights


def _least_squares(
    aa: float, ab: float, bb: float, bc: float, cc: float, ay: float, by: float, cy: float
) -> Heights:
    """The heights of least squares, from the weighted sums of the products of three hats and y.

    On plain numbers, because there are too few of them for arrays to be worth it.
    """
    share = ab / aa
    bb, by = bb - share * ab, by - share * ay
    share = bc / bb
    last = (cy - share * by) / (cc - share * bc) if cc else 0.0
    middle = (by - bc * last) / bb
    return (ay - ab * middle) / aa, middle, last


def _are_near(heights: list[Heights], last: list[Heights], finest: float) -> bool:
    pairs = zip(itertools.chain(*heights), itertools.chain(*last), strict=True)
    return all(abs(one - other) <= finest for one, other in pairs)


def _off(y: Array, basis: Array, heights: list[Heights]) -> Array:
    """How far points are from lines, (places, n)."""
    return np.asarray(np.abs(y - (np.array(heights)[:, None] @ basis)[:, 0]))


def _is_worth_it(k: Array, y: Array, straight: BentLine, bent: BentLine) -> bool:
    before = k <= (bent.bend or 0)
    for some in (before, ~before):
        was = float(np.abs(y - straight.at(k))[some].mean())
        if was >= _WORTH and float(np.abs(y - bent.at(k))[some].mean()) <= was / 2.0:
            return True
    return False
