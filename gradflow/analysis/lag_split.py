"""The gradient of a whole loss, split by how far back its terms come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradflow.analysis.likeness import Likeness, likenesses, squares
from gradflow.analysis.truncation import Parts, Report, ascending, told
from gradflow.engine.sweep_by_lag import carry_by_lag
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen


@dataclass(frozen=True, eq=False, repr=False)
class LagBins:
    """The gradient of the cell's weights in n bins of lags, beside the whole.

    Attributes
    ----------
    first, last : int arrays of shape (n,)
        The first and the last lag of each bin.
    together : Likeness
        Norm of each bin's part, and its cosine with the whole, over all of the cell's weights.
    by_parameter : mapping
        The likeness of every array of weights, by its name.
    """

    first: Array
    last: Array
    together: Likeness
    by_parameter: Mapping[str, Likeness]

    def __repr__(self) -> str:
        return f"LagBins({len(self.first)} bins, lags {self.first[0]} to {self.last[-1]})"


def lag_bins(parts: Parts, first: Sequence[int], on_step: Report | None = None) -> LagBins:
    """Split the gradient; the bins begin at the lags `first`."""
    lags = len(parts.seeds)
    begin = ascending("first", first, 1, lags)
    end = [*(b - 1 for b in begin[1:]), lags]
    found = [
        {
            name: squares(part[name], whole, whole - part[name])
            for name, whole in parts.whole.items()
        }
        for part in _sums(parts, begin, on_step)
    ]
    return LagBins(frozen(np.array(begin)), frozen(np.array(end)), *likenesses(found, parts.whole))


def _sums(parts: Parts, begin: list[int], on_step: Report | None) -> list[dict[str, Array]]:
    """The gradient of each bin."""
    others = [np.zeros((len(parts.seeds), width)) for width in parts.cell.widths[1:]]
    binned: list[dict[str, Array]] = []
    sweep = carry_by_lag(parts.cell, parts.slopes, (parts.seeds, *others))
    for lag, signals in enumerate(told(sweep, len(parts.seeds), on_step), start=1):
        gradients = parts.sums.gradients(signals)
        if lag in begin:
            binned.append(gradients)
        elif binned:
            for name, gradient in gradients.items():
                binned[-1][name] = binned[-1][name] + gradient
    return binned
