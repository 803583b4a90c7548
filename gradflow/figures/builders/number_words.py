"""Numbers as people write them: 0.62, 117, 3.2 × 10⁻⁴⁰¹², 4.0%."""

from __future__ import annotations

import math

from gradflow.figures.builders.text import power_of_ten


def power(log10: float) -> str:
    """The number 10^log10 for people: 0.62, 117, 3.2 × 10⁻⁴⁰¹².

    Parameters
    ----------
    log10 : float
        nan gives a dash, minus infinity 0.
    """
    if math.isnan(log10):
        return "–"
    if log10 == -math.inf:
        return "0"
    if log10 == math.inf:
        return "∞"
    if -2.5 <= log10 < 4.0:
        return f"{10.0**log10:.3g}" if log10 < 3.0 else f"{10.0**log10:,.0f}"
    whole = math.floor(log10)
    mantissa = round(10.0 ** (log10 - whole), 1)
    if mantissa == 10.0:
        mantissa, whole = 1.0, whole + 1
    return f"{mantissa:.1f} × {power_of_ten(whole)}"


def signed(sign: int, log10: float) -> str:
    """The number sign * 10^log10 for people."""
    return ("−" if sign < 0 else "") + power(log10)


def number(value: float) -> str:
    """A plain number for people; a dash for nan."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return "0" if value == 0.0 else ("-" if value < 0 else "") + power(math.log10(abs(value)))


def percent(share: float) -> str:
    """A share as a percentage; a dash for nan."""
    if math.isnan(share):
        return "–"
    if 0.0 < share < 0.0005:
        return "< 0.1%"
    return f"{100.0 * share:.1f}%"
