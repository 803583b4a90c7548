"""The page Compare: an RNN and an LSTM side by side."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.analysis import memory
from gradflow.analysis.complex_step import residual_at
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui import server
from gradflow.ui.comparison import film_words, previews, words
from gradflow.ui.comparison.chart_contents import Charts, charts
from gradflow.ui.comparison.downloads_section import draw_downloads
from gradflow.ui.comparison.film_section import SECTION, draw_film
from gradflow.ui.comparison.lstm_section import lstm_alone
from gradflow.ui.comparison.pulse_section import draw_pulse
from gradflow.ui.comparison.shown_rows import findings
from gradflow.ui.comparison.term_section import one_cell
from gradflow.ui.component.assets import available
from gradflow.ui.component.linked_charts import heatmaps
from gradflow.ui.shared import frame, panels, sidebar, state
from gradflow.ui.shared import words as shared_words
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.folded_section import folded_text, opened_section
from gradflow.ui.shared.markdown_text import table
from gradflow.ui.shared.measures import measure_table
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.settings import Settings
from gradflow.ui.vendor_internals import sent_together


def comparison_page() -> None:
    """Draw the page: the question, then the charts, because visitors wait for them, then the rest.

    `_followed` is called outside of every container, because Streamlit copies the containers around
    a fragment each time that it runs.
    """
    state.HELD.begin("comparison")
    with st.container(horizontal=True, vertical_alignment="center", key="question"):
        st.title(words.QUESTION, anchor=False)
        scenes = sidebar.row_of_scenes()
    with st.sidebar:
        main, others = st.container(key="beside_sliders"), st.container()
    _followed(main)
    sidebar.scenes(scenes)
    folded_text(shared_words.HOW_TO_READ, "open_explanation", words.EXPLANATION)
    with others:
        sidebar.sections()


@st.fragment  # so that a move of a slider draws this anew, and nothing else
def _followed(place: DeltaGenerator) -> None:
    """Draw the main controls in their place, and everything that depends on them: charts first."""
    with server.runs.turn():
        settings = state.HELD.settings()
        state.HELD.remember(settings)  # a visitor who leaves during the pause keeps them
        # A fragment may not write into an outer container that was empty at first, so both are made
        # in it. What is in them comes after the charts, which are sent as soon as they are made.
        notes = st.container(key="notes")
        sliders = st.container(horizontal=True, vertical_alignment="center", key="sliders")
        made = frame.tried(lambda: _made(settings))
        shown = painted = None
        if made is not None:
            _charts(made)
            shown = made.experiment, made.seen, made.unsure
            if made.message is not None:
                painted = previews.of_session(settings).painted
        else:
            lstm_alone(settings)
        del made  # a run that waits should hold little memory
        server.runs.give_way(painted)
        state.HELD.keep(settings)
        with sent_together():
            with notes:
                frame.notes(settings, look=True)
            with sliders:
                sidebar.sliders()
            with place:
                sidebar.beside_sliders()
            film = None if shown is None else _words(settings, *shown)
        if film is not None:
            with film:  # last, because nothing should wait for it
                draw_film(settings, sidebar.own_length())


def _made(settings: Settings) -> Charts:
    """The charts; those that the hand on a slider was shown last are there already."""
    own = state.own_numbers()
    if not available():
        return charts(settings, own, None)
    held = previews.of_session(settings)
    ready: Charts | None = held.take(settings, own)
    held.settings, held.own = settings, own
    return ready or charts(settings, own, held.address)


def _words(
    settings: Settings,
    experiment: Experiment,
    seen: Mapping[str, memory.Reach],
    unsure: tuple[str, ...],
) -> DeltaGenerator | None:
    """Draw everything below the charts; the section of the film, if it is open."""
    draw_pulse(settings, experiment)
    film = opened_section(film_words.FILM, SECTION, "movie")
    one_cell(settings, experiment)
    _measures(settings, experiment, seen, unsure)
    draw_downloads(experiment, settings, state.own_numbers())
    return film


def _charts(made: Charts) -> None:
    """Draw the charts, and what is to be said of their cells."""
    if made.message is not None:
        heatmaps(made.message)
    else:
        _unlinked_charts(made)
    st.caption("\n\n".join(_notes_under(made.settings, made.panels)))


def _notes_under(settings: Settings, both: tuple[Panel, Panel]) -> list[str]:
    """The paragraphs under the charts."""
    block = block_size(both[0].T)
    said = [shared_words.blocks(block, LONGEST_WHOLE)] if block > 1 else []
    said += [
        f"{panel.title}: {words.clipping(panel.clip, settings.threshold)}"
        for panel in both
        if panel.clip is not None
    ]
    if settings.signs and settings.gate == "all":
        said.append(words.NO_SIGNS)
    return [*said, *shared_words.marks_said(both), words.PROFILE]


def _unlinked_charts(made: Charts) -> None:
    """Draw the same figures with `st.plotly_chart`, where the component cannot be shown."""
    st.info(words.UNLINKED, icon=":material/link_off:")
    said = findings(made.seen, made.panels)
    for column, panel, row in zip(st.columns(2, gap="medium"), made.panels, said, strict=True):
        with column:
            st.markdown(row.markdown)
            figure = heatmap(panel, made.view, block_size(panel.T))
            frame.chart(figure, f"{panel.title.lower()}_heatmap")
    st.subheader(shared_words.one_row(made.profile.t), anchor=False)
    frame.chart(profile(made.profile, made.settings.floor), "profile")


def _measures(
    settings: Settings,
    experiment: Experiment,
    seen: Mapping[str, memory.Reach],
    unsure: tuple[str, ...],
) -> None:
    st.subheader(shared_words.IN_NUMBERS, anchor=False)
    rows = table(measure_table(seen))
    t = seen["RNN"].t
    residuals = {
        name: residual_at(flow, t)
        for name, flow in (("RNN", experiment.rnn), ("LSTM", experiment.lstm))
    }
    said = words.measured(t, panels.quantities(settings, experiment), unsure)
    st.markdown(f"{said}\n\n{rows}\n\n{words.adds_up(t, residuals)}")
