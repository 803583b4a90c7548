"""Weights and numbers that a user brings: kept in the session alone, and gone with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import gradflow as gf
from gradflow.numerics.scaled import Array
from gradflow.ui.model import sequence
from gradflow.ui.model.settings import OWN
from gradflow.ui.shared.text import escaped
from gradflow.weights.tensors import ChoiceError

# Megabytes. An LSTM of three layers with H = 512 has 21 as float32.
LARGEST_WEIGHTS = 64
LARGEST_NUMBERS = 16

FILE, ANSWER, READOUT = "model_file", "model_answer", "model_readout"
NUMBERS_TEXT, NUMBERS_FILE = "model_numbers_text", "model_numbers_file"
_UPLOADED, _QUESTION, _COUNT = "model_uploaded", "model_question", "model_count"
_NUMBERS, _FILE_ERROR, _NUMBERS_ERROR = "model_numbers", "model_error", "model_numbers_error"


@dataclass(frozen=True)
class Upload:
    """A file of weights, and what the user has said that it leaves open."""

    name: str
    data: bytes
    prefix: str | None = None
    cell: str | None = None
    readout: str | None = None

    def model(self) -> gf.Model:
        """The model in it.

        Raises
        ------
        ValueError
            As `gradflow.loads`.
        """
        return gf.loads(
            self.data,
            self.name,
            prefix=self.prefix,
            cell=self.cell,
            readout=self.readout,
            limit=LARGEST_WEIGHTS << 20,
        )


@dataclass(frozen=True, eq=False)
class Uploaded:
    """A model that was read, its file, and a number that no other file of this session has."""

    upload: Upload
    model: gf.Model
    number: int


@dataclass(frozen=True)
class Question:
    """What a file leaves open: an argument of `gradflow.load` and its values."""

    upload: Upload
    argument: str
    choices: tuple[str, ...]


def uploaded() -> Uploaded | None:
    """The model that was uploaded last and could be read."""
    found: Uploaded | None = st.session_state.get(_UPLOADED)
    return found


def question() -> Question | None:
    """What is still to be said of a file."""
    found: Question | None = st.session_state.get(_QUESTION)
    return found


def error() -> str | None:
    """What is wrong with the last file of weights, as plain text."""
    found: str | None = st.session_state.get(_FILE_ERROR)
    return found


def numbers() -> Array | None:
    """The user's own numbers, (T, D)."""
    found: Array | None = st.session_state.get(_NUMBERS)
    return found


def numbers_error() -> str | None:
    """What is wrong with the last numbers, as Markdown."""
    found: str | None = st.session_state.get(_NUMBERS_ERROR)
    return found


def read_weights(model_key: str) -> None:
    """Read the file in the uploader; a callback. `model_key` is the key of the model's choice."""
    file = st.session_state[FILE]
    st.session_state[_FILE_ERROR] = st.session_state[_QUESTION] = None
    # Without a file the model stays: the uploader is also empty for a moment when one file takes
    # another's place.
    if file is not None:
        _read(Upload(file.name, file.getvalue()), model_key)


def answer(model_key: str) -> None:
    """Read the file again with what the user has chosen; a callback."""
    asked, chosen = question(), st.session_state[ANSWER]
    if asked is not None and chosen is not None:
        _read(replace(asked.upload, **{asked.argument: chosen}), model_key)


def read_out_with(readout: str | None) -> None:
    """Read the uploaded file again with another readout."""
    before = uploaded()
    if before is not None and before.upload.readout != readout:
        _keep(replace(before.upload, readout=readout), before.number)


def read_pasted(D: int) -> None:
    """Read the numbers in the text field; a callback."""
    text = st.session_state[NUMBERS_TEXT]
    if text.strip():
        _read_numbers(lambda: sequence.read_numbers(text, D))
    else:
        forget_numbers()


def read_number_file(D: int) -> None:
    """Read the numbers in the uploader; a callback."""
    file = st.session_state[NUMBERS_FILE]
    if file is None:
        return
    data = file.getvalue()

    def read() -> Array:
        if data[:6] == b"\x93NUMPY" or file.name.lower().endswith(".npy"):
            return sequence.read_npy(data, D)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError("The file must be text in UTF-8, or a .npy. It is neither.") from None
        return sequence.read_numbers(text, D)

    _read_numbers(read)


def forget_numbers() -> None:
    """Let the user's own numbers go."""
    st.session_state[_NUMBERS] = None
    st.session_state[_NUMBERS_ERROR] = None


def _read(upload: Upload, model_key: str) -> None:
    st.session_state[_FILE_ERROR] = st.session_state[_QUESTION] = None
    try:
        _keep(upload, st.session_state.get(_COUNT, 0) + 1)
    except ChoiceError as open_choice:
        st.session_state[_QUESTION] = Question(upload, open_choice.argument, open_choice.choices)
    except ValueError as rule:
        st.session_state[_FILE_ERROR] = str(rule)
    else:
        st.session_state[model_key] = OWN


def _keep(upload: Upload, number: int) -> None:
    st.session_state[_UPLOADED] = Uploaded(upload, upload.model(), number)
    st.session_state[_COUNT] = number


def _read_numbers(read: Any) -> None:
    try:
        st.session_state[_NUMBERS] = read()
        st.session_state[_NUMBERS_ERROR] = None
    except ValueError as rule:
        st.session_state[_NUMBERS_ERROR] = escaped(str(rule))
