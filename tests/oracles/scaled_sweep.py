"""The backward sweep with an exponent for every number, which nothing can be lost in."""

from collections.abc import Iterator

import numpy as np

from gradflow.cells.base import Cell, Tree, each
from gradflow.numerics.scaled import Scaled


def scaled_sweep(
    cell: Cell, slopes: Tree, seeds: Scaled
) -> Iterator[tuple[int, tuple[Scaled, ...]]]:
    """Source steps j = T .. 1, and the signals that reach them, (T - j + 1, H) each."""
    T = len(seeds.mantissa)
    w = each(Scaled.of, cell.recurrent())
    rows = tuple(Scaled.of(np.zeros((0, H))) for H in cell.widths)
    for j in range(T, 0, -1):
        entering = (seeds[j - 1 : j], *(Scaled.of(np.zeros((1, H))) for H in cell.widths[1:]))
        rows = tuple(Scaled.stacked([new, old]) for new, old in zip(entering, rows, strict=True))
        signals, rows = cell.back(cell.moves(each(lambda s, j=j: s[j - 1], slopes), w), rows)
        yield j, signals
