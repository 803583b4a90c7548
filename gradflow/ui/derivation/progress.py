"""The parts that are open and the predictions made, which the session keeps and no link."""

from __future__ import annotations

import streamlit as st

from gradflow.ui.derivation.prediction import Question
from gradflow.ui.shared import state

_OPEN = "derivation_open"
_UNFOLDED = "derivation_unfolded"
_ANSWERS = "derivation_answers"


def opened() -> int:
    """The number of steps and questions that are open."""
    count: int = st.session_state.get(_OPEN, 1)
    return count


def open_to(count: int, unfolded: bool = False) -> None:
    """Open the first `count` steps and questions, and no others.

    Parameters
    ----------
    count : int
        How many.
    unfolded : bool
        Whether those before the last are seen whole, and not their titles alone.
    """
    st.session_state[_OPEN], st.session_state[_UNFOLDED] = count, unfolded


def unfolded() -> bool:
    """Whether all that is open is seen whole."""
    return bool(st.session_state.get(_UNFOLDED, False))


def answers() -> dict[str, str]:
    """The option chosen, by the question's key."""
    found: dict[str, str] = st.session_state.get(_ANSWERS, {})
    return found


def choice_key(question: Question) -> str:
    """Key of the widget that a question is answered with."""
    return f"quiz_{question.key}"


def answer(question: Question) -> None:
    """Take what the widget holds as the answer."""
    st.session_state[_ANSWERS] = answers() | {question.key: st.session_state[choice_key(question)]}


def forget_answers(questions: tuple[Question, ...]) -> None:
    """Start the quiz over; what is open stays open."""
    st.session_state[_ANSWERS] = {}
    for question in questions:
        st.session_state[choice_key(question)] = None


def use(question: Question) -> None:
    """Put the settings of a question into the sidebar."""
    state.HELD.put(question.settings)
    st.session_state["looking_at"] = None


def score(questions: tuple[Question, ...]) -> str:
    """How far the quiz has come."""
    given = answers()
    predicted = [question for question in questions if question.key in given]
    right = sum(given[question.key] == question.prove().right for question in predicted)
    return f"{len(predicted)} of {len(questions)} predicted, {right} right"
