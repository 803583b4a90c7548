"""A sequence that the user pastes or uploads, which the session alone keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from gradflow import sequences
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_array
from gradflow.ui.shared import number_words as words
from gradflow.ui.shared.markdown_text import escaped
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.weights.npy import MAGIC, read_npy

# Characters that are read for each row that can be used: of a table with other columns, or of so
# many for each number of a row.
_ROW = 200
_CELL = 25


class OwnNumbers:
    """The field and the uploader for numbers, and the numbers read last.

    Parameters
    ----------
    name : str
        The beginning of its keys.
    megabytes : int
        The largest file, and the longest text in millions of characters.
    largest : float
        The largest size of a number.
    """

    def __init__(self, name: str, megabytes: int, largest: float = math.inf) -> None:
        self._megabytes, self._largest = megabytes, largest
        self._text, self._file, self._forget = f"{name}_text", f"{name}_file", f"{name}_forget"
        self._numbers, self._error = f"{name}_numbers", f"{name}_error"
        self._source, self._column = f"{name}_source", f"{name}_column"

    def numbers(self) -> Array | None:
        """The numbers read last, (T, D), if there are any."""
        found: Array | None = st.session_state.get(self._numbers)
        return found

    def failed(self) -> bool:
        """Whether the numbers given last could not be read, which the field itself says."""
        return st.session_state.get(self._error) is not None

    def take(self, numbers: Sequence[float]) -> None:
        """Take numbers that were read elsewhere, one a step.

        Raises
        ------
        ValueError
            If there are none, or they are not finite or too large.
        """
        self._checked(_fitting(np.array(numbers, dtype=float), 1))
        st.session_state[self._source] = None

    def draw(self, D: int = 1) -> None:
        """Draw the field, the uploader, and a note on the numbers that were read.

        Parameters
        ----------
        D : int
            Numbers of a step.
        """
        st.text_area(
            words.PASTE,
            key=self._text,
            on_change=self._read_text,
            args=(D,),
            placeholder=words.pasted(D),
            help=words.PASTE_HELP,
        )
        st.file_uploader(
            words.FILE,
            type=["csv", "txt", "npy"],
            key=self._file,
            on_change=self._read_file,
            args=(D,),
            max_upload_size=self._megabytes,
            help=words.file_help(D),
        )
        self._draw_columns(D)
        error = st.session_state.get(self._error)
        if error:
            st.error(f"{error} {words.still(self.numbers(), D)}")
        else:
            st.caption(words.said(self.numbers(), D))
        if self.numbers() is not None:
            st.button(words.FORGET, key=self._forget, on_click=self.forget)

    def forget(self) -> None:
        """Drop the numbers."""
        for key in (self._numbers, self._error, self._source):
            st.session_state[key] = None

    def _draw_columns(self, D: int) -> None:
        """Draw the list of a table's columns, where there are several to choose from."""
        source: str | None = st.session_state.get(self._source)
        names = sequences.number_columns(source) if source and D == 1 else ()
        if len(names) > 1:
            st.selectbox(
                words.COLUMN,
                names,
                index=None,
                key=self._column,
                on_change=self._read_column,
                placeholder=words.FIRST_COLUMN,
            )

    def _read_column(self) -> None:
        source, name = st.session_state[self._source], st.session_state[self._column]
        self._keep(lambda: self._parsed(source, 1, name))

    def _read_text(self, D: int) -> None:
        text = st.session_state[self._text]
        if text.strip():
            self._keep(lambda: self._parsed(text, D))
        else:
            self.forget()

    def _read_file(self, D: int) -> None:
        file = st.session_state[self._file]
        # The uploader is also empty while one file replaces another.
        if file is not None:
            data = file.getvalue()
            if data.startswith(MAGIC) or file.name.lower().endswith(".npy"):
                st.session_state[self._source] = None
                self._keep(lambda: _fitting(read_npy(data), D))
            else:
                self._keep(lambda: self._decoded(data, D))

    def _decoded(self, data: bytes, D: int) -> Array:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(
                "The file must be text in UTF-8, or a .npy. It holds other bytes."
            ) from None
        return self._parsed(text, D)

    def _parsed(self, text: str, D: int, column: str | None = None) -> Array:
        longest = self._megabytes * 1_000_000
        if len(text) > longest:
            raise ValueError(f"The numbers must fit in {longest:,} characters. Got {len(text):,}.")
        used = _beginning(text, D)
        numbers = sequences.parse_numbers(used, D, most_rows=_ROW * LONGEST, column=column)
        if used != st.session_state.get(self._source):
            st.session_state[self._source], st.session_state[self._column] = used, None
        return numbers

    def _keep(self, read: Callable[[], Array]) -> None:
        """Keep the numbers that are read. If they cannot be read, say so and keep the old ones."""
        try:
            self._checked(read())
        except ValueError as rule:
            st.session_state[self._error] = escaped(str(rule))

    def _checked(self, numbers: Array) -> None:
        largest = float(abs(numbers).max())
        if largest > self._largest:
            raise ValueError(
                f"Numbers on this page must be from -{self._largest:g} to {self._largest:g}. "
                f"Got {largest:g}."
            )
        st.session_state[self._numbers], st.session_state[self._error] = numbers, None


def _beginning(text: str, D: int) -> str:
    """As much of a text as can be used; what is longer ends with a whole row, or number."""
    most = LONGEST * max(_ROW, _CELL * D)
    if len(text) <= most:
        return text
    head = text[:most]
    rows = head.rsplit("\n", 1)
    if "\n" in rows[0].strip() or D > 1:
        return rows[0]
    return head[: max(head.rfind(mark) for mark in (*",; \t\n",))]


def _fitting(array: Array, D: int) -> Array:
    """An array of shape (T, D), checked."""
    table = array[:, None] if array.ndim == 1 and D == 1 else array
    if table.ndim != 2 or table.shape[1] != D or not len(table):
        raise ValueError(
            f"The sequence must have shape (T, D) with D = {D}, a row a step. Got {array.shape}."
        )
    return finite_array("The sequence", table)
