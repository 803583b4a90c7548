"""The page Learning: two networks through their training."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.mode_bar import bar
from gradflow.training import shipped
from gradflow.ui import server
from gradflow.ui.component.training_film import draw_film
from gradflow.ui.downloads.button_row import buttons
from gradflow.ui.learning import live_section, own_run, session_runs, shipped_bands, words
from gradflow.ui.learning.files import every_file
from gradflow.ui.learning.session_runs import HELD, WIDGETS
from gradflow.ui.learning.shown_runs import ShownRuns, as_opened, as_shipped, as_trained
from gradflow.ui.shared import frame
from gradflow.ui.shared.plain_charts import lettered_chart


@server.runs.turn()
def learning_page() -> None:
    """Draw the page, top to bottom: the task, the film, what came of it, the seeds, the files."""
    HELD.begin("learning")
    frame.heading(words.TITLE, words.LEAD)
    notices = " ".join(HELD.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    WIDGETS.choice("task")
    progress = st.container()
    live_section.draw_controls()
    settings = HELD.settings()
    HELD.keep(settings)
    with progress:
        live_section.draw_progress()
    server.runs.between_steps()
    shown = _shown(settings.task)
    _draw_film(shown, settings.checkpoint)
    server.runs.between_steps()
    _draw_seeds(settings.task)
    _draw_starts(settings.task)
    buttons(every_file(shown.runs), f"gradflow_learning_{shown.task}")
    own_run.draw_own_run()


def _shown(task: str) -> ShownRuns:
    """The runs that ship, or those of this session once they do not go on."""
    live, opened = session_runs.live(), session_runs.opened()
    if opened is not None:
        return as_opened(opened)
    if live is None or not live.runs or session_runs.is_going():
        return as_shipped(task)
    return as_trained(live)


def _draw_film(shown: ShownRuns, checkpoint: int) -> None:
    st.subheader(words.heading(shown.ships), anchor=False)
    st.caption(words.task(next(iter(shown.runs.values()))))
    draw_film(
        shown.film,
        "training_film",
        shown.name,
        shown.opens_at(checkpoint),
        bar("training", "png"),
        session_runs.rest_at,
    )
    st.caption(words.READING)
    for name, run in shown.runs.items():
        st.markdown(f"{words.outcome(name, run)} {words.order(name, run)}")
    st.caption(" ".join(words.made_from(name, run) for name, run in shown.runs.items()))


def _draw_seeds(task: str) -> None:
    st.subheader(words.SEEDS_TITLE, anchor=False)
    curves = shipped.curves_of(task)
    st.markdown(words.seeds(curves))
    for column, (measure, said) in zip(
        st.columns(2, gap="medium"), words.BANDS.items(), strict=True
    ):
        with column:
            st.markdown(f"**{said}**")
            _draw_bands(shipped_bands.of_seeds(task, measure), f"seeds_{measure}")
    st.caption(words.SEEDS)


def _draw_starts(task: str) -> None:
    st.subheader(words.STARTS_TITLE, anchor=False)
    if task not in shipped.WITH_STARTS:
        st.markdown(words.NO_STARTS)
        return
    for column, name in zip(st.columns(2, gap="medium"), shipped.CELLS, strict=True):
        with column:
            st.markdown(words.starts(name, shipped.starts_of(task, name)))
            _draw_bands(shipped_bands.of_starts(task, name), f"starts_{name}")


def _draw_bands(figure: go.Figure, key: str) -> None:
    lettered_chart(figure, key, bar(key, "png"))
