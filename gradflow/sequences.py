"""Input sequences: ones, an impulse, a sine, noise, a long-dependency sentence, one's own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradflow.numerics.validation import (
    finite_array,
    finite_number,
    frozen,
    shown,
    true_or_false,
    whole_number,
)

Floats = NDArray[np.float64]

MAX_ROWS = 10_000

# Words of the sentence outside the clause: The, cat, and was.
WORDS_AROUND = 3

_FOODS = (
    "fish",
    "rice",
    "bread",
    "cheese",
    "chicken",
    "soup",
    "eggs",
    "ham",
    "cream",
    "beans",
    "tuna",
    "butter",
    "cake",
    "shrimp",
    "noodles",
    "milk",
    "porridge",
    "bacon",
    "crab",
    "pie",
    "sausages",
    "yoghurt",
    "salmon",
    "crumbs",
)

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,40},\d{1,40}")
_WHOLE = re.compile(r"[+-]?\d{1,40}")
_SHOWN = 40


@dataclass(frozen=True, eq=False)
class Agreement:
    """A sentence whose verb agrees with a noun many words before it.

    Attributes
    ----------
    x : array of shape (T,)
        Input at each word: 1 at a singular noun or -1 at a plural one (step 2), else noise.
    words : tuple of T str
        The sentence; the last word is the verb, the target step.

    See Also
    --------
    agreement : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> sentence = gf.sequences.agreement(4, plural=False, generator=np.random.default_rng(0))
    >>> sentence
    Agreement(T=7, 'The cat which already ate fish was')
    >>> sentence.x.round(1)
    array([ 0. ,  1. ,  0.1,  0. , -0.1,  0. ,  0.1])
    """

    x: Floats
    words: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Agreement(T={len(self.x)}, {shown(' '.join(self.words))})"


def ones(T: int) -> Floats:
    """1 at every step.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on.

    See Also
    --------
    impulse, sine, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.ones(3)
    array([1., 1., 1.])
    """
    return frozen(np.ones(whole_number("T", T, 1)))


def impulse(T: int) -> Floats:
    """1 at step 1 and 0 after it.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on.

    See Also
    --------
    ones, sine, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.impulse(3)
    array([1., 0., 0.])
    """
    x = np.zeros(whole_number("T", T, 1))
    x[0] = 1.0
    return frozen(x)


def sine(T: int, period: float = 20.0) -> Floats:
    """sin(2 pi j / period) at step j.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.
    period : float
        In steps, above 0.

    Returns
    -------
    array of shape (T,)
        Exactly 0 at the sine's zeros, where rounding would leave some 1e-16.

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on, or period is not a finite number above 0.

    See Also
    --------
    ones, impulse, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.sine(4, period=4.0)
    array([ 1.,  0., -1.,  0.])
    """
    steps = np.arange(1, whole_number("T", T, 1) + 1)
    turns = steps / _at_least("period", period, 1e-3)
    x = np.sin(2.0 * np.pi * (turns % 1.0))
    return frozen(np.where(np.abs(x) < 1e-12 * np.maximum(turns, 1.0), 0.0, x))


def noise(T: int, generator: np.random.Generator) -> Floats:
    """Independent standard normal numbers.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.
    generator : numpy.random.Generator
        Where they come from.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on, or generator is not a Generator.

    See Also
    --------
    ones, impulse, sine, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> gf.sequences.noise(3, np.random.default_rng(0)).shape
    (3,)
    """
    return frozen(_generator(generator).standard_normal(whole_number("T", T, 1)))


def next_symbols(x: Any) -> NDArray[np.int64]:
    """The symbol that follows each step, for a model that predicts the next one.

    Parameters
    ----------
    x : array of shape (T, D)
        Symbols as inputs: a single 1 in each row, and 0 elsewhere.

    Returns
    -------
    int array of shape (T - 1,)
        The classes of steps 2 .. T. The last step has none, so that the inputs are x[:-1].

    Raises
    ------
    ValueError
        If a row is no symbol, or there is only one.

    See Also
    --------
    gradflow.SoftmaxCrossEntropy : Takes them as its target.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> gf.sequences.next_symbols(np.eye(3)[[0, 2, 1, 1]]).tolist()
    [2, 1, 1]
    """
    symbols = finite_array("x", x)
    one_each = symbols.ndim == 2 and bool(
        ((symbols == 0.0) | (symbols == 1.0)).all() and (symbols.sum(axis=1) == 1.0).all()
    )
    if not one_each or len(symbols) < 2:
        raise ValueError(
            "x must have shape (T, D) with T from 2 on, and a single 1 in each row of zeros. "
            f"Got {shown(x)}."
        )
    return frozen(symbols[1:].argmax(axis=1))


def agreement(
    clause: int, plural: bool, generator: np.random.Generator, spread: float = 0.1
) -> Agreement:
    """The sentence "The cat, which already ate ..., was full", up to its verb.

    What the verb needs, the number of its noun, was read a whole relative clause earlier.

    Parameters
    ----------
    clause : int
        Words between the noun and the verb, at least 1; the sentence has T = clause + 3 words.
    plural : bool
        "The cats .. were" instead of "The cat .. was".
    generator : numpy.random.Generator
        Where the inputs of the other words come from.
    spread : float
        Standard deviation of those inputs, at least 0.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If clause is not a whole number from 1 on, plural is not a bool, generator is not a
        Generator or spread is not a finite number from 0 on.

    See Also
    --------
    ones, impulse, sine, noise : Other inputs.

    References
    ----------
    Linzen, Dupoux and Goldberg (2016), "Assessing the ability of LSTMs to learn syntax-sensitive
    dependencies".

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> found = gf.sequences.agreement(6, plural=True, generator=np.random.default_rng(0))
    >>> print(*found.words)
    The cats which already ate fish and rice were
    """
    length = whole_number("clause", clause, 1)
    x = _generator(generator).standard_normal(length + WORDS_AROUND) * _at_least(
        "spread", spread, 0.0
    )
    many = true_or_false("plural", plural)
    x[1] = -1.0 if many else 1.0
    noun, verb = ("cats", "were") if many else ("cat", "was")
    return Agreement(frozen(x), ("The", noun, *_relative_clause(length), verb))


def parse_numbers(text: str, columns: int | None = None, most_rows: int = MAX_ROWS) -> Floats:
    r"""Numbers from pasted text or the text of a CSV file.

    Three layouts are read: numbers on one line, separated by commas, semicolons or white space (the
    line may be wrapped after a comma or a semicolon); one number a line, with or without a header
    line; and a table with a header line, of which the first column that starts with a number is
    taken. Decimals have a point: a decimal comma is not supported. Blank lines are skipped.

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

    Returns
    -------
    array of shape (rows,), or (rows, columns) where that is given

    Raises
    ------
    ValueError
        If there are no numbers or too many, one is missing, not a number or not finite (the message
        names its row, counted from 1 below the header), the numbers seem to have decimal commas, or
        several columns have no header. If a row of a table has more or fewer columns.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.parse_numbers("day, x\nMonday, 0.5\nTuesday, -0.5")
    array([ 0.5, -0.5])
    >>> gf.sequences.parse_numbers("0.5 1.5")
    array([0.5, 1.5])
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a str. Got {type(text).__name__}.")
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    lines = [line for line in lines if line]
    header, rows = (lines[0], lines[1:]) if lines and _is_header(lines) else (None, lines)
    if not rows:
        raise ValueError(f"text must hold at least one number. Got {_quoted(text.strip())}.")
    whole_number("most_rows", most_rows, 1)
    _at_most(most_rows, len(rows))
    if columns is not None and whole_number("columns", columns, 1) > 1:
        return frozen(_table(rows, columns))
    if header is None or "," not in header:
        _without_decimal_commas(rows)
    cells = _cells(header, rows)
    _at_most(most_rows, len(cells))
    x = np.array([_number(cell, row) for row, cell in enumerate(cells, start=1)])
    return frozen(x if columns is None else x[:, None])


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


def _relative_clause(length: int) -> list[str]:
    if length < 3:
        return ["outside"] if length == 1 else ["which", "ate"]
    # A list of foods with "and" between has an odd number of words: "the" before it makes it even.
    left = length - 3
    article = ["the"] if left and left % 2 == 0 else []
    foods = islice(cycle(_FOODS), (left + 1) // 2)
    listed = [word for food in foods for word in ("and", food)][1:]
    return ["which", "already", "ate", *article, *listed]


def _is_header(lines: list[str]) -> bool:
    """Whether the first of several lines holds words only, none of which starts like a number."""
    fields = _split(lines[0], _separator(lines[:1]))
    return len(lines) > 1 and not any(
        _is_number(field) or field[:1].isdigit() or field[:1] in ("+", "-", ".") for field in fields
    )


def _cells(header: str | None, rows: list[str]) -> list[str]:
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
    return _first_numeric_column(header, rows, separator)


def _first_numeric_column(header: str, rows: list[str], separator: str | None) -> list[str]:
    width = len(_split(header, separator))
    table = [_split(row, separator) for row in rows]
    for number, fields in enumerate(table, start=1):
        if len(fields) != width:
            raise ValueError(
                f"text must have the {width} columns of its header in every row. "
                f"Got {len(fields)} in row {number}: {_quoted(rows[number - 1])}."
            )
    for column, field in enumerate(table[0]):
        if _is_number(field):
            return [fields[column] for fields in table]
    hint = _decimal_comma_hint(*table[0])
    raise ValueError(f"text must have a column of numbers{hint}. Got row 1: {_quoted(rows[0])}.")


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


def _at_least(name: str, value: Any, least: float) -> float:
    number = finite_number(name, value)
    if number < least:
        raise ValueError(f"{name} must be a finite number from {least:g} on. Got {value}.")
    return number


def _generator(generator: Any) -> np.random.Generator:
    if not isinstance(generator, np.random.Generator):
        raise ValueError(f"generator must be a numpy.random.Generator. Got {shown(generator)}.")
    return generator


def _quoted(text: str) -> str:
    return repr(text[:_SHOWN])
