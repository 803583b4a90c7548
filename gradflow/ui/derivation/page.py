"""The page of the derivation: from one loss to the general sum, with live numbers."""

from __future__ import annotations

import streamlit as st

from gradflow.ui import server
from gradflow.ui.derivation import derivation_words, progress
from gradflow.ui.derivation.chapters import (
    CHAPTERS,
    PARTS,
    QUESTIONS,
    Part,
)
from gradflow.ui.derivation.downloads_section import draw_downloads
from gradflow.ui.derivation.drawing import draw_question, draw_step, part_frame, part_title
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.prediction import Question
from gradflow.ui.derivation.step import Step
from gradflow.ui.shared import frame, sidebar, state
from gradflow.ui.vendor_internals import sent_together


@server.runs.turn()
@sent_together()
def derivation_page() -> None:
    """Draw the steps and questions that are open, and the button that opens the next."""
    settings = frame.opened("derivation")
    frame.heading("Derivation", derivation_words.LEAD)
    with st.container():  # whatever it holds, what is below keeps its place
        frame.notes(settings)
    experiment = frame.networks(settings)
    if experiment is None:
        return
    example = Example(settings, experiment)
    _controls(example)
    left, steps = progress.opened(), 0
    for title, parts in CHAPTERS:
        if left <= 0:
            break
        st.subheader(title, anchor=False)
        for place, part in enumerate(parts[:left], 1):
            server.runs.between_steps()
            steps += isinstance(part, Step)
            # The new part stands where its button was; those before it shrink to their titles.
            folded = place < left and not progress.unfolded()
            key = f"question_{part.key}" if isinstance(part, Question) else f"step_{steps}"
            with part_frame(part_title(steps, part), key, folded):
                if isinstance(part, Question):
                    draw_question(part)
                else:
                    draw_step(part, example)
        left -= len(parts)
    _next()
    draw_downloads(example)


def _controls(example: Example) -> None:
    opened = progress.opened()
    st.caption(derivation_words.opened(opened, len(PARTS), progress.score(QUESTIONS)))
    with st.container(horizontal=True):
        st.button(
            derivation_words.SHOW_ALL,
            key="derivation_all",
            on_click=progress.open_to,
            args=(len(PARTS), True),
            disabled=opened == len(PARTS) and progress.unfolded(),
        )
        st.button(
            derivation_words.FIRST_STEP,
            key="derivation_first",
            on_click=progress.open_to,
            args=(1,),
            disabled=opened == 1,
        )
        st.button(
            derivation_words.QUIZ_OVER,
            key="derivation_quiz",
            on_click=progress.forget_answers,
            args=(QUESTIONS,),
            disabled=not progress.answers(),
        )
    target, lag, _ = st.columns([1, 1, 2])
    with target:
        state.WIDGETS.target(example.T)
    with lag:
        sidebar.lag_control(example.t)


def _next() -> None:
    opened = progress.opened()
    if opened == len(PARTS):
        st.caption(derivation_words.the_end(progress.score(QUESTIONS)))
        return
    last = PARTS[opened - 1]
    waits = isinstance(last, Question) and last.key not in progress.answers()
    st.button(
        derivation_words.next_part(_name(PARTS[opened])),
        key="derivation_next",
        type="primary",
        on_click=progress.open_to,
        args=(opened + 1,),
        disabled=waits,
    )
    if waits:
        st.caption(derivation_words.PREDICT_FIRST)


def _name(part: Part) -> str:
    return derivation_words.A_PREDICTION if isinstance(part, Question) else part.title
