"""Steps and questions drawn on the page."""

from __future__ import annotations

import functools

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.figures.builders.cell_frame import outlined
from gradflow.figures.builders.mode_bar import BAR
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui.derivation import derivation_words, progress
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.prediction import Proof, Question
from gradflow.ui.derivation.step import Step, has_too_few
from gradflow.ui.shared.latex import formula
from gradflow.ui.shared.plain_charts import plain_chart


def part_title(number: int, part: Step | Question) -> str:
    """What stands over a step, which has this number, or over a question."""
    if isinstance(part, Question):
        return derivation_words.predict(part.title)
    return f"**{number}. {part.title}**"


def part_frame(title: str, key: str, folded: bool) -> DeltaGenerator:
    """The frame around a part: its title alone, to be unfolded, or all of it."""
    if folded:
        return st.container(key=key).expander(title)
    frame = st.container(border=True, key=key)
    frame.markdown(title)
    return frame


def draw_step(step: Step, example: Example) -> None:
    """Draw one step: its text, its formulas, and their numbers beside them."""
    st.markdown(step.text)
    formulas, missing = step.formulas(example.settings), step.missing(example)
    numbers = ("",) * len(formulas) if missing else step.shown(example)
    for line, live in zip(formulas, numbers, strict=True):
        left, right = st.columns(2, vertical_alignment="center")
        left.markdown(formula(line))
        if live:
            right.markdown(formula(live))
    if missing:
        st.caption(missing)
    elif has_too_few(numbers):
        st.caption(derivation_words.ABOUT_TOO_FEW)


def draw_question(question: Question) -> None:
    """Draw one question and, once it is answered, its proof."""
    given = progress.answers().get(question.key)
    key = progress.choice_key(question)
    if st.session_state.get(key) is None:
        st.session_state[key] = given
    st.markdown(question.ask())
    st.radio(
        derivation_words.PREDICTION,
        list(question.options),
        index=None,
        format_func=question.options.__getitem__,
        key=key,
        disabled=given is not None,
    )
    if given is None:
        st.button(
            derivation_words.ANSWER,
            key=f"answer_{question.key}",
            on_click=progress.answer,
            args=(question,),
            disabled=st.session_state[key] is None,
        )
    else:
        _answer(question, given, question.prove())


def _answer(question: Question, given: str, proof: Proof) -> None:
    if given == proof.right:
        st.success(derivation_words.right(proof.why), icon=":material/check:")
    else:
        st.info(
            derivation_words.wrong(
                question.tempts[given], question.options[proof.right], proof.why
            ),
            icon=":material/lightbulb:",
        )
    columns = st.columns(2, gap="medium")
    for n, figure in enumerate(_figures(question)):
        with columns[n]:
            plain_chart(figure, f"{question.key}_heatmap_{n}", BAR)
    st.button(
        derivation_words.USE,
        key=f"use_{question.key}",
        on_click=progress.use,
        args=(question,),
        help=derivation_words.USE_HELP,
    )


@functools.cache
def _figures(question: Question) -> tuple[go.Figure, ...]:
    """The heatmaps of a proof. They never change, so all sessions share them."""
    proof = question.prove()
    return tuple(outlined(heatmap(shown.panel, proof.view), shown.outline) for shown in proof.shown)
