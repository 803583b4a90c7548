"""Weights that a user brings: kept in the session alone, and gone with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

import gradflow as gf
from gradflow.ui import server
from gradflow.ui.model.settings import OWN
from gradflow.ui.shared.markdown_text import printable
from gradflow.weights.readouts import AUTO
from gradflow.weights.tensors import ChoiceError

# Megabytes. An LSTM of three layers with H = 512 has 21 as float32.
LARGEST_WEIGHTS = 64

FILE, ANSWER, READOUT = "model_file", "model_answer", "model_readout"
MODULE = "model_module"
DIRECTION = "model_direction"
_UPLOADED, _QUESTION, _COUNT = "model_uploaded", "model_question", "model_count"
_FILE_ERROR = "model_error"


@dataclass(frozen=True)
class Upload:
    """A file of weights, and what the user has said that it leaves open."""

    name: str
    data: bytes
    prefix: str | None = None
    cell: str | None = None
    activation: str | None = None
    recurrent_activation: str | None = None
    gates: str | None = None
    direction: str | None = None
    merge: str | None = None
    readout: str | None = AUTO

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
            activation=self.activation,
            recurrent_activation=self.recurrent_activation,
            gates=self.gates,
            direction=self.direction,
            merge=self.merge,
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
class FileQuestion:
    """What a file leaves open: an argument of `gradflow.load` and its values."""

    upload: Upload
    argument: str
    choices: tuple[str, ...]


def uploaded() -> Uploaded | None:
    """The model that was uploaded last and could be read."""
    found: Uploaded | None = st.session_state.get(_UPLOADED)
    return found


def question() -> FileQuestion | None:
    """What is still to be said of a file."""
    found: FileQuestion | None = st.session_state.get(_QUESTION)
    return found


def leave() -> None:
    """Drop the question; a callback."""
    st.session_state[_QUESTION] = None


def error() -> str | None:
    """What is wrong with the last file of weights, as plain text."""
    found: str | None = st.session_state.get(_FILE_ERROR)
    return found


def read_weights(model_key: str) -> None:
    """Read the file in the uploader; a callback. `model_key` is the key of the model's choice."""
    file = st.session_state[FILE]
    st.session_state[_FILE_ERROR] = st.session_state[_QUESTION] = None
    # Without a file the model stays: the uploader is also empty while one file replaces another.
    if file is not None:
        _read(Upload(printable(file.name), file.getvalue()), model_key)


def answer(model_key: str) -> None:
    """Read the file again with what the user has chosen; a callback."""
    asked, chosen = question(), st.session_state[ANSWER]
    # The next question can have the same choices, of which none is chosen yet.
    st.session_state[ANSWER] = None
    if asked is not None and chosen is not None:
        _read(replace(asked.upload, **{asked.argument: chosen}), model_key)


def look_at_module(model_key: str) -> None:
    """Read the uploaded file again for another of its recurrent layers; a callback."""
    before, chosen = uploaded(), st.session_state[MODULE]
    if before is not None and chosen is not None and chosen != before.upload.prefix:
        # What was said was said of another layer.
        _read(Upload(before.upload.name, before.upload.data, chosen), model_key)


def read_out_with(readout: str | None) -> None:
    """Read the uploaded file again with another readout."""
    before = uploaded()
    if before is not None and before.upload.readout != readout:
        _keep(replace(before.upload, readout=readout), before.number)


def read_direction(direction: str | None, model_key: str) -> None:
    """Read the uploaded file again, one direction of it or both, with the readout that fits."""
    before = uploaded()
    if before is not None and before.upload.direction != direction:
        _read(replace(before.upload, direction=direction, readout=AUTO), model_key)


def _read(upload: Upload, model_key: str) -> None:
    st.session_state[_FILE_ERROR] = st.session_state[_QUESTION] = None
    refused = False
    try:
        _keep(upload, st.session_state.get(_COUNT, 0) + 1)
    except ChoiceError as open_choice:
        st.session_state[_QUESTION] = FileQuestion(
            upload, open_choice.argument, open_choice.choices
        )
    except ValueError as rule:
        st.session_state[_FILE_ERROR] = str(rule)
        refused = True
    else:
        st.session_state[model_key] = OWN
    if refused:
        server.give_back()  # when nothing holds on to what was read any more


def _keep(upload: Upload, number: int) -> None:
    st.session_state[_UPLOADED] = Uploaded(upload, upload.model(), number)
    st.session_state[_COUNT] = number
