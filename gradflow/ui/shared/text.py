"""Text from outside, made safe to show, and numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gradflow.figures.builders.text import power_of_ten
from gradflow.figures.builders.tick_labels import scientific

# A "|" within a cell of a table.
BAR = r"\|"

_MARKDOWN = set("\\`*_{}[]()<>#+-.!|$~:&^=")


def escaped(text: str) -> str:
    """Text whose every character Markdown shows as it is: no HTML, no links, no images."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c if c.isprintable() else " " for c in text)


def quoted(text: str) -> str:
    """Text from outside as a code span, at most 40 characters of it."""
    plain = "".join(c if c.isprintable() and c != "`" else "�" for c in text)
    return f"`{plain[:40]}…`" if len(plain) > 40 else f"`{plain or ' '}`"


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


def latex(sign: int, log10: float) -> str:
    """The number sign * 10^log10 in LaTeX, to three digits."""
    if log10 == -math.inf:
        return "0"
    minus = "-" if sign < 0 else ""
    if -2.5 <= log10 < 4.0:
        return f"{minus}{10.0**log10:.3g}" if log10 < 3.0 else f"{minus}{10.0**log10:.0f}"
    mantissa, whole = scientific(np.asarray(log10))
    return rf"{minus}{mantissa:.2f} \times 10^{{{whole:.0f}}}"


def number(value: float) -> str:
    """A plain number for people; a dash for nan."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return "0" if value == 0.0 else ("-" if value < 0 else "") + power(math.log10(abs(value)))


def table(columns: Mapping[str, Sequence[str]]) -> str:
    """A table in Markdown.

    Of short text it takes less time than `st.table`, which goes by way of a data frame.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        The columns' heads and cells, Markdown but for "|", which stands for itself.
    """
    rows = zip(*columns.values(), strict=True)
    return "\n".join([_row(columns), _row(["---"] * len(columns)), *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def percent(share: float) -> str:
    """A share as a percentage; a dash for nan."""
    if math.isnan(share):
        return "–"
    if 0.0 < share < 0.0005:
        return "< 0.1%"
    return f"{100.0 * share:.1f}%"
