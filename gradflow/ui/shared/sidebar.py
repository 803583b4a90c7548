"""The sidebar of the pages of the two networks: a widget for every setting."""

from __future__ import annotations

import streamlit as st

from gradflow import sequences
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.setting_fields import LONGEST
from gradflow.ui.shared.settings import CONTROLS
from gradflow.ui.shared.state import HELD, OWN, WIDGETS, own_numbers
from gradflow.ui.shared.widgets import NARROW
from gradflow.ui.shared.words import forget_bias_words

# The parts of the sidebar that are folded, by the keys that hold whether they are open.
SECTIONS = ("open_sequence", "open_view", "open_weights", "open_ends", "open_clipping")


def every_control() -> None:
    """Draw every control. `HELD.settings` then gives the settings."""
    with st.sidebar:
        examples()
        main()
        length()
        sections()


def examples() -> None:
    """Draw the list of settings worth looking at."""
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
    """Draw the controls that are moved most: the recurrent weight and the forget bias."""
    WIDGETS.slider("w_s")
    WIDGETS.slider("b_f")
    st.caption(forget_bias_words(HELD.value("b_f")))


def length() -> None:
    """Draw the length of the sequence, which some sequences bring themselves."""
    own = _own_length()
    WIDGETS.slider("T", disabled=own is not None)
    _exact_length(disabled=own is not None)
    # This slot is always there, so that what follows keeps its place.
    note = st.empty()
    if own is not None:
        note.caption(f"The sequence brings its own length: {own} steps.")


def sections() -> None:
    """Draw all other controls, in sections whose contents are drawn when they are open."""
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
    """Draw the length as a number to type: on the slider a pixel is several steps."""
    control = CONTROLS["T"]
    st.session_state["T_typed"] = HELD.value("T")
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
    HELD.change(T=st.session_state["T_typed"])


def _apply_preset() -> None:
    chosen = st.session_state["preset"]
    for preset in PRESETS:
        if preset.name == chosen:
            HELD.put(preset.settings)
            st.session_state["looking_at"] = preset.name
    # Empty again, so that the same example can be chosen once more.
    st.session_state["preset"] = None


def _own_length() -> int | None:
    """Steps of a sequence that has a length of its own."""
    chosen, own = HELD.value("sequence"), own_numbers()
    if chosen == "sentence":
        return int(HELD.value("clause")) + sequences.WORDS_AROUND
    return min(len(own), LONGEST) if chosen == "own" and own is not None else None


def _sequence() -> None:
    WIDGETS.choice("sequence")
    chosen = HELD.value("sequence")
    if chosen == "sine":
        WIDGETS.number("period")
    if chosen == "sentence":
        WIDGETS.number("clause")
        WIDGETS.switch("plural")
    if chosen in ("noise", "sentence"):
        WIDGETS.number("seed")
    if chosen == "own":
        OWN.draw()


def _view() -> None:
    WIDGETS.choice("parameter")
    WIDGETS.choice("gate")
    WIDGETS.switch("relative")
    WIDGETS.switch("signs")
    WIDGETS.choice("axis")
    WIDGETS.number("floor")
    WIDGETS.choice("camera")


def _weights() -> None:
    WIDGETS.number("w_x")
    WIDGETS.number("b")
    WIDGETS.choice("activation")
    WIDGETS.switch("own_w_h", disabled=HELD.value("own_gates"))
    if HELD.value("own_w_h") and not HELD.value("own_gates"):
        WIDGETS.number("w_h")
    WIDGETS.switch("own_gates")
    if HELD.value("own_gates"):
        for kind in ("w_x", "w_h"):
            for gate in "ifco":
                WIDGETS.number(f"{kind}{gate}")
    for gate in "ico":
        WIDGETS.number(f"b_{gate}")


def _ends() -> None:
    WIDGETS.number("w_o")
    WIDGETS.number("readout_b_o")
    WIDGETS.choice("loss")
    if HELD.value("loss") == "squared":
        WIDGETS.number("target")
    if HELD.value("loss") in ("binary", "softmax"):
        WIDGETS.choice("label")
    for name in ("s_0", "h_0", "c_0"):
        WIDGETS.number(name)


def _clipping() -> None:
    WIDGETS.switch("clipping")
    WIDGETS.number("threshold", disabled=not HELD.value("clipping"))
    WIDGETS.number("window")


def lag_control() -> None:
    """Draw the lag of the term that is explained, beside its explanation."""
    WIDGETS.number("lag", width=NARROW)
