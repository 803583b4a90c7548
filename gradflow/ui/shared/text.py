"""Text from outside, made safe to show, numbers in LaTeX, and tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

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


def latex(sign: int, log10: float) -> str:
    """The number sign * 10^log10 in LaTeX, to three digits."""
    if log10 == -math.inf:
        return "0"
    minus = "-" if sign < 0 else ""
    if -2.5 <= log10 < 4.0:
        return f"{minus}{10.0**log10:.3g}" if log10 < 3.0 else f"{minus}{10.0**log10:.0f}"
    mantissa, whole = scientific(np.asarray(log10))
    return rf"{minus}{mantissa:.2f} \times 10^{{{whole:.0f}}}"


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
