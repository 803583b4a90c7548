"""Text from outside made safe for Markdown, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

# A "|" within a cell of a table.
BAR = r"\|"

_MARKDOWN = set("\\`*_{}[]()<>#+-.!|$~:&^=")


def natural_order(name: str) -> list[tuple[int, str]]:
    """A key that sorts names as people do: "step 9" before "step 10"."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d{1,18})", name)
    ]


def escaped(text: str) -> str:
    """The text with every mark of Markdown escaped: no HTML, no links, no images."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c if c.isprintable() else " " for c in text)


def printable(name: str, most: int = 100) -> str:
    """A file's name from outside without what no title, file or browser can take."""
    plain = "".join(c if c.isprintable() else "�" for c in name)
    return plain if len(plain) <= most else f"…{plain[1 - most :]}"


def quoted(text: str) -> str:
    """Text from outside as a code span, at most 40 characters of it."""
    plain = "".join(c if c.isprintable() and c != "`" else "�" for c in text)
    return f"`{plain[:40]}…`" if len(plain) > 40 else f"`{plain or ' '}`"


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
