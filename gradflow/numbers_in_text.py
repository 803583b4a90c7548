"""Numbers in pasted text or a CSV file: which layouts are read, and what is wrong with others."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from gradflow.numerics.validation import frozen, whole_number

Floats = NDArray[np.float64]

MAX_ROWS = 10_000

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,40},\d{1,40}")
_WHOLE = re.compile(r"[+-]?\d{1,40}")
_SHOWN = 40

# Characters that a row, and a number in it, may take on average: what is longer takes long to read.
_ROW = 400
_CELL = 40


def parse_numbers(
    text: str, columns: int | None = None, most_rows: int = MAX_ROWS, column: str | None = None
) -> Floats:
    r"""Numbers from pasted text or the text of a CSV file.

    Three layouts are read: numbers on one line, separated by commas, semicolons or white space (the
    line may be wrapped after a comma or a semicolon); one number a line, with or without a header
    line; and a table with a header line, of which one column is taken: the one named, or else the
    first that starts with a number and does not merely count the rows. Decimals have a point: a
    decimal comma is not supported. Blank lines are skipped.

    Where there are several columns, a row of the text is a row of the table, with or without a
    header line.

    Parameters
    ----------
    text : str
        The numbers.
    columns : int, optional
        The columns of a table, at least 1. Of one column all three layouts are read.
    most_rows : int
        How many rows there may be; a row is one number where `columns` is left out.
    column : str, optional
        The name of the column to take, one of `number_columns`.

    Returns
    -------
    array of shape (rows,), or (rows, columns) where that is given

    Raises
    ------
    ValueError
        If there are no numbers or too many, or many more characters than they need; if one is
        missing, not a number or not finite (the message names its row, counted from 1 below the
        header), the numbers seem to have decimal commas, or several columns have no header; if a
        row of a table has more or fewer columns, or the column named is none of its numbers.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.parse_numbers("day, x\nMonday, 0.5\nTuesday, -0.5")
    array([ 0.5, -0.5])
    >>> gf.sequences.parse_numbers("n, x, y\n0, 0.5, 7\n1, -0.5, 8", column="y")
    array([7., 8.])
    >>> gf.sequences.parse_numbers("0.5 1.5")
    array([0.5, 1.5])
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a str. Got {type(text).__name__}.")
    width = 1 if columns is None else whole_number("columns", columns, 1)
    most = whole_number("most_rows", most_rows, 1) * max(_ROW, _CELL * width)
    if len(text) > most:
        raise ValueError(f"text must have at most {most:,} characters. Got {len(text):,}.")
    header, rows = _parts(text)
    if not rows:
        raise ValueError(f"text must hold at least one number. Got {_quoted(text.strip())}.")
    _at_most(most_rows, len(rows))
    if width > 1:
        return frozen(_table(rows, width))
    if header is None or "," not in header:
        _without_decimal_commas(rows)
    cells = _cells(header, rows, column)
    _at_most(most_rows, len(cells))
    x = np.array([_number(cell, row) for row, cell in enumerate(cells, start=1)])
    return frozen(x if columns is None else x[:, None])


def number_columns(text: str) -> tuple[str, ...]:
    r"""The names of the columns of numbers, of a text that is a table with a header line.

    Parameters
    ----------
    text : str
        As for `parse_numbers`.

    Returns
    -------
    tuple of str
        From left to right; none where the text is no such table.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.number_columns("n, day, x\n0, Monday, 0.5\n1, Tuesday, -0.5")
    ('n', 'x')
    """
    header, rows = _parts(text)
    if header is None:
        return ()
    separator = _separator([header, *rows[:1]])
    names, fields = _split(header, separator), _split(rows[0], separator)
    numbers = [name for name, field in zip(names, fields, strict=False) if _is_number(field)]
    return tuple(numbers) if len(names) > 1 else ()


def _parts(text: str) -> tuple[str | None, list[str]]:
    """The header line, if there is one, and the other lines."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    lines = [line for line in lines if line]
    return (lines[0], lines[1:]) if lines and _is_header(lines) else (None, lines)


def _table(rows: list[str], columns: int) -> Floats:
    """The numbers of rows that have as many each, (rows, columns)."""
    table = []
    for number, row in enumerate(rows, start=1):
        cells = _BETWEEN.split(row.strip(",;"))
        table.append([_number(cell, number) for cell in cells])
        if len(cells) != columns:
            raise ValueError(
                f"text must have {columns} numbers in every row. "
                f"Got {len(cells)} in row {number}: {_quoted(row)}."
            )
    return np.array(table)


def _is_header(lines: list[str]) -> bool:
    """Whether the first of several lines holds words only, none of which starts like a number."""
    fields = _split(lines[0], _separator(lines[:1]))
    return len(lines) > 1 and not any(
        _is_number(field) or field[:1].isdigit() or field[:1] in ("+", "-", ".") for field in fields
    )


def _cells(header: str | None, rows: list[str], column: str | None) -> list[str]:
    """The text of each number."""
    if header is None and (len(rows) == 1 or all(row[-1] in ",;" for row in rows[:-1])):
        line = " ".join(rows)
        return _BETWEEN.split(line[:-1].rstrip() if line[-1] in ",;" else line)
    separator = _separator(rows if header is None else [header, *rows])
    if all(len(_split(row, separator)) == 1 for row in rows):
        return [_split(row, separator)[0] for row in rows]
    if header is None:
        raise ValueError(
            "text must hold one number a line, or all on one line, or a table with a header line. "
            f"Got several numbers a line and no header: {_quoted(rows[0])}."
        )
    return _numeric_column(header, rows, separator, column)


def _numeric_column(
    header: str, rows: list[str], separator: str | None, named: str | None
) -> list[str]:
    names = _split(header, separator)
    width = len(names)
    table = [_split(row, separator) for row in rows]
    for number, fields in enumerate(table, start=1):
        if len(fields) != width:
            raise ValueError(
                f"text must have the {width} columns of its header in every row. "
                f"Got {len(fields)} in row {number}: {_quoted(rows[number - 1])}."
            )
    numbers = {
        column: [fields[column] for fields in table]
        for column, field in enumerate(table[0])
        if _is_number(field)
    }
    if named is not None:
        if named not in (found := [names[column] for column in numbers]):
            raise ValueError(f"column must be one of {', '.join(found)}. Got {named!r}.")
        return numbers[list(numbers)[found.index(named)]]
    counting = [column for column, cells in numbers.items() if _counts(cells)]
    if numbers:
        return numbers[next((c for c in numbers if c not in counting), min(numbers))]
    hint = _decimal_comma_hint(*table[0])
    raise ValueError(f"text must have a column of numbers{hint}. Got row 1: {_quoted(rows[0])}.")


def _counts(cells: list[str]) -> bool:
    """Whether a column merely counts its rows, from 0 or 1."""
    rows = len(cells)
    return rows > 1 and cells in (list(map(str, range(n, n + rows))) for n in (0, 1))


def _separator(lines: list[str]) -> str | None:
    """What separates columns; None for white space."""
    return next((mark for mark in ";,\t" if any(mark in line for line in lines)), None)


def _split(line: str, separator: str | None) -> list[str]:
    return [field.strip().strip('"').strip() for field in line.split(separator)]


def _without_decimal_commas(rows: list[str]) -> None:
    tokens = [token for row in rows for token in re.split(r"[;\s]+", row) if token]
    with_comma = next((token for token in tokens if _DECIMAL_COMMA.fullmatch(token)), None)
    if len(tokens) > 1 and with_comma and all(_could_be_decimal_comma(token) for token in tokens):
        raise ValueError(
            "text must have decimals with a point, as in 1.5, and columns need a header line. "
            f"Got what looks like a decimal comma: {_quoted(with_comma)}."
        )


def _could_be_decimal_comma(token: str) -> bool:
    return bool(_DECIMAL_COMMA.fullmatch(token) or _WHOLE.fullmatch(token))


def _decimal_comma_hint(*cells: str) -> str:
    if any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells):
        return " with a decimal point (a decimal comma is not supported)"
    return ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def _number(cell: str, row: int) -> float:
    cell = cell.strip('"')
    if not _is_number(cell):
        hint = _decimal_comma_hint(cell)
        raise ValueError(f"text must hold numbers only{hint}. Got {_quoted(cell)} in row {row}.")
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"text must hold finite numbers. Got {_quoted(cell)} in row {row}.")
    return number


def _at_most(most_rows: int, rows: int) -> None:
    if rows > most_rows:
        raise ValueError(f"text must have at most {most_rows:,} rows. Got {rows:,}.")


def _quoted(text: str) -> str:
    return repr(text[:_SHOWN])
