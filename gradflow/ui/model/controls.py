"""The sidebar of the page "Your model": the weights, the sequence, and what is shown."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

import gradflow as gf
from gradflow.analysis.forget_bias import keeping_gate
from gradflow.cells import Cell
from gradflow.cells.bidirectional import DIRECTIONS
from gradflow.ui.model import data_set, survey_words, uploads, words
from gradflow.ui.model.objective import kinds, output_count
from gradflow.ui.model.panels import WITHOUT_GATES, gate_letters, offered_parameters
from gradflow.ui.model.sequence import Sequence, columns
from gradflow.ui.model.settings import FORM, OWN, ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.markdown_text import escaped
from gradflow.ui.shared.number_input import OwnNumbers
from gradflow.ui.shared.setting_fields import controls_by_name
from gradflow.ui.shared.widgets import Widgets
from gradflow.weights.model import KIND_WORDS

HELD: HeldSettings[ModelSettings] = HeldSettings(FORM, "model_settings", "m_")
WIDGETS = Widgets(HELD)
OWN_NUMBERS = OwnNumbers("model_own", megabytes=16)
TEXT = "model_text"
_TEXT_FIELD = "model_text_field"
_READ_OUT = "model_read_out"
_BOTH = "both"
# More outputs than these are a number to type, and no list.
_LISTED = 100


def draw_weights() -> None:
    """Draw the choice of a model and the uploader."""
    WIDGETS.choice("model")
    st.file_uploader(
        words.UPLOAD,
        key=uploads.FILE,
        on_change=uploads.read_weights,
        args=(HELD.key("model"),),
        max_upload_size=uploads.LARGEST_WEIGHTS,
        help=words.UPLOAD_HELP,
    )
    with st.expander(words.HOW_TO_SAVE, icon=":material/save:"):
        st.code(words.TWO_LINES, language="python", wrap_lines=True)


def draw_module(upload: uploads.Upload, model: gf.Model) -> None:
    """Draw the choice among the recurrent layers of a file, where it has others than those shown.

    Parameters
    ----------
    upload : Upload
        The file.
    model : Model
        The model of the layers that are shown.
    """
    if upload.prefix is None or not model.other_modules:
        return
    st.session_state[uploads.MODULE] = upload.prefix
    st.selectbox(
        words.MODULE,
        sorted({upload.prefix, *model.other_modules}),
        key=uploads.MODULE,
        format_func=_module_name,
        on_change=uploads.look_at_module,
        args=(HELD.key("model"),),
        help=words.MODULE_HELP,
    )


def _module_name(name: str | None) -> str:
    return name or words.NAMELESS


def draw_readout(model: gf.Model, weights: Hashable) -> str | None:
    """Draw the choice of a readout: a linear layer of the file, or the sum of the hidden units.

    Parameters
    ----------
    model : Model
        The model, with the readout that is chosen at first.
    weights : hashable
        A key of its weights: for other ones the choice begins anew.
    """
    # A choice of None would be shown as none at all.
    choices = [words.SUM, *model.linear_layers]
    if st.session_state.get(_READ_OUT) != weights or uploads.READOUT not in st.session_state:
        st.session_state[uploads.READOUT] = model.readout_layer or words.SUM
        st.session_state[_READ_OUT] = weights
    chosen = st.selectbox(
        words.READOUT,
        choices,
        key=uploads.READOUT,
        help=words.READOUT_HELP,
        disabled=not model.linear_layers,
    )
    return None if chosen == words.SUM else chosen


def draw_direction() -> None:
    """Draw the choice of a direction of an uploaded layer that reads both ways."""
    own = uploads.uploaded()
    if own is None or HELD.value("model") != OWN:
        return
    direction = own.upload.direction
    if direction is None and not (len(own.model.layers) == 1 and own.model.layers[0].both_ways):
        return
    st.session_state[uploads.DIRECTION] = direction or _BOTH
    st.selectbox(
        words.DIRECTION,
        [_BOTH, *DIRECTIONS],
        key=uploads.DIRECTION,
        on_change=_take_direction,
        help=words.DIRECTION_HELP,
    )


def _take_direction() -> None:
    chosen = st.session_state[uploads.DIRECTION]
    uploads.read_direction(None if chosen == _BOTH else chosen, HELD.key("model"))


def draw_sequence(shipped: Shipped | None, model: gf.Model) -> None:
    """Draw the choice of what the model reads."""
    kinds = [
        kind
        for kind in controls_by_name(ModelSettings)["sequence"].values
        if shipped is not None or kind not in ("example", "text")
    ]
    if HELD.value("sequence") not in kinds:
        HELD.change(sequence="noise")
    shown = controls_by_name(ModelSettings)["sequence"].shown
    tokens = {"noise": words.SEEDED_TOKENS} if model.embedding is not None else {}
    WIDGETS.choice("sequence", kinds, [tokens.get(kind, shown(kind)) for kind in kinds])
    chosen = HELD.value("sequence")
    if chosen == "text" and shipped is not None:
        # Another page lets go of what the field held.
        st.session_state.setdefault(_TEXT_FIELD, st.session_state.get(TEXT, ""))
        st.session_state[TEXT] = st.text_area(
            words.TEXT,
            key=_TEXT_FIELD,
            placeholder=shipped.example[:60],
            help=words.symbols_read(shipped.symbols),
        )
        if not st.session_state[TEXT]:
            st.caption(words.NO_TEXT)
    if chosen == "noise":
        WIDGETS.number("T")
        WIDGETS.number("seed")
    if chosen == "own":
        settings = HELD.settings()
        beside = settings.has_targets + settings.has_weights
        if beside or model.embedding is not None:
            st.caption(words.rows_of_numbers(model, settings))
        OWN_NUMBERS.draw(columns(model) + beside)
    if chosen == "many":
        draw_data_set(columns(model))


def draw_data_set(D: int) -> None:
    """Draw the uploader of many sequences, what it has read, and which of them is shown."""
    st.file_uploader(
        survey_words.FILES_READ,
        type=["csv", "txt", "npy", "npz"],
        accept_multiple_files=True,
        key=data_set.FILES,
        on_change=data_set.read,
        args=(D,),
        max_upload_size=data_set.LARGEST_FILE,
        help=survey_words.DATA_SET,
    )
    for error in data_set.errors():
        st.error(escaped(error))
    held = data_set.held()
    st.caption(survey_words.sequences_read(held, D))
    if held is not None and held.D == D:
        WIDGETS.number("number")
        st.caption(escaped(held.names[held.place(HELD.value("number"))]))


def draw_loss(model: gf.Model, given: Sequence) -> None:
    """Draw the choice of the loss and of the steps that it is of, folded.

    Parameters
    ----------
    model : Model
        The model.
    given : Sequence
        What there is to read.
    """
    possible, outputs = kinds(model), output_count(model)
    if HELD.value("loss") not in possible:
        HELD.change(loss="fits")
    if HELD.value("output") >= outputs:
        HELD.change(output=-1)
    with st.expander(words.LOSS, icon=":material/target:"):
        left, right = st.columns(2)
        with left:
            WIDGETS.choice("loss", possible, [_loss_label(kind, outputs) for kind in possible])
            first_is_output = HELD.value("loss") == "fits" and "next" not in possible
            if outputs > 1 and (first_is_output or HELD.value("loss") == "output"):
                _draw_output(outputs)
            if HELD.settings().has_targets and given.target is None:
                st.caption(words.NO_TARGETS)
        with right:
            WIDGETS.choice("steps")
            is_last = HELD.value("steps") == "last"
            WIDGETS.choice("weights", disabled=is_last)
            if HELD.settings().has_weights and given.weights is None and not is_last:
                st.caption(words.NO_STEP_WEIGHTS)
            WIDGETS.number("skip")
            WIDGETS.switch("padding")


def _loss_label(kind: str, outputs: int) -> str:
    label = controls_by_name(ModelSettings)["loss"].shown(kind)
    return label if kind != "output" or outputs > 1 else words.AS_IT_IS


def _draw_output(outputs: int) -> None:
    if outputs > _LISTED:
        WIDGETS.number("output")
        return
    labels = [words.LARGEST_OUTPUT, *map(str, range(outputs))]
    WIDGETS.choice("output", range(-1, outputs), labels)


def draw_view(layers: tuple[Cell, ...], model: gf.Model) -> None:
    """Draw the controls of what the heatmaps show."""
    _draw_parameter(layers, model)
    if any(keeping_gate(layer) for layer in layers):
        WIDGETS.slider("added")
    WIDGETS.number("window")
    with st.expander(words.DRAWN, icon=":material/grid_on:"):
        WIDGETS.switch("relative")
        WIDGETS.choice("axis")
        WIDGETS.switch("log_lags")
        WIDGETS.number("floor")
        WIDGETS.choice("camera")


def draw_square_view(layers: tuple[Cell, ...], model: gf.Model) -> None:
    """Draw the controls of what the heatmaps show of layers that read both ways."""
    _draw_parameter(layers, model)
    with st.expander(words.DRAWN, icon=":material/grid_on:"):
        WIDGETS.switch("relative")
        WIDGETS.number("floor")
        WIDGETS.choice("camera")


def _draw_parameter(layers: tuple[Cell, ...], model: gf.Model) -> None:
    layer = min(HELD.value("layer"), len(layers) - 1)
    HELD.change(layer=layer)
    names = [f"{n}: {KIND_WORDS[one.kind]}, H = {one.size}" for n, one in enumerate(model.layers)]
    WIDGETS.choice("layer", range(len(layers)), names)
    parameters = offered_parameters(layers[layer])
    if HELD.value("parameter") not in parameters:
        HELD.change(parameter="b")
    WIDGETS.choice("parameter", parameters)
    gates = ("all", *gate_letters(layers[layer]))
    if HELD.value("gate") not in gates:
        HELD.change(gate="all")
    if len(gates) > 1:
        WIDGETS.choice("gate", list(gates), disabled=HELD.value("parameter") in WITHOUT_GATES)


def draw_question(asked: uploads.FileQuestion) -> None:
    """Draw the question that a file leaves open, where its picture will be."""
    st.subheader(escaped(asked.upload.name), anchor=False)
    st.markdown(words.ASKED)
    st.selectbox(
        words.QUESTIONS[asked.argument],
        asked.choices,
        index=None,
        format_func=lambda choice: _module_name(KIND_WORDS.get(choice, choice)),
        placeholder=words.CHOOSE,
        key=uploads.ANSWER,
        on_change=uploads.answer,
        args=(HELD.key("model"),),
    )
    st.button(words.LEAVE, key="model_leave", on_click=uploads.leave)


def draw_error(shown: str) -> None:
    """Draw what is wrong with the last file, and which model is shown.

    Parameters
    ----------
    shown : str
        The name of the model that is shown.
    """
    said = uploads.error()
    if said is None:
        return
    sentence, _, code = said.partition("\n")
    parts = [escaped(sentence), words.still(escaped(shown))]
    # Where code follows, the last words of the sentence lead to it.
    st.error(" ".join(reversed(parts) if code else parts))
    if code:
        st.code(code, language="python", wrap_lines=True)
