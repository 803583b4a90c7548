"""Numbers as people write them: 0.62, 117, 3.2 × 10⁻⁴⁰¹², 4.0%."""

from __future__ import annotations

import math

import numpy as np

from gradflow.figures.builders.text import power_of_ten
from gradflow.figures.builders.tick_labels import scientific


def digits(log10: float, decimals: int) -> tuple[str, int | None]:
    """The number 10^log10 as its digits and a power of ten, which is None where none is needed.

    Parameters
    ----------
    log10 : float
        Finite.
    decimals : int
        Digits after the point where there is a power of ten. Without one there are three digits,
        or all of those before the point.
    """
    if -2.5 <= log10 < 3.0:
        return f"{10.0**log10:.3g}", None
    if 3.0 <= log10 < 4.0:
        return f"{10.0**log10:,.0f}", None
    mantissa, exponent = scientific(np.asarray(log10), decimals)
    return f"{mantissa:.{decimals}f}", int(exponent)


def power(log10: float) -> str:
    """The number 10^log10 for people: 0.62, 117, 3.2 × 10⁻⁴⁰¹².

    Parameters
    ----------
    log10 : float
        nan gives a dash, minus infinity 0.
    """
    if not math.isfinite(log10):
        return "–" if math.isnan(log10) else "0" if log10 < 0 else "∞"
    shown, exponent = digits(log10, 1)
    return shown if exponent is None else f"{shown} × {power_of_ten(exponent)}"


def signed(sign: int, log10: float) -> str:
    """The number sign * 10^log10 for people."""
    return ("−" if sign < 0 else "") + power(log10)


def number(value: float) -> str:
    """A plain number for people; a dash for nan."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return "0" if value == 0.0 else ("−" if value < 0 else "") + power(math.log10(abs(value)))


def percent(share: float) -> str:
    """A share as a percentage; a dash for nan.

    Parameters
    ----------
    share : float
        Only 0 is called 0, and only what is within rounding of 1 is called 100%.
    """
    if math.isnan(share):
        return "–"
    if 0.0 < share < 0.0005:
        return "< 0.1%"
    if 0.9995 <= share < 1.0 - 1e-9:
        return "> 99.9%"
    return f"{100.0 * share:.1f}%"


def signed_percent(share: float) -> str:
    """A share that may pull the other way as a percentage, with a minus sign."""
    return ("−" if share < 0.0 else "") + percent(abs(share))


def part(log10: float) -> str:
    """How much of something 10^log10 is: "8.6% of", "3.0 × 10⁻⁹ of", "12 times"."""
    if log10 >= math.log10(5.0):
        return f"{power(log10)} times"
    return f"{percent(10.0**log10) if log10 >= -3.0 else power(log10)} of"


def steps(value: float) -> str:
    """A number of steps: "1 step", "2.21 steps", "15,247 steps", "never" for infinity."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    shown = f"{value:,.0f}" if 1e3 <= value < 1e7 else number(value)
    return f"{shown} step{'' if shown == '1' else 's'}"
