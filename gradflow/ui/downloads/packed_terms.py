"""Terms of long sequences in a file of a few megabytes, and how they are read back."""

from __future__ import annotations

import numpy as np

from gradflow.numerics.scaled import Array

# log10 is kept in steps of 2^-40, so a term's relative error is at most 1.1e-12.
STEPS_PER_UNIT = 2.0**40

# Python that reads a file back; the file holds this text too.
HOW_TO_READ = '''\
import numpy as np


def log10_of(file, name):
    """log10 of terms, (T, T): target step t in row t - 1, lag k in column k - 1."""
    steps = file[f"{name}/differences"].astype(np.int64)
    steps.flat[file[f"{name}/large_at"]] = file[f"{name}/large"]
    by_source = steps.cumsum(axis=0).cumsum(axis=1) * 2.0**-40  # row t - 1, column j - 1
    sign = file[f"{name}/sign"]
    row, column = np.tril_indices(len(sign))
    log10 = np.full(sign.shape, np.nan)
    log10[row, column] = by_source[row, row - column]
    log10[row[sign[row, column] == 0], column[sign[row, column] == 0]] = -np.inf
    return log10


# log10_of(np.load("file.npz"), "rnn/w_x")
'''


def packed(log10: Array) -> dict[str, Array]:
    """log10 of terms as whole numbers that are nearly all 0, because terms are nearly products.

    From one target to the next, all terms of far inputs change by one factor. So the differences
    along targets and then along sources vanish but for rounding, and compress well.

    Parameters
    ----------
    log10 : array of shape (T, T)
        Target step t in row t - 1, lag k in column k - 1; minus infinity where exactly zero, nan
        where k > t.

    Returns
    -------
    dict
        "differences", int8 (T, T), 0 where the number is larger; "large_at" and "large", those.
    """
    steps = np.arange(len(log10))
    back = steps[:, None] - steps
    by_source = np.take_along_axis(log10, np.maximum(back, 0), axis=1)
    known = (back >= 0) & np.isfinite(by_source)
    last = np.maximum.accumulate(np.where(known, steps, 0), axis=1)
    units = np.rint(np.take_along_axis(by_source, last, axis=1) * STEPS_PER_UNIT)
    whole = np.where(np.isfinite(units), units, 0.0).astype(np.int64)
    differences = np.diff(np.diff(whole, axis=0, prepend=0), axis=1, prepend=0)
    (large_at,) = np.nonzero(np.abs(differences.ravel()) > np.iinfo(np.int8).max)
    large = differences.flat[large_at]
    differences.flat[large_at] = 0
    return {
        "differences": differences.astype(np.int8),
        "large_at": large_at.astype(np.uint32),
        "large": large,
    }
