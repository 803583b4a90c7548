"""The section on the signed gradient of one target."""

from __future__ import annotations

import streamlit as st

from gradflow.figures.builders.signed_heatmap import SignedRows, sign_heatmap
from gradflow.ui.model import words
from gradflow.ui.model.controls import HELD, WIDGETS
from gradflow.ui.model.experiment import signed
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.frame import chart

_ROWS = {"x": "input", "h": "unit", "c": "unit"}


def draw_signed(
    run: Run, shipped: Shipped | None, t: int, layer: int, settings: ModelSettings
) -> None:
    """Draw inputs or units against steps, with the sign of each number, folded.

    Parameters
    ----------
    run : Run
        The model as read.
    shipped : Shipped or None
        The model, if it is one of those that ship: its inputs have names.
    t, layer : int
        Target step and layer.
    settings : ModelSettings
        The page's settings.
    """
    section = opened_section(words.SIGNED_TITLE, "model_open_signed", "exposure")
    if section is None:
        return
    with section:
        found = signed(run, t, layer)
        choices = ["x", "h", *(["c"] if found.c is not None else [])]
        if HELD.value("signal") not in choices:
            HELD.change(signal="x")
        with st.columns(2)[0]:
            WIDGETS.choice("signal", choices)
        name = HELD.value("signal")
        numbers = getattr(found, name)
        names = list(shipped.symbols.replace(" ", "␣")) if shipped and name == "x" else None
        rows = SignedRows(f"dL_t/d{name}_j", _ROWS[name], numbers.log10, numbers.sign, names)
        chart(sign_heatmap(rows, settings.floor), "model_signed", settings.camera)
        st.caption(words.SIGNED)
        st.markdown(words.entries_zero(found, name, words.ENTRIES))
