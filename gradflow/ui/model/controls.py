"""The sidebar of the page "Your model": the weights, the sequence, and what is shown."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

import gradflow as gf
from gradflow.analysis.forget_bias import keeping_gate
from gradflow.cells import Cell
from gradflow.ui.model import uploads, words
from gradflow.ui.model.panels import gates_of
from gradflow.ui.model.settings import FORM, ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.settings import controls_of
from gradflow.ui.shared.state import Held
from gradflow.ui.shared.text import escaped
from gradflow.weights.model import KIND_WORDS

HELD: Held[ModelSettings] = Held(FORM, "model_settings", "m_")
TEXT = "model_text"
_TEXT_FIELD = "model_text_field"
_READ_OUT = "model_read_out"
_SUM = "sum of the hidden units"

_CONTROLS = controls_of(ModelSettings)


def value(name: str) -> object:
    """What the widget of a setting holds."""
    return HELD.value(name)


def weights() -> None:
    """The choice of a model, the uploader, and what a file leaves open."""
    _choice("model")
    st.file_uploader(
        "Upload weights (.safetensors or .npz)",
        key=uploads.FILE,
        on_change=uploads.read_weights,
        args=(HELD.key("model"),),
        max_upload_size=uploads.LARGEST_WEIGHTS,
        help="By PyTorch's or Keras' names; RNN, LSTM and GRU of one layer or several.",
    )
    said = uploads.error()
    if said is not None:
        sentence, _, code = said.partition("\n")
        st.error(escaped(sentence))
        if code:
            st.code(code, language="python", wrap_lines=True)
    _question()
    with st.expander("How to save them", icon=":material/save:"):
        st.code(words.TWO_LINES, language="python", wrap_lines=True)


def readout(model: gf.Model, weights: Hashable) -> str | None:
    """The choice of a linear layer of the file, or of the sum of the hidden units.

    Parameters
    ----------
    model : Model
        The model, with the readout that is chosen at first.
    weights : hashable
        A key of its weights: for other ones the choice begins anew.
    """
    # A choice of None would be shown as none at all.
    choices = [_SUM, *model.linear_layers]
    if st.session_state.get(_READ_OUT) != weights or uploads.READOUT not in st.session_state:
        st.session_state[uploads.READOUT] = model.readout_layer or _SUM
        st.session_state[_READ_OUT] = weights
    chosen = st.selectbox(
        "Readout",
        choices,
        key=uploads.READOUT,
        help="A linear layer of the file that takes the hidden units.",
        disabled=not model.linear_layers,
    )
    return None if chosen == _SUM else chosen


def sequence(shipped: Shipped | None, D: int) -> None:
    """The choice of what the model reads."""
    kinds = [
        kind
        for kind in _CONTROLS["sequence"].values
        if shipped is not None or kind not in ("example", "text")
    ]
    if value("sequence") not in kinds:
        HELD.change(sequence="noise")
    _choice("sequence", kinds)
    chosen = value("sequence")
    if chosen == "text" and shipped is not None:
        # Another page lets go of what the field held.
        st.session_state.setdefault(_TEXT_FIELD, st.session_state.get(TEXT, ""))
        st.session_state[TEXT] = st.text_area(
            "Text to read",
            key=_TEXT_FIELD,
            placeholder=shipped.example[:60],
            help=f"Of the symbols {' '.join(shipped.symbols)}. It stays in this session.",
        )
        if not st.session_state[TEXT]:
            st.caption("No text yet: the example is shown.")
    if chosen == "noise":
        _number("T")
        _number("seed")
    if chosen == "own":
        _numbers(D)


def view(layers: tuple[Cell, ...], model: gf.Model) -> None:
    """What the heatmaps show."""
    layer = min(HELD.value("layer"), len(layers) - 1)
    HELD.change(layer=layer)
    control = _CONTROLS["layer"]
    st.selectbox(
        control.label,
        range(len(layers)),
        format_func=lambda n: f"{n}: {KIND_WORDS[model.layers[n].kind]}, H = {layers[n].H}",
        key=HELD.seat("layer"),
        help=control.help,
    )
    _choice("parameter")
    gates = ("all", *gates_of(layers[layer]))
    if value("gate") not in gates:
        HELD.change(gate="all")
    if len(gates) > 1:
        _choice("gate", list(gates), disabled=value("parameter") == "x")
    if any(keeping_gate(layer) for layer in layers):
        control = _CONTROLS["added"]
        st.slider(
            control.label,
            control.low,
            control.high,
            step=control.step,
            key=HELD.seat("added"),
            help=control.help,
        )
    _number("window")
    with st.expander("How the heatmaps are drawn", icon=":material/grid_on:"):
        _switch("relative")
        _choice("axis")
        _number("floor")
        _choice("camera")


def target() -> None:
    """The target step."""
    _switch("last")
    if not value("last"):
        _number("t")


def _question() -> None:
    asked = uploads.question()
    if asked is None:
        return
    labels = {"prefix": "Which module of the file?", "cell": "What are its layers?"}
    st.selectbox(
        labels[asked.argument],
        asked.choices,
        index=None,
        format_func=lambda choice: KIND_WORDS.get(choice, choice) or "the one without a name",
        placeholder="Choose one",
        key=uploads.ANSWER,
        on_change=uploads.answer,
        args=(HELD.key("model"),),
        help="The file's weights do not tell.",
    )


def _numbers(D: int) -> None:
    table = "One number a step." if D == 1 else f"One row of D = {D} numbers a step."
    st.text_area(
        "Paste numbers",
        key=uploads.NUMBERS_TEXT,
        on_change=uploads.read_pasted,
        args=(D,),
        placeholder="0.5, -1.2, 3" if D == 1 else f"{D} numbers a row, one row a step",
        help=f"{table} They stay in this session and are not in the link.",
    )
    st.file_uploader(
        "or a CSV or NPY file",
        type=["csv", "txt", "npy"],
        key=uploads.NUMBERS_FILE,
        on_change=uploads.read_number_file,
        args=(D,),
        max_upload_size=uploads.LARGEST_NUMBERS,
        help=table,
    )
    wrong = uploads.numbers_error()
    if wrong:
        st.error(wrong)
    numbers = uploads.numbers()
    if numbers is None:
        st.caption("No numbers yet: seeded noise is shown.")
    elif numbers.shape[1] != D:
        st.caption(
            f"Your numbers have {numbers.shape[1]} in each step and this model takes {D}: seeded "
            "noise is shown."
        )
    if numbers is not None:
        st.button("Forget these numbers", key="model_forget", on_click=uploads.forget_numbers)


def _choice(name: str, values: list[str] | None = None, disabled: bool = False) -> None:
    control = _CONTROLS[name]
    st.selectbox(
        control.label,
        control.values if values is None else values,
        format_func=control.shown,
        key=HELD.seat(name),
        help=control.help,
        disabled=disabled,
    )


def _number(name: str) -> None:
    control = _CONTROLS[name]
    st.number_input(
        control.label,
        control.low,
        control.high,
        step=control.step,
        key=HELD.seat(name),
        help=control.help,
    )


def _switch(name: str) -> None:
    control = _CONTROLS[name]
    st.toggle(control.label, key=HELD.seat(name), help=control.help)
