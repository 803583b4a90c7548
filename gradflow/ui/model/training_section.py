"""The sections on the loss of all steps together, and on truncating its gradient."""

from __future__ import annotations

import streamlit as st

from gradflow.figures.builders.lag_norms import LagNorms, norm_curves
from gradflow.figures.builders.truncation_lines import error_curves
from gradflow.ui.model import training_words
from gradflow.ui.model.controls import HELD, WIDGETS
from gradflow.ui.model.experiment import all_steps, one_step, truncated
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.whole_loss import ERRORS
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.frame import chart


def draw_all_steps(run: Run, aim: Objective, t: int, settings: ModelSettings) -> None:
    """Draw the gradient that an optimiser gets beside that of one target, folded."""
    section = opened_section(training_words.ALL_STEPS, "model_open_all_steps", "functions")
    if section is None:
        return
    with section:
        whole, one = all_steps(run, aim), one_step(run, t)
        st.markdown(training_words.all_steps(whole, aim, settings))
        named = (
            LagNorms(training_words.ALL_TOGETHER, whole.lags.together, "LSTM"),
            LagNorms(training_words.target_alone(t), one.lags.together, "RNN"),
        )
        figure = norm_curves(whole.lags.first, whole.lags.last, named)
        chart(figure, "model_by_lag", settings.camera)
        st.caption(training_words.BY_LAG)
        st.table(training_words.norms(whole, one, t))
        st.caption(training_words.BOTH_BIASES)


def draw_truncation(run: Run, aim: Objective, settings: ModelSettings) -> None:
    """Draw the error of truncated gradients against the length that is kept, folded."""
    section = opened_section(
        training_words.TRUNCATION_TITLE, "model_open_truncation", "content_cut"
    )
    if section is None:
        return
    with section:
        with st.columns(2)[0]:
            WIDGETS.choice("cut")
        curve = truncated(run, aim, str(HELD.value("cut")))
        st.markdown(training_words.shortest_lengths(curve, ERRORS))
        chart(error_curves(curve, ERRORS, settings.window), "model_truncation", settings.camera)
        st.caption(training_words.TRUNCATION)
