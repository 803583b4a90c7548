"""The main page: an RNN and an LSTM side by side."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from gradflow import memory
from gradflow.check import residual
from gradflow.figures.heatmap import heatmap
from gradflow.figures.profile import profile
from gradflow.figures.sheet import sheet
from gradflow.ui import controls, links, panels, state, words
from gradflow.ui.downloads import downloads
from gradflow.ui.experiment import Experiment
from gradflow.ui.one_cell import one_cell
from gradflow.ui.pages import frame
from gradflow.ui.settings import Settings

# The share of the k = 1 term below which a lag counts as forgotten.
_LEAST_SHARE = 0.01


def comparison_page() -> None:
    """Draw the page, top to bottom: settings, compute, figures, words."""
    settings = frame.opened("comparison")
    frame.heading("gradflow", words.LEAD, settings)
    experiment = frame.experiment(settings)
    if experiment is None:
        _explanation()
        return
    t = panels.target_step(settings, experiment)
    seen = {
        name: memory.measure(flow, t, _LEAST_SHARE, settings.window)
        for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm))
    }
    _heatmaps(settings, experiment, seen)
    _profile(settings, experiment)
    one_cell(settings, experiment)
    _measures(settings, experiment, seen)
    link = links.to_link(state.address(), settings)
    downloads(
        experiment,
        settings,
        state.own_numbers(),
        lambda: _sheet(settings, experiment, link),
        link,
    )
    _explanation()


def _explanation() -> None:
    with st.expander("How to read this, and what is computed", icon=":material/help:"):
        st.markdown(words.EXPLANATION)


def _heatmaps(settings: Settings, experiment: Experiment, seen: dict[str, memory.Memory]) -> None:
    both = panels.panels(settings, experiment)
    view = panels.view(settings, both)
    for column, panel in zip(st.columns(2, gap="medium"), both, strict=True):
        with column:
            st.markdown(words.sentence(panel.title, seen[panel.title]))
            frame.chart(heatmap(panel, view), f"{panel.title.lower()}_heatmap")
            if panel.clip is not None:
                st.caption(words.clipping(panel.clip, settings.threshold))
    st.caption(words.READING[settings.axis])
    if settings.signs and settings.gate == "all":
        st.caption(words.NO_SIGNS)


def _profile(settings: Settings, experiment: Experiment) -> None:
    t = panels.target_step(settings, experiment)
    st.subheader(f"One row: target step t = {t}", anchor=False)
    control, _ = st.columns([1, 3])
    with control:
        controls.target_control()
    frame.chart(profile(panels.profile(settings, experiment), settings.floor), "profile")
    st.caption(words.PROFILE)


def _measures(settings: Settings, experiment: Experiment, seen: dict[str, memory.Memory]) -> None:
    st.subheader("In numbers", anchor=False)
    st.caption(words.measured(seen["RNN"].t))
    st.table(words.measures(seen["RNN"], seen["LSTM"], settings.window))
    residuals = {
        name: residual(flow) for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm))
    }
    st.markdown(words.adds_up(residuals))


def _sheet(settings: Settings, experiment: Experiment, link: str) -> go.Figure:
    both = panels.panels(settings, experiment)
    return sheet(
        both,
        panels.view(settings, both),
        panels.profile(settings, experiment),
        "gradflow: where the gradient goes",
        words.footer(settings, experiment.T, link),
    )
