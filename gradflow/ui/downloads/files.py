"""The contents of downloaded files: a CSV of terms, an NPZ, settings as JSON, a web page."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv

from gradflow.figures.builders.mode_bar import BAR
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE, as_mapping


def csv_file(
    columns: Sequence[str], tables: Iterable[tuple[Sequence[object], Sequence[Array]]], t: int
) -> bytes:
    """A CSV of terms, one row a term, at full precision.

    The columns are some names, then t, k and j, then numbers. A sequence of more than 500 steps
    would have too many rows, so the file then holds the chosen target alone.

    Parameters
    ----------
    columns : sequence of str
        The head of each column.
    tables : iterable of (names, numbers)
        Values of the columns before t, which are the same in every row, and arrays of shape (T, T)
        for those after j, target step t in row t - 1 and lag k in column k - 1; or (1, T), of the
        last target alone.
    t : int
        The chosen target step.
    """

    def rows(names: Sequence[object], numbers: Sequence[Array]) -> Iterator[Array]:
        n, T = numbers[0].shape
        row, column = _places(T, t, n)
        yield from (np.full(len(row), name) for name in names)
        yield from (row + 1, column + 1, row - column + 1)
        yield from (array[row - (T - n), column] for array in numbers)

    return _csv(columns, (rows(*table) for table in tables))


def square_csv_file(
    columns: Sequence[str], tables: Iterable[tuple[Sequence[object], Sequence[Array]]]
) -> bytes:
    """A CSV of terms that have a target and a source step, and no lag; one row a term.

    The columns are some names, then t and j, then numbers. Of a sequence of more than 500 steps the
    file holds the last target alone.

    Parameters
    ----------
    columns : sequence of str
        The head of each column.
    tables : iterable of (names, numbers)
        Values of the columns before t, and arrays of shape (T, T) for those after j, target step t
        in row t - 1 and source step j in column j - 1; the first is nan where there is no term. Or
        (n, T) of the last n target steps.
    """

    def rows(names: Sequence[object], numbers: Sequence[Array]) -> Iterator[Array]:
        there = ~np.isnan(numbers[0])
        if len(there) > LONGEST_WHOLE:
            there[:-1] = False
        row, column = np.nonzero(there)
        yield from (np.full(len(row), name) for name in names)
        yield from (row + 1 + there.shape[1] - len(there), column + 1)
        yield from (array[row, column] for array in numbers)

    return _csv(columns, (rows(*table) for table in tables))


def digit_marks(doubtful: Array | None, log10: Array) -> Array:
    """What files have of marks: 1 where a term has too few digits and 0 where not, int8.

    Parameters
    ----------
    doubtful : bool array of the same shape, or None
        The marks; None where all terms have enough.
    log10 : array
        log10 of the terms.
    """
    return np.zeros(log10.shape, np.int8) if doubtful is None else doubtful.astype(np.int8)


def npz_file(arrays: Mapping[str, Any], settings: Any) -> bytes:
    """Arrays, and the settings as a JSON string; loads without pickle."""
    file = io.BytesIO()
    held = dict(arrays) | {"settings": np.array(json.dumps(as_mapping(settings)))}
    np.savez_compressed(file, **held)
    return file.getvalue()


def json_file(settings: Any, beside: Mapping[str, object]) -> bytes:
    """All settings, the version of their link, and further entries."""
    content = {"version": settings.link_version, "settings": as_mapping(settings), **beside}
    return f"{json.dumps(content, indent=2)}\n".encode()


def html_file(figure: go.Figure, title: str = "gradflow", description: str = "") -> bytes:
    """A figure as a page that opens anywhere, without a network: plotly.js is inside.

    Parameters
    ----------
    figure : go.Figure
        What to show. plotly escapes what the page must not read as HTML.
    title : str
        Plain text for the browser's tab.
    description : str
        Plain text for whoever lists the page.
    """
    page: str = figure.to_html(include_plotlyjs=True, config=dict(BAR))
    head = (
        f'<title>{escape(title)}</title>\n<meta name="description" content="{escape(description)}">'
    )
    return page.replace("</head>", f"{head}\n</head>", 1).encode()


def _csv(columns: Sequence[str], tables: Iterable[Iterable[Array]]) -> bytes:
    """The head, and the rows of each table, whose columns are given as arrays."""
    text = io.BytesIO()
    text.write(f"{','.join(columns)}\n".encode())
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    for values in tables:
        csv.write_csv(pa.table(dict(zip(columns, values, strict=True))), text, options)
    return text.getvalue()


def _places(T: int, t: int, targets: int) -> tuple[Array, Array]:
    """Row and column of each term of a table; a target's terms begin at lag 1."""
    if targets < T or T > LONGEST_WHOLE:
        return np.full(t, t - 1), np.arange(t)
    return np.tril_indices(T)
