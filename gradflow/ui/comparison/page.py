"""The main page: an RNN and an LSTM side by side."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.analysis import memory
from gradflow.analysis.complex_step import residual_at
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui import server
from gradflow.ui.comparison.charts import Charts, charts
from gradflow.ui.comparison.one_cell import one_cell
from gradflow.ui.component.heatmaps import heatmaps
from gradflow.ui.downloads.buttons import downloads
from gradflow.ui.shared import (
    controls,
    frame,
    links,
    panels,
    state,
    words,
)
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.settings import LONGEST_WHOLE, Settings
from gradflow.ui.shared.text import table

_STYLE = Path(__file__).with_name("style.css")

# The share of the k = 1 term below which a lag counts as forgotten.
_LEAST_SHARE = 0.01


def comparison_page() -> None:
    """Draw the page: the charts, which are waited for, before all that is below and beside them.

    What follows the main controls begins at the top level, for Streamlit copies the containers
    around it at each of its runs.
    """
    state.begin("comparison")
    frame.heading("gradflow", words.LEAD)
    with st.sidebar:
        examples, main, others = st.container(), st.container(), st.container()
    _followed(main)
    _explanation()
    st.html(_STYLE)
    with examples:
        controls.examples()
    with others:
        controls.length()
        controls.sections()


@st.fragment  # so that a move of w_s or b_f draws this anew, and nothing else
def _followed(place: DeltaGenerator) -> None:
    """All that follows the main controls, the charts first, and they themselves in their place."""
    with server.runs.turn():
        settings = state.settings()
        state.remember(settings)  # whoever leaves the page during the pause takes them along
        # Made here, for a run of this part may not write into a place outside that was empty at
        # first, and before the charts, which then leave by themselves as soon as they are made.
        notes, above = st.container(), st.empty()
        made = frame.tried(lambda: charts(settings))
        experiment = None if made is None else _charts(made)
        del made  # what a run that has to wait holds is small without it
        server.runs.give_way()
        state.keep(settings)
        with notes:
            frame.notes(settings, look=True)
        if experiment is not None:
            _words(settings, experiment, above)
        with place:
            controls.main()


def _words(settings: Settings, experiment: Experiment, above: DeltaGenerator) -> None:
    """What is measured and said of the charts, above them and below."""
    t = panels.target_step(settings, experiment)
    seen = {
        name: memory.measure(flow, t, eps=_LEAST_SHARE, window=settings.window)
        for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm))
    }
    above.markdown("\n\n".join(words.sentence(name, reach) for name, reach in seen.items()))
    one_cell(settings, experiment)
    _measures(settings, experiment, seen)
    link = links.to_link(state.address(), settings)
    downloads(
        experiment,
        settings,
        state.own_numbers(),
        lambda labels: _sheet(settings, experiment, link, labels),
        link,
    )


def _explanation() -> None:
    with st.expander("How to read this, and what is computed", icon=":material/help:"):
        st.markdown(words.EXPLANATION)


def _charts(made: Charts) -> Experiment:
    """Draw the charts; the networks they are of."""
    if made.message is not None:
        heatmaps(made.message)
    else:
        _unlinked_charts(made)
    st.caption("\n\n".join(_said_of(made.settings, made.panels)))
    return made.experiment


def _said_of(settings: Settings, both: tuple[Panel, Panel]) -> list[str]:
    """What stands under the charts, a paragraph each."""
    block = block_size(both[0].T)
    said = [words.blocks(block, LONGEST_WHOLE)] if block > 1 else []
    said += [
        f"{panel.title}: {words.clipping(panel.clip, settings.threshold)}"
        for panel in both
        if panel.clip is not None
    ]
    said.append(words.READING[settings.axis])
    if settings.signs and settings.gate == "all":
        said.append(words.NO_SIGNS)
    return [*said, words.PROFILE]


def _unlinked_charts(made: Charts) -> None:
    """The same figures as elements of Streamlit."""
    st.info(words.UNLINKED, icon=":material/link_off:")
    for column, panel in zip(st.columns(2, gap="medium"), made.panels, strict=True):
        with column:
            figure = heatmap(panel, made.view, block_size(panel.T))
            frame.chart(figure, f"{panel.title.lower()}_heatmap")
    st.subheader(f"One row: target step t = {made.profile.t}", anchor=False)
    frame.chart(profile(made.profile, made.settings.floor), "profile")


def _measures(settings: Settings, experiment: Experiment, seen: dict[str, memory.Memory]) -> None:
    st.subheader("In numbers", anchor=False)
    measures = table(words.measures(seen["RNN"], seen["LSTM"], settings.window))
    t = seen["RNN"].t
    residuals = {
        name: residual_at(flow, t)
        for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm))
    }
    st.markdown(f"{words.measured(t)}\n\n{measures}\n\n{words.adds_up(t, residuals)}")


def _sheet(settings: Settings, experiment: Experiment, link: str, labels: bool) -> go.Figure:
    both = panels.panels(settings, experiment, shares=labels)
    return sheet(
        both,
        panels.view(settings, both),
        panels.profile(settings, experiment, both),
        "gradflow: where the gradient goes",
        words.footer(settings, experiment.T, link),
        labels,
    )
