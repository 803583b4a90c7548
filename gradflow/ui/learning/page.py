"""The page Learning: two networks through their training."""

from __future__ import annotations

import csv
import io
from functools import partial

import streamlit as st

from gradflow.figures import plot_seed_bands, plot_training_film
from gradflow.figures.builders.mode_bar import bar
from gradflow.training import TrainingRun, shipped
from gradflow.training.checkpoints import MEASURES
from gradflow.training.run_files import run_bytes
from gradflow.ui import server
from gradflow.ui.downloads.button_row import File, buttons
from gradflow.ui.learning import own_run, words
from gradflow.ui.learning.settings import FORM, LearningSettings
from gradflow.ui.shared import frame
from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.widgets import Widgets

_HELD: HeldSettings[LearningSettings] = HeldSettings(FORM, "learning_settings", "l_")
_WIDGETS = Widgets(_HELD)
_BANDS = {
    "accuracy": "Accuracy, held out",
    "log10_left": "log10 of what reaches the step that decides",
}


@server.runs.turn()
def learning_page() -> None:
    """Draw the page, top to bottom: the task, the film, what came of it, the seeds, the files."""
    _HELD.begin("learning")
    frame.heading(words.TITLE, words.LEAD)
    notices = " ".join(_HELD.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    _WIDGETS.choice("task")
    settings = _HELD.settings()
    _HELD.keep(settings)
    runs = shipped.runs_of(settings.task)
    st.caption(words.task(runs["LSTM"]))
    server.runs.between_steps()
    st.plotly_chart(
        plot_training_film(runs, dark=None),
        key="training_film",
        config=bar("training", "png"),
        theme="streamlit",
    )
    st.caption(words.READING)
    for name, run in runs.items():
        st.markdown(f"{words.outcome(name, run)} {words.order(name, run)}")
    server.runs.between_steps()
    _seeds(settings.task)
    _files(settings.task, runs)
    own_run.draw_own_run()


def _seeds(task: str) -> None:
    st.subheader("Not one lucky draw", anchor=False)
    curves = shipped.curves_of(task)
    st.markdown(words.seeds(curves))
    for column, (measure, said) in zip(st.columns(2, gap="medium"), _BANDS.items(), strict=True):
        with column:
            st.markdown(f"**{said}**")
            st.plotly_chart(
                plot_seed_bands(curves, measure, dark=None),
                key=f"seeds_{measure}",
                config=bar(f"seeds_{measure}", "png"),
                theme="streamlit",
            )
    st.caption(words.SEEDS)


def _files(task: str, runs: dict[str, TrainingRun]) -> None:
    st.caption(" ".join(words.made_from(name, run) for name, run in runs.items()))
    buttons(
        (
            File("HTML", lambda: _film(runs), words.FILM),
            File("CSV", lambda: _table(runs), words.TABLE),
            File("NPZ", partial(run_bytes, runs["LSTM"]), words.RUN.format(name="LSTM"), "_LSTM"),
        ),
        f"gradflow_learning_{task}",
    )


def _film(runs: dict[str, TrainingRun]) -> bytes:
    from gradflow.ui.downloads.files import html_file

    return html_file(plot_training_film(runs), words.TITLE)


def _table(runs: dict[str, TrainingRun]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("network", *MEASURES))
    for name, run in runs.items():
        for checkpoint in run.checkpoints:
            writer.writerow((name, *(getattr(checkpoint, measure) for measure in MEASURES)))
    return text.getvalue().encode()
