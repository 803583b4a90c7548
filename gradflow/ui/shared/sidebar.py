"""The sidebar of the pages of the two networks: a widget for every setting."""

from __future__ import annotations

import contextlib

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow import sequences
from gradflow.ui.shared import words
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.setting_fields import LONGEST, parsed
from gradflow.ui.shared.settings import CONTROLS, Settings
from gradflow.ui.shared.state import HELD, OWN, WIDGETS, own_numbers
from gradflow.ui.shared.widgets import NARROW

# The recurrent weight of the LSTM that its slider reaches, and its steps; a link may hold more.
_SLIDING = (-5.0, 5.0, 0.01)

# Session state's name for the length that the field shows, and for which of its fields that is.
_TYPED = "length_typed"

_NUMBERED = {scene.name: f"{n}. {scene.name}" for n, scene in enumerate(PRESETS, 1)}

# The parts of the sidebar that are folded, by the keys that hold whether they are open.
SECTIONS = ("open_sequence", "open_view", "open_weights", "open_ends", "open_clipping")


def every_control() -> None:
    """Draw every control. `HELD.settings` then gives the settings."""
    with st.sidebar:
        scenes(row_of_scenes())
        sliders()
        beside_sliders()
        sections()


def row_of_scenes() -> DeltaGenerator:
    """A container for the list of scenes."""
    return st.container(horizontal=True, gap="small", key="scenes")


def scenes(row: DeltaGenerator) -> None:
    """Draw the list of scenes, and the buttons that go to the one before and the next."""
    with row:
        st.button(
            words.SCENE_BACK,
            key="scene_back",
            on_click=_turn,
            args=(-1,),
            help=words.SCENE_BACK_HELP,
        )
        st.selectbox(
            words.SCENE,
            list(_NUMBERED),
            index=None,
            format_func=_NUMBERED.__getitem__,
            placeholder=_NUMBERED[_scene_shown()],
            key="preset",
            on_change=_choose_scene,
            help=words.scenes(len(PRESETS)),
            label_visibility="collapsed",
        )
        st.button(
            words.SCENE_NEXT,
            key="scene_next",
            on_click=_turn,
            args=(1,),
            help=words.SCENE_NEXT_HELP,
        )


def _w_h() -> None:
    """The LSTM's recurrent weight, which follows the RNN's until it is unlinked."""
    unlinked, by_gate = HELD.value("own_w_h"), HELD.value("own_gates")
    if by_gate:
        WIDGETS.stand_in("w_h", words.W_H_BY_GATE)
    elif not unlinked:
        WIDGETS.follower("w_h", "w_s", words.W_H_FOLLOWS)
    elif abs(HELD.value("w_h")) > _SLIDING[1]:  # what a link may hold
        WIDGETS.number("w_h")
    else:
        WIDGETS.slider("w_h", limits=_SLIDING)


def sliders() -> None:
    """Draw the controls that are moved most."""
    WIDGETS.slider("w_s")
    _w_h()
    WIDGETS.switch("own_w_h", disabled=HELD.value("own_gates"), on_change=_set_apart)
    WIDGETS.slider("b_f")
    WIDGETS.slider("T", disabled=own_length() is not None)


def beside_sliders() -> None:
    """Draw what belongs to the sliders: the length to type, and notes."""
    own = own_length()
    _exact_length(disabled=own is not None)
    said = [words.forget_bias_words(HELD.value("b_f"))]
    if own is not None:
        said.append(words.own_length(own))
    st.caption(" ".join(said))


def _set_apart() -> None:
    """Keep the value that the LSTM's recurrent weight has."""
    if HELD.value("own_w_h"):
        HELD.change(w_h=HELD.value("w_s"))


def _set_gates_apart() -> None:
    """Keep the values that the gates' weights have."""
    if HELD.value("own_gates"):
        w_x, w_h = HELD.value("w_x"), HELD.settings().shared_w_h
        kept = {"w_x": w_x, "w_h": w_h}
        HELD.change(**{f"{kind}{gate}": v for kind, v in kept.items() for gate in "ifco"})


def sections() -> None:
    """Draw all other controls, in sections whose contents are drawn when they are open."""
    parts = zip(
        SECTIONS,
        (
            (words.SEQUENCE, "timeline", _sequence),
            (words.SHOWN, "grid_on", _view),
            (words.WEIGHTS, "tune", _weights),
            (words.ENDS, "output", _ends),
            (words.CUTS, "content_cut", _clipping),
        ),
        strict=True,
    )
    for key, (label, icon, draw) in parts:
        part = opened_section(label, key, icon)
        if part is not None:
            with part:
                draw()


def _exact_length(disabled: bool) -> None:
    """Draw the length as a number to type: on the slider a pixel is several steps.

    Where something else has changed the length the field is a new one. A message that was under way
    then may hold what the old one did, and would be taken for a number that was typed.
    """
    control, T = CONTROLS["T"], HELD.value("T")
    known, number = st.session_state.get(_TYPED, (T, 0))
    number += known != T
    st.session_state[_TYPED] = T, number
    key = f"T_typed_{number}"
    st.number_input(
        words.LENGTH_TYPED,
        int(control.low or 0),
        int(control.high or 0),
        T,
        step=1,
        key=key,
        help=words.LENGTH_TYPED_HELP,
        on_change=_take_length,
        args=(key, number),
        disabled=disabled,
    )


def _take_length(key: str, number: int) -> None:
    if st.session_state[_TYPED][1] != number:
        return  # a browser still tells what a field held that is no longer there
    with contextlib.suppress(ValueError):  # a browser may send anything
        T = parsed("T", str(st.session_state[key]), Settings)
        HELD.change(T=T)
        st.session_state[_TYPED] = T, number


def _choose_scene() -> None:
    chosen = st.session_state["preset"]
    if chosen in _NUMBERED:  # a browser may send anything
        _show_scene(chosen)
    else:
        st.session_state["preset"] = None


def _turn(way: int) -> None:
    """Go to the scene before, or to the next."""
    names = list(_NUMBERED)
    _show_scene(names[(names.index(_scene_shown()) + way) % len(names)])


def _scene_shown() -> str:
    """The scene that has these settings, or else the one chosen last; at the start the first."""
    settings = HELD.settings()
    same = next((scene.name for scene in PRESETS if scene.settings == settings), None)
    return str(same or st.session_state.get("looking_at") or PRESETS[0].name)


def _show_scene(name: str) -> None:
    HELD.put(next(scene.settings for scene in PRESETS if scene.name == name))
    st.session_state["looking_at"] = name
    # Empty again, so that the same scene can be chosen once more.
    st.session_state["preset"] = None


def own_length() -> int | None:
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
    if chosen in ("signs", "noise", "sentence"):
        WIDGETS.number("seed")
    if chosen == "own":
        OWN.draw()


def _view() -> None:
    WIDGETS.choice("parameter")
    WIDGETS.choice("gate")
    WIDGETS.switch("relative")
    WIDGETS.switch("signs")
    WIDGETS.choice("axis")
    WIDGETS.switch("log_lags")
    WIDGETS.number("floor")
    WIDGETS.choice("camera")


def _weights() -> None:
    WIDGETS.number("w_x")
    WIDGETS.number("b")
    WIDGETS.choice("activation")
    WIDGETS.switch("own_gates", on_change=_set_gates_apart)
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


def lag_control(t: int) -> None:
    """Draw the lag of the term that is explained, of target step t, beside its explanation."""
    WIDGETS.number("lag", width=NARROW)
    if HELD.value("lag") > t:
        st.caption(words.beyond_first(t), width="content")
