"""The page Paths: which ways the gradient takes through the LSTM."""

from __future__ import annotations

import streamlit as st

from gradflow.analysis.path_shares import PathShares
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.stacked_shares import shares
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui import server
from gradflow.ui.component.assets import available
from gradflow.ui.component.colour_bars import draw_bars
from gradflow.ui.paths import class_panels, path_words, three_steps_words
from gradflow.ui.paths.class_panels import Taken
from gradflow.ui.paths.downloads_section import draw_downloads
from gradflow.ui.paths.three_steps import Unrolled, lit_graph, unrolled
from gradflow.ui.shared import frame, panels, state, words
from gradflow.ui.shared.settings import Settings
from gradflow.ui.vendor_internals import sent_together

_LIST_HEIGHT = 600


@server.runs.turn()
def paths_page() -> None:
    """Draw the page, top to bottom: the finding, the heatmaps, one target, the graph."""
    settings = frame.opened("paths")
    frame.heading(path_words.TITLE, path_words.LEAD)
    with st.container():  # whatever it holds, what is below keeps its place
        frame.notes(settings)
    experiment = frame.lstm_network(settings)
    server.runs.between_steps()
    apart = class_panels.taken(settings, experiment)
    server.runs.between_steps()
    t = settings.target_step(experiment.T)
    found = class_panels.shares_by_lag(apart, experiment, t)
    three = class_panels.three_panels(apart, experiment)
    unsure = three[2].is_doubtful_at(t)
    st.markdown(f"{path_words.target(t)} {path_words.finding(found, unsure)}")
    _heatmaps(settings, three, apart)
    server.runs.between_steps()
    with sent_together():
        _one_target(apart, found, unsure, experiment.T)
        st.subheader(path_words.EVERY_PATH, anchor=False)
        steps = unrolled(experiment, t)
        if steps is None:
            st.info(three_steps_words.TOO_SHORT, icon=":material/info:")
        else:
            _graph(steps)
        draw_downloads(settings, experiment, apart)


def _heatmaps(settings: Settings, three: tuple[Panel, Panel, Panel], apart: Taken) -> None:
    view = panels.view(settings, three)
    names = ("cell_path", "detours", "all_paths")
    for column, panel, name, said in zip(
        st.columns(3, gap="small"), three, names, path_words.CAPTIONS, strict=True
    ):
        with column:
            figure = heatmap(panel, view, barred=not available())
            frame.chart(figure, f"{name}_heatmap")
            st.caption(said)
    draw_bars(three, view, "paths_bars")
    st.caption(
        " ".join(
            [
                path_words.CARRIES,
                path_words.RELATIVE if settings.relative else path_words.ABSOLUTE,
                words.READING[settings.axis],
                path_words.parameter_used(apart.parameter, settings.gate),
                *words.marks_said(three),
            ]
        )
    )


def _one_target(apart: Taken, found: PathShares, unsure: bool, T: int) -> None:
    st.subheader(path_words.one_target(found.t), anchor=False)
    left, right, _ = st.columns([1, 1, 2], vertical_alignment="bottom")
    with left:
        state.WIDGETS.target(T)
    with right:
        state.WIDGETS.number("classes")
    by_detours = class_panels.by_detours(apart, found, unsure)
    by_gate = class_panels.by_first_gate(apart, found)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(path_words.HOW_MANY)
        frame.chart(shares(by_detours), "detour_shares")
        st.caption(path_words.SHARES)
    with right:
        st.markdown(path_words.WHICH_GATE)
        frame.chart(shares(by_gate), "gate_shares")
        k = None if unsure else found.furthest
        said = path_words.first_gate(by_gate.labels, by_gate.share, k)
        st.caption(f"{path_words.FIRST_GATE} {said}")


@st.fragment  # so that another path is lit without a new sweep
@server.runs.turn()
def _graph(steps: Unrolled) -> None:
    ranks = range(1, len(steps.paths) + 1)
    st.markdown(three_steps_words.counts(steps))
    st.markdown(three_steps_words.result(steps))
    left, right = st.columns([2, 1], gap="medium")
    with right, st.container(height=_LIST_HEIGHT):
        state.WIDGETS.ranks(
            "path",
            [three_steps_words.list_label(steps, rank) for rank in ranks],
            [three_steps_words.list_caption(steps, rank) for rank in ranks],
        )
    settings = frame.current()
    with left:
        frame.chart(lit_graph(steps, settings.path), "unrolled_graph")
    st.caption(f"{three_steps_words.steps_shown(steps)} {three_steps_words.CAPTION}")
