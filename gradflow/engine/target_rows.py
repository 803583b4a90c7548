"""Which row of (n, T) arrays a target has."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import target_step

# Targets that an error names.
_NAMED = 12


def checked_target(targets: Array, t: Any, T: int) -> int:
    """`t` as an int.

    Raises
    ------
    ValueError
        Unless it is one of the targets.
    """
    step = target_step(t, T)
    if len(targets) < T and step not in targets:
        raise ValueError(f"t must be one of the targets of the flow, {_said(targets)}. Got {t}.")
    return step


def row_of(targets: Array, t: Any, T: int) -> int:
    """The row of a target, from 0 on; raises as `checked_target`."""
    return int(np.searchsorted(targets, checked_target(targets, t, T)))


def _said(targets: Array) -> str:
    steps = targets.tolist()
    listed = steps if len(steps) <= _NAMED else [*steps[: _NAMED - 1], "..", steps[-1]]
    return ", ".join(map(str, listed))
