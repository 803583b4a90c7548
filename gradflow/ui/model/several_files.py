"""Several files of weights at once: checkpoints of one training, or other models."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import streamlit as st

import gradflow as gf
from gradflow.ui.model.uploads import LARGEST_WEIGHTS, Upload
from gradflow.ui.shared.markdown_text import natural_order, printable
from gradflow.weights.tensors import ChoiceError

# Files, and megabytes of all together.
MOST_FILES, MOST_MEGABYTES = 24, LARGEST_WEIGHTS

FILES = "model_several"
_HELD, _ERRORS, _COUNT = "model_several_held", "model_several_errors", "model_several_count"


@dataclass(frozen=True, eq=False)
class NamedModel:
    """A model that was read from a file, and what no other one of the session has."""

    name: str
    model: gf.Model
    ident: Hashable


def held() -> tuple[NamedModel, ...]:
    """The models read last, in the natural order of their files' names."""
    found: tuple[NamedModel, ...] = st.session_state.get(_HELD, ())
    return found


def errors() -> tuple[str, ...]:
    """What is wrong with each file that could not be read, as plain text."""
    found: tuple[str, ...] = st.session_state.get(_ERRORS, ())
    return found


def read(like: Upload | None, readout: str | None) -> None:
    """Read the files in the uploader; a callback. Where none can be read, the old ones stay.

    Parameters
    ----------
    like : Upload or None
        A file of which the user has said what it leaves open: the others are read as it was.
    readout : str or None
        The linear layer that is the readout.
    """
    files = sorted(st.session_state[FILES], key=lambda file: natural_order(file.name))
    found, bad = [], list(_too_many(files))
    for file in [] if bad else files:
        name = printable(file.name)
        try:
            model = _as_read(Upload(name, file.getvalue(), readout=readout), like).model()
        except ChoiceError as rule:
            bad.append(f"{name}: {rule} Upload it alone first: the others are read as it is then.")
        except ValueError as rule:
            bad.append(f"{name}: {_without_code(str(rule))}")
        else:
            number = st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
            found.append(NamedModel(name, model, number))
    st.session_state[_ERRORS] = tuple(bad)
    if found:
        st.session_state[_HELD] = tuple(found)


def _without_code(said: str) -> str:
    """A message without the lines of Python that may follow it, and the sentence before them."""
    told, _, code = said.partition("\n")
    return f"{told.rpartition('. ')[0]}." if code else told


def _as_read(upload: Upload, like: Upload | None) -> Upload:
    return upload if like is None else replace(like, name=upload.name, data=upload.data)


def _too_many(files: list[st.runtime.uploaded_file_manager.UploadedFile]) -> list[str]:
    """What is wrong with the files together, if anything is."""
    megabytes = sum(file.size for file in files) / 1e6
    if len(files) <= MOST_FILES and megabytes <= MOST_MEGABYTES:
        return []
    return [
        f"The files must be at most {MOST_FILES}, of {MOST_MEGABYTES} MB together. "
        f"Got {len(files)} of {megabytes:.0f} MB."
    ]
