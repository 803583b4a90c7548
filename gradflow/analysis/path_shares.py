"""Which paths carry one target's gradient: shares by lag, and where the detours take over.

Everything is computed from log10 and signs, so magnitudes never give out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradflow.numerics.log10_numbers import log_shares
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

# What carries a term: the cell path, the detours, neither where they cancel, None where all is 0.
DominantPart = Literal["cell", "detours", "neither"] | None


def dominant_part(cell: float, rest: float, whole: float) -> DominantPart:
    """Which part of one term carries it.

    The larger of the two carries the term, unless the other takes away more than half of it. Paths
    that cancel among themselves are thereby added before they are compared.

    Parameters
    ----------
    cell, rest, whole : float
        log10 of the sizes of the cell path's part, of all detours' sum, and of both together; minus
        infinity where exactly zero.

    Returns
    -------
    {"cell", "detours", "neither"} or None
        None where both are exactly zero.

    See Also
    --------
    PathShares.dominant_parts : The same at every lag.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.analysis.dominant_part(cell=0.0, rest=-1.0, whole=-0.05)  # 1 - 0.1 = 0.9
    'cell'
    >>> gf.analysis.dominant_part(cell=0.0, rest=-0.05, whole=-1.0)  # 1 - 0.9 = 0.1
    'neither'
    """
    larger = max(cell, rest)
    if larger == -math.inf:
        return None
    if whole < larger - math.log10(2.0):
        return "neither"
    return "detours" if rest > cell else "cell"


@dataclass(frozen=True, eq=False)
class PathShares:
    """The terms of one target by lag: along the cell, by detours through h, and whole.

    Arrays have shape (t,), with lag k in index k - 1. A log10 is minus infinity where exactly zero.

    Attributes
    ----------
    cell, rest, whole : array of shape (t,)
        log10 of the cell path's part, of all other paths' together, and of the term.
    cell_sign, whole_sign : array of shape (t,)
        -1, 0 or 1.
    forget_product : array of shape (t,)
        log10 of the product of the forget gates.

    See Also
    --------
    dominant_part : What it is to carry a term.
    signed_shares : The shares of classes.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.5, w_h=0.9), [1.0, 0.0, -1.0])
    >>> two = flow.by_detours("w_xf", classes=2)
    >>> found = gf.analysis.PathShares(
    ...     *two.log10[:, 2],
    ...     flow.log10("w_xf")[2],
    ...     two.sign[0, 2],
    ...     flow.sign("w_xf")[2],
    ...     flow.log10_forget_row(3),
    ... )
    >>> found
    PathShares(t=3, takeover=None)
    """

    cell: Array
    rest: Array
    whole: Array
    cell_sign: Array
    whole_sign: Array
    forget_product: Array

    def __repr__(self) -> str:
        return f"PathShares(t={self.t}, takeover={self.takeover})"

    @property
    def t(self) -> int:
        """The target step."""
        return len(self.whole)

    @property
    def compared(self) -> Array:
        """Lags at which some path leads back and is not exactly zero."""
        there = np.isfinite(self.cell) | np.isfinite(self.rest)
        return np.asarray(np.flatnonzero(there) + 1)

    @property
    def dominant_parts(self) -> tuple[DominantPart, ...]:
        """What carries the term at each lag, as `dominant_part` defines it."""
        sizes = zip(self.cell.tolist(), self.rest.tolist(), self.whole.tolist(), strict=True)
        return tuple(dominant_part(*parts) for parts in sizes)

    @property
    def takeover(self) -> int | None:
        """The lag from which on the detours carry the gradient; None where they do not.

        Lags at which every path is exactly zero are passed over.
        """
        first = None
        for lag, found in enumerate(self.dominant_parts, 1):
            if found == "detours":
                first = lag if first is None else first
            elif found is not None:
                first = None
        return first

    @property
    def furthest(self) -> int | None:
        """The last lag whose term is not exactly zero; None where there is none."""
        there = np.flatnonzero(np.isfinite(self.whole))
        return int(there[-1]) + 1 if there.size else None


def signed_shares(log10: Array, sign: Array, whole_sign: Array) -> Array:
    """Each part's share of the sizes of all parts; negative where it works against the whole.

    Parameters
    ----------
    log10 : array of shape (n, ...)
        log10 of the sizes; minus infinity where exactly zero.
    sign : array of shape (n, ...)
        Their signs.
    whole_sign : array of shape (...)
        The sign of their sum; where that is 0, shares have their parts' own signs.

    Returns
    -------
    array of shape (n, ...)
        The sizes add up to 1 along axis 0; nan where all are exactly zero.

    See Also
    --------
    PathShares : Where the detours carry the gradient.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> gf.analysis.signed_shares(np.array([0.0, 0.0]), np.array([1, 1]), np.array(1))
    array([0.5, 0.5])
    """
    direction = sign * np.where(whole_sign == 0, 1, whole_sign)
    return frozen(direction * log_shares(log10, axis=0))
