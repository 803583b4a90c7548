"""Checks of what a user hands in: each says the argument, the rule and the value."""

from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array

_SHOWN = 80


def finite_array(name: str, value: Any) -> Array:
    """A read-only float64 copy of `value`.

    Raises
    ------
    ValueError
        If it holds anything but real, finite numbers that float64 can hold, rows of unlike length,
        masked elements, or is what numpy cannot read, such as a tensor that requires a gradient.
    """
    given = plain_array(name, value)
    if given.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must hold real numbers: floats, or integers of at most 64 bits. "
            f"Got {shown(value)}."
        )
    _check_elements(name, np.isfinite(given), given, "be finite")
    with np.errstate(over="ignore", under="ignore"):
        array = np.array(given, dtype=np.float64)
    if given.dtype != array.dtype:
        fits = np.isfinite(array) & ((array != 0.0) | (given == 0.0))
        _check_elements(name, fits, given, "fit float64")
    return frozen(array)


def plain_array(name: str, value: Any) -> Array:
    """`value` as numpy reads it, of any type.

    Raises
    ------
    ValueError
        If numpy cannot read it, or would lose a mask.
    """
    if _is_masked(value):
        raise ValueError(f"{name} must have no masked elements. Got {shown(value)}.")
    try:
        return np.asarray(value)
    # What is not an array brings its own conversion, which may raise anything.
    except Exception as error:
        conversion = _conversion(value)
        said = f"; {conversion} makes one of it." if conversion else f": {error}"
        raise ValueError(
            f"{name} must be a number or a regular array that numpy can read. "
            f"Got {shown(value)}{said}"
        ) from error


def finite_number(name: str, value: Any) -> float:
    """`value` as a float.

    Raises
    ------
    ValueError
        Unless it is one real, finite number.
    """
    array = finite_array(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a number. Got an array of shape {array.shape}.")
    return float(array)


def one_of(name: str, value: Any, choices: Any) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}. Got {shown(value)}.")


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
        raise ValueError(f"{name} must be a whole number from {least} {end}. Got {shown(value)}.")
    return int(value)


def true_or_false(name: str, value: Any) -> bool:
    """`value` as a bool.

    Raises
    ------
    ValueError
        Unless it is True or False.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False. Got {shown(value)}.")
    return bool(value)


def optional_callable(name: str, value: Any) -> None:
    """Raise ValueError unless `value` can be called or is None."""
    if value is not None and not callable(value):
        raise ValueError(f"{name} must be None or callable. Got {shown(value)}.")


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


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, and short."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _check_elements(name: str, right: Array, given: Array, rule: str) -> None:
    if not right.all():
        where = np.argwhere(~right)[0].tolist()
        place = f" at {where}" if where else ""
        # In an f-string a long double would be made a float first.
        raise ValueError(f"{name} must {rule}. Got {given[~right].flat[0]!s}{place}.")


def _conversion(value: Any) -> str:
    """The call that makes a tensor of PyTorch readable, as code; empty where none is known."""
    if type(value).__module__.split(".")[0] != "torch" or getattr(value, "is_meta", True):
        return ""
    calls = {
        ".detach()": value.requires_grad,
        ".cpu()": str(value.device) != "cpu",
        ".to_dense()": str(value.layout) != "torch.strided",
        ".dequantize()": value.is_quantized,
        ".float()": str(value.dtype).startswith(("torch.bfloat", "torch.float8")),
    }
    return "".join(call for call, is_needed in calls.items() if is_needed)


def _is_masked(value: Any) -> bool:
    """Whether a masked array, or one in a list, hides an element."""
    if isinstance(value, list | tuple):
        return any(map(_is_masked, value))
    return isinstance(value, np.ma.MaskedArray) and bool(np.ma.is_masked(value))
