"""The page Learning: two networks through their training."""

from __future__ import annotations

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.mode_bar import bar
from gradflow.training import shipped
from gradflow.ui import server
from gradflow.ui.component.training_film import draw_film
from gradflow.ui.downloads.button_row import buttons
from gradflow.ui.learning import live_section, own_run, seed_charts, session_runs, words
from gradflow.ui.learning.files import every_file
from gradflow.ui.learning.live_seeds import LiveSeeds
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
    own = session_runs.at_rest()
    shown = _shown(settings.task, own)
    _draw_film(shown, settings.checkpoint, own)
    server.runs.between_steps()
    _draw_seeds(settings.task, own)
    _draw_starts(settings.task)
    by_seed = [shown.runs] if own is None else [run.runs for run in own.recorded]
    buttons(every_file(shown.runs, by_seed), f"gradflow_learning_{shown.task}")
    own_run.draw_own_run()


def _shown(task: str, own: LiveSeeds | None) -> ShownRuns:
    """The runs that ship, or those of this session once they do not go on."""
    opened = session_runs.opened()
    if opened is not None:
        return as_opened(opened)
    return as_shipped(task) if own is None else as_trained(session_runs.filmed(own))


def _draw_film(shown: ShownRuns, checkpoint: int, own: LiveSeeds | None) -> None:
    st.subheader(words.heading(shown.ships), anchor=False)
    if own is not None and len(own.recorded) > 1:
        seeds = [run.seed for run in own.recorded]
        st.radio(words.SEED, seeds, horizontal=True, key=session_runs.SEED)
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


def _draw_seeds(task: str, own: LiveSeeds | None) -> None:
    """Draw the bands of the visitor's own seeds, or else those that ship."""
    st.subheader(words.SEEDS_TITLE, anchor=False)
    several = {} if own is None else own.curves()
    if several:
        chart = partial(seed_charts.of_seeds, several)
    else:
        chart = partial(seed_charts.of_shipped_seeds, task)
    st.markdown(words.seeds(several or shipped.curves_of(task), not several))
    for column, (measure, said) in zip(
        st.columns(2, gap="medium"), words.BANDS.items(), strict=True
    ):
        with column:
            st.markdown(f"**{said}**")
            _draw_bands(chart(measure), f"seeds_{measure}")
    st.caption(words.SEEDS)


def _draw_starts(task: str) -> None:
    st.subheader(words.STARTS_TITLE, anchor=False)
    if task not in shipped.WITH_STARTS:
        st.markdown(words.NO_STARTS)
        return
    for column, name in zip(st.columns(2, gap="medium"), shipped.CELLS, strict=True):
        with column:
            st.markdown(words.starts(name, shipped.starts_of(task, name)))
            _draw_bands(seed_charts.of_shipped_starts(task, name), f"starts_{name}")


def _draw_bands(figure: go.Figure, key: str) -> None:
    lettered_chart(figure, key, bar(key, "png"))
