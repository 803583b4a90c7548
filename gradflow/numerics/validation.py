"""Checks of what a user hands in: each says the argument, the rule and the value."""

from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array


def finite_array(name: str, value: Any) -> Array:
    """A read-only float64 copy of `value`.

    Raises
    ------
    ValueError
        If it holds anything but real, finite numbers, or rows of unlike length.
    """
    try:
        given = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a number or a regular array. Got {_short(value)}."
        ) from error
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers. Got {_short(value)}.")
    array = np.array(given, dtype=np.float64)
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)].flat[0]
        where = np.argwhere(~np.isfinite(array))[0].tolist()
        place = f" at {where}" if where else ""
        raise ValueError(f"{name} must be finite. Got {bad}{place}.")
    array.setflags(write=False)
    return array


def one_of(name: str, value: Any, choices: Any) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Got {_short(value)}.")


def whole_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    """`value` as an int.

    Raises
    ------
    ValueError
        Unless it is a whole number from `least` on, and to `most` where that is given.
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        end = "on" if most is None else f"to {most}"
        raise ValueError(f"{name} must be a whole number from {least} {end}. Got {_short(value)}.")
    return int(value)


def target_step(t: Any, T: int) -> int:
    """`t` as an int.

    Raises
    ------
    ValueError
        Unless t is a whole number with 1 <= t <= T.
    """
    return whole_number("t", t, 1, T)


def frozen(array: Array) -> Array:
    """The same array, read-only."""
    array.setflags(write=False)
    return array


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
