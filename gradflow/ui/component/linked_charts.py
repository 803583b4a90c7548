"""The component of the page's charts: both heatmaps and the profile, linked by one crosshair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from gradflow.figures.builders.colour_scale import View, by_sign
from gradflow.figures.builders.heatmap_cells import Cells, shown_cells
from gradflow.figures.builders.lag_profile import Profile, profile_parts
from gradflow.figures.builders.mode_bar import bar
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import heatmap_parts
from gradflow.numerics.scaled import Array
from gradflow.ui.component import assets, chart_words, plotly_js
from gradflow.ui.component.colour_bars import bars_content
from gradflow.ui.component.packing import Triangle, packed
from gradflow.ui.shared import state, words
from gradflow.ui.shared.row_words import Finding

_KEY = "charts"

# Whether the message that began this run has been read.
_PICKED = "charts_picked"

_mount = assets.declared_component("heatmaps", "heatmaps_component")


class Moving(NamedTuple):
    """What a hand on a slider moves: where it asks for other values, and what else it shows.

    Attributes
    ----------
    address : str
        Where it asks.
    values : mapping of str to float
        The sliders' values that the message shows.
    followed : float
        The value of the LSTM's recurrent weight, whose slider follows another's.
    pending : str
        What is said of the rest of the page, which follows when the slider is let go.
    """

    address: str
    values: Mapping[str, float]
    followed: float
    pending: str


def heatmaps(shown: bytes) -> None:
    """Show both heatmaps and the profile; a cell that is picked becomes the explained one.

    Parameters
    ----------
    shown : bytes
        The `message` that says all of them.
    """
    st.session_state[_PICKED] = False
    _mount(
        key=_KEY,
        data=shown,
        on_picked_change=_pick,
        on_zoom_change=_ignore,
        on_failed_change=assets.give_up,
    )


def zoomed(T: int, axis: str) -> tuple[float, float, float, float] | None:
    """The part of the heatmaps that a zoom shows: its ends across, then down; None for all.

    Parameters
    ----------
    T, axis
        Steps, and what the columns count: a zoom of other axes is over.
    """
    held = st.session_state.get(_KEY)
    zoom = held.get("zoom") if isinstance(held, dict) else None
    if not isinstance(zoom, dict) or zoom.get("counted") != str((axis, T)):
        return None
    try:
        across, down = (sorted(map(float, zoom[name])) for name in ("across", "down"))
        if axis == "log":
            across = [10.0**end for end in across]
        left, right, top, bottom = (min(max(end, 0.5), T + 0.5) for end in (*across, *down))
    except (KeyError, TypeError, ValueError, OverflowError):  # a browser may send anything
        return None
    return (left, right, top, bottom) if right - left >= 1.0 <= bottom - top else None


def message(
    panels: Sequence[Panel],
    view: View,
    profile: Profile,
    k: int,
    camera: str,
    said: Sequence[Finding],
    moving: Moving,
) -> bytes:
    """All that the scripts draw and tell: the figures as they are exported, and the cells.

    Parameters
    ----------
    panels : sequence of two Panels
        From left to right.
    view : View
        How to show them.
    profile : Profile
        The row of the chosen target.
    k : int
        Lag of the explained cell in that row.
    camera : str
        Format of the pictures that the bar above a chart makes: "png" or "svg".
    said : sequence of two Findings
        What stands above each heatmap.
    moving : Moving
        The sliders beside the charts.
    """
    T = panels[0].T
    block = block_size(T)
    shown = [shown_cells(panel, view, block) for panel in panels]
    charts = [
        _chart(f"{panel.title.lower()}_heatmap", _sent(panel, view, cells), camera, (view.axis, T))
        | {"label": chart_words.heatmap(panel.title, panel.quantity)}
        for panel, cells in zip(panels, shown, strict=True)
    ]
    charts.append(
        _chart("profile", profile_parts(profile, view.floor), camera, (profile.t, profile.log_lags))
        | {"label": chart_words.curves(profile.quantity, profile.t)}
    )
    return packed(
        {
            "plotly": plotly_js.address(),
            "moving": moving._asdict(),
            "said": said,
            "bars": bars_content(panels, view),
            "heading": words.one_row(profile.t),
            "charts": charts,
            "cells": [
                _told(panel, view, cells) for panel, cells in zip(panels, shown, strict=True)
            ],
            "T": T,
            "block": block,
            "axis": view.axis,
            "columns": shown[0].columns,
            "target": profile.t,
            "chosen": (profile.t, k),
            "explained": chart_words.EXPLAINED,
            "inputs": panels[0].inputs,
            "words": panels[0].words,
        }
    )


def _chart(key: str, parts: dict[str, Any], camera: str, counted: Any) -> dict[str, Any]:
    """One chart; a zoom stays for as long as what the axes count does."""
    return {"key": key, "config": bar(key, camera), "counted": str(counted), **parts}


def _sent(panel: Panel, view: View, cells: Cells) -> dict[str, Any]:
    """The figure of one panel, without the half of a square that is empty."""
    parts = heatmap_parts(panel, view, cells, barred=False)
    traces = [
        trace | {"z": _sent_cells(trace["z"], cells)} if _has_cells(trace, cells) else trace
        for trace in parts["data"]
    ]
    return parts | {"data": traces}


def _has_cells(trace: dict[str, Any], cells: Cells) -> bool:
    return "z" in trace and trace["z"].shape == cells.log10.shape


def _sent_cells(shown: Array | None, cells: Cells) -> Triangle | Array | None:
    """An array that has a number for each cell, without those that are empty in every heatmap."""
    return Triangle(shown) if shown is not None and cells.is_triangle else shown


def _told(panel: Panel, view: View, cells: Cells) -> dict[str, Any]:
    """What the readout needs beside the figure, which has the sizes unless it shows signs."""
    few = None if cells.doubtful is None else cells.doubtful.astype(np.uint8)
    return {
        "title": panel.title,
        "units": panel.units if view.relative else np.zeros(panel.T),
        "own": np.isfinite(panel.log10[:, 0]).astype(np.uint8) if view.relative else None,
        "log10": _sent_cells(cells.log10 if by_sign(panel, view) else None, cells),
        "sign": _sent_cells(cells.sign, cells),
        "few": _sent_cells(few, cells),
        "place": _sent_cells(cells.place, cells),
        "shares": cells.block == 1 and panel.additive,
    }


def _ignore() -> None:
    """A zoom changes nothing but what is downloaded."""


def _pick() -> None:
    """Choose the cell that was picked last; of several in one message Streamlit calls for each."""
    if st.session_state.get(_PICKED):
        return
    st.session_state[_PICKED] = True
    held = st.session_state.get(_KEY)  # none where a browser sent a state that is no JSON
    picked = held.get("picked") if isinstance(held, dict) else None
    if isinstance(picked, dict):
        state.choose_cell(picked.get("t"), picked.get("k"))
