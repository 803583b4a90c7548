"""Input sequences: ones, an impulse, a sine, noise, a sentence, and numbers from text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from gradflow.checks import frozen
from gradflow.scaled import Array

MOST_ROWS = 10_000

_FOODS = ("fish", "rice", "beef", "bread", "ham", "peas", "corn", "cheese", "eggs", "soup")
_SEPARATORS = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class Agreement:
    """A sentence whose verb has to agree with a noun far before it.

    Attributes
    ----------
    x : array of shape (T,)
        The number of the subject at its noun, +1 for one and -1 for several; small noise at the
        other words.
    words : tuple of T strings
        The words; the last one is the verb, the target step.
    """

    x: Array
    words: tuple[str, ...]


def ones(T: int) -> Array:
    """1 at every step, shape (T,)."""
    return frozen(np.ones(_length(T)))


def impulse(T: int) -> Array:
    """1 at step 1 and 0 after it, shape (T,)."""
    x = np.zeros(_length(T))
    x[0] = 1.0
    return frozen(x)


def sine(T: int, period: float = 20.0) -> Array:
    """sin(2 pi n / period) for n = 1 .. T, shape (T,).

    Raises
    ------
    ValueError
        If T is not a whole number above 0 or the period is not a finite number above 0.
    """
    if not (math.isfinite(period) and period > 0.0):
        raise ValueError(f"period must be a finite number above 0. Got {period}.")
    return frozen(np.sin(2.0 * np.pi * np.arange(1, _length(T) + 1) / period))


def noise(T: int, generator: np.random.Generator) -> Array:
    """Independent standard normal numbers, shape (T,)."""
    return frozen(generator.standard_normal(_length(T)))


def agreement(
    clause: int, plural: bool, generator: np.random.Generator, spread: float = 0.1
) -> Agreement:
    """The cat, which already ate .., was full: a dependency as long as the clause.

    Parameters
    ----------
    clause : int
        Number of words between the noun and the verb, at least 1.
    plural : bool
        Several cats, which were full, in the place of one.
    generator : numpy.random.Generator
        Where the noise of the other words comes from.
    spread : float
        Standard deviation of that noise.

    Returns
    -------
    Agreement
        Of T = clause + 3 steps.

    Raises
    ------
    ValueError
        If the clause is not a whole number above 0.
    """
    count = _length(clause, "clause")
    meal = [w for n in range(count) for w in ("the", _FOODS[n % len(_FOODS)], "and")]
    middle = ["which", "already", "ate", *meal][:count]
    noun, verb = ("cats", "were") if plural else ("cat", "was")
    words = ("The", noun, *middle, verb)
    x = spread * generator.standard_normal(len(words))
    x[1] = -1.0 if plural else 1.0
    return Agreement(frozen(x), words)


def parse_numbers(text: str) -> Array:
    """Numbers out of text that was pasted or read from a CSV file.

    Parameters
    ----------
    text : str
        Numbers separated by commas, semicolons, spaces or new lines, with a point before the
        decimals. A first line without any number is taken for a header. Where every line has the
        same number of columns, above one, and there is more than one line, the first column in which
        all are numbers is read.

    Returns
    -------
    array of shape (n,)
        At most 10,000 numbers.

    Raises
    ------
    ValueError
        If there is no number, more than 10,000 rows, or something that is not a finite number; the
        message names the row.
    """
    lines = [line.strip() for line in text.splitlines()]
    rows = [(n, _cells(line)) for n, line in enumerate(lines, start=1) if line]
    if rows and len(rows) > 1 and not any(_is_number(cell) for cell in rows[0][1]):
        rows = rows[1:]
    count = len(rows) if len(rows) > 1 else len(rows[0][1]) if rows else 0
    if not count:
        raise ValueError("numbers must hold at least one number. Got none.")
    if count > MOST_ROWS:
        raise ValueError(f"numbers must be at most {MOST_ROWS:,} rows. Got {count:,}.")
    widths = {len(cells) for _, cells in rows}
    if len(rows) > 1 and len(widths) == 1 and widths != {1}:
        column = _first_numeric_column([cells for _, cells in rows])
        rows = [(n, [cells[column]]) for n, cells in rows]
    numbers = [_number(n, cell) for n, cells in rows for cell in cells]
    if len(numbers) > MOST_ROWS:
        raise ValueError(f"numbers must be at most {MOST_ROWS:,}. Got {len(numbers):,}.")
    return frozen(np.array(numbers))


def _cells(line: str) -> list[str]:
    return [cell for cell in _SEPARATORS.split(line) if cell]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _first_numeric_column(rows: list[list[str]]) -> int:
    columns = range(len(rows[0]))
    return next((c for c in columns if all(_is_number(row[c]) for row in rows)), 0)


def _number(row: int, cell: str) -> float:
    value = float(cell) if _is_number(cell) else math.nan
    if not math.isfinite(value):
        shown = cell if len(cell) <= 40 else cell[:40] + "..."
        raise ValueError(f"numbers must be finite numbers. Got {shown!r} in row {row}.")
    return value


def _length(T: int, name: str = "T") -> int:
    if isinstance(T, bool) or not isinstance(T, int | np.integer) or T < 1:
        raise ValueError(f"{name} must be a whole number above 0. Got {T!r}.")
    return int(T)
