"""The sidebar: a widget for every setting, each with the setting's name as its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from gradflow import sequences
from gradflow.ui.shared import state
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import CONTROLS, LONGEST, Settings
from gradflow.ui.shared.text import escaped
from gradflow.ui.shared.words import forget_bias_words

# Pixels of a number that stands beside other controls.
_NARROW = 220

# What is read of a pasted text or a file, in characters: 10,000 numbers of 40 digits.
_LONGEST_TEXT = 400_000
_LARGEST_FILE = 2  # megabytes

# With the largest input weight this still lies within what the activations can be taken of.
_LARGEST = 1e9


# The parts of the sidebar that are folded, by the keys that hold whether they are open.
SECTIONS = ("open_sequence", "open_view", "open_weights", "open_ends", "open_clipping")


def sidebar() -> None:
    """Draw every control; what is chosen is then read with `state.settings`."""
    with st.sidebar:
        examples()
        main()
        length()
        sections()


def examples() -> None:
    """The list of settings worth looking at."""
    st.selectbox(
        "Start from an example",
        [preset.name for preset in PRESETS],
        index=None,
        placeholder="Choose one",
        key="preset",
        on_change=_apply_preset,
        help="Sets all controls and says what to look at.",
    )


def main() -> None:
    """What is moved most: the recurrent weight and the forget bias."""
    _slider("w_s")
    _slider("b_f")
    st.caption(forget_bias_words(state.value("b_f")))


def length() -> None:
    """The length of the sequence, unless that brings its own."""
    own = _own_length()
    _slider("T", disabled=own is not None)
    _exact_length(disabled=own is not None)
    # A slot that is always there: what comes after it keeps its place.
    note = st.empty()
    if own is not None:
        note.caption(f"The sequence brings its own length: {own} steps.")


def sections() -> None:
    """All other controls, in parts that are drawn when they are opened."""
    parts = zip(
        SECTIONS,
        (
            ("Input sequence", "timeline", _sequence),
            ("What the heatmaps show", "grid_on", _view),
            ("Weights and activation", "tune", _weights),
            ("Readout, loss, start", "output", _ends),
            ("Clipping and truncation", "content_cut", _clipping),
        ),
        strict=True,
    )
    for key, (label, icon, draw) in parts:
        part = st.expander(label, icon=f":material/{icon}:", key=key, on_change="rerun")
        if part.open:
            with part:
                draw()


def _exact_length(disabled: bool) -> None:
    """The length once more, to type: on the slider a pixel is several steps."""
    control = CONTROLS["T"]
    st.session_state["T_typed"] = state.value("T")
    st.number_input(
        "Sequence length, typed",
        int(control.low or 0),
        int(control.high or 0),
        step=1,
        key="T_typed",
        help="The same number, to type.",
        on_change=_take_length,
        disabled=disabled,
        label_visibility="collapsed",
    )


def _take_length() -> None:
    state.change(T=st.session_state["T_typed"])


def _apply_preset() -> None:
    chosen = st.session_state["preset"]
    for preset in PRESETS:
        if preset.name == chosen:
            state.put(preset.settings)
            st.session_state["looking_at"] = preset.name
    # Empty again, so that the same example can be chosen once more.
    st.session_state["preset"] = None


def _own_length() -> int | None:
    """Steps of a sequence that has a length of its own."""
    chosen, own = state.value("sequence"), state.own_numbers()
    if chosen == "sentence":
        return int(state.value("clause")) + sequences.WORDS_AROUND
    return min(len(own), LONGEST) if chosen == "own" and own is not None else None


def _sequence() -> None:
    _choice("sequence")
    chosen = state.value("sequence")
    if chosen == "sine":
        _number("period")
    if chosen == "sentence":
        _number("clause")
        _switch("plural")
    if chosen in ("noise", "sentence"):
        _number("seed")
    if chosen == "own":
        _own_numbers()


def _own_numbers() -> None:
    st.text_area(
        "Paste numbers",
        key="own_text",
        on_change=_read_text,
        placeholder="0.5, -1.2, 3",
        help="Separated by commas, spaces or new lines. They stay in this session and are not in "
        "the link.",
    )
    st.file_uploader(
        "or a CSV file",
        type=["csv", "txt"],
        key="own_file",
        on_change=_read_file,
        max_upload_size=_LARGEST_FILE,
        help="One number a line, or the first column that holds numbers.",
    )
    error = st.session_state.get("own_error")
    numbers = state.own_numbers()
    if error:
        st.error(error)
    if numbers is None:
        st.caption("No numbers yet: seeded noise is shown.")
    elif len(numbers) > LONGEST:
        st.caption(f"{len(numbers):,} numbers read; the first {LONGEST} are used.")
    else:
        count = "1 number" if len(numbers) == 1 else f"{len(numbers)} numbers"
        st.caption(f"{count} read, all used.")
    if numbers is not None:
        st.button("Forget these numbers", key="own_forget", on_click=_forget)


def _read_text() -> None:
    text = st.session_state["own_text"]
    if text.strip():
        _read(text)
    else:
        _forget()


def _read_file() -> None:
    file = st.session_state["own_file"]
    if file is None:
        # The uploader is also empty for a moment when one file takes another's place.
        return
    try:
        text = file.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        st.session_state["own_error"] = "The file must be text in UTF-8. It holds other bytes."
        return
    _read(text)


def _read(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        st.session_state["own_error"] = (
            f"The numbers must fit in {_LONGEST_TEXT:,} characters. Got {len(text):,}."
        )
        return
    try:
        numbers = sequences.parse_numbers(text)
    except ValueError as error:
        st.session_state["own_error"] = escaped(str(error))
        return
    largest = float(abs(numbers).max())
    if largest > _LARGEST:
        st.session_state["own_error"] = (
            f"Numbers on this page must be from -{_LARGEST:g} to {_LARGEST:g}. Got {largest:g}."
        )
        return
    st.session_state[state.OWN] = numbers
    st.session_state["own_error"] = None


def _forget() -> None:
    st.session_state[state.OWN] = None
    st.session_state["own_error"] = None


def _view() -> None:
    _choice("parameter")
    _choice("gate")
    _switch("relative")
    _switch("signs")
    _choice("axis")
    _number("floor")
    _choice("camera")


def _weights() -> None:
    _number("w_x")
    _number("b")
    _choice("activation")
    _switch("own_w_h", disabled=state.value("own_gates"))
    if state.value("own_w_h") and not state.value("own_gates"):
        _number("w_h")
    _switch("own_gates")
    if state.value("own_gates"):
        for kind in ("w_x", "w_h"):
            for gate in "ifco":
                _number(f"{kind}{gate}")
    for gate in "ico":
        _number(f"b_{gate}")


def _ends() -> None:
    _number("w_o")
    _number("readout_b_o")
    _choice("loss")
    if state.value("loss") == "squared":
        _number("target")
    if state.value("loss") in ("binary", "softmax"):
        _choice("label")
    for name in ("s_0", "h_0", "c_0"):
        _number(name)


def _clipping() -> None:
    _switch("clipping")
    _number("threshold", disabled=not state.value("clipping"), format="%g")
    _number("window")


def _slider(name: str, disabled: bool = False) -> None:
    control = CONTROLS[name]
    st.slider(
        control.label,
        control.low,
        control.high,
        step=control.step,
        key=state.seat(name),
        help=control.help,
        disabled=disabled,
    )


def _number(
    name: str,
    disabled: bool = False,
    format: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> None:
    control = CONTROLS[name]
    whole = isinstance(getattr(Settings, name), int)
    st.number_input(
        control.label,
        control.low,
        control.high,
        step=control.step,
        key=state.seat(name),
        help=control.help,
        disabled=disabled,
        format=format or (None if whole else "%g"),
        width=width,
    )


def target_control() -> None:
    """The target step, which stands beside the curves that it moves."""
    _switch("last")
    if not state.value("last"):
        _number("t", width=_NARROW)


def lag_control() -> None:
    """The lag of the cell that is explained, which stands beside the explanation."""
    _number("lag", width=_NARROW)


def classes_control() -> None:
    """The number of classes, which stands beside their shares."""
    _number("classes")


def path_control(labels: Sequence[str], captions: Sequence[str]) -> None:
    """The list of the paths by size, one of which is lit."""
    control = CONTROLS["path"]
    st.radio(
        control.label,
        range(1, len(labels) + 1),
        format_func=lambda rank: labels[rank - 1],
        captions=captions,
        key=state.seat("path"),
        help=control.help,
    )


def _choice(name: str) -> None:
    control = CONTROLS[name]
    st.selectbox(
        control.label,
        control.values,
        format_func=control.shown,
        key=state.seat(name),
        help=control.help,
    )


def _switch(name: str, disabled: bool = False) -> None:
    control = CONTROLS[name]
    st.toggle(control.label, key=state.seat(name), help=control.help, disabled=disabled)
