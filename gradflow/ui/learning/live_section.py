"""The controls of a training of one's own, and the curves while it goes on."""

from __future__ import annotations

from concurrent.futures import CancelledError

import streamlit as st

from gradflow.figures.builders.training_curves import live_parts
from gradflow.ui import server
from gradflow.ui.component.single_chart import chart
from gradflow.ui.learning import live_words, opened_run, session_runs
from gradflow.ui.learning.live_seeds import LiveSeeds
from gradflow.ui.learning.session_runs import WIDGETS
from gradflow.ui.workers.pool import FullQueueError, LostWorkerError, Ticket, process_pool
from gradflow.ui.workers.reservations import TooLargeError

# Seconds from one look at the worker to the next, most of which is spent waiting for it.
PACE = 0.5
_WAIT = 0.4


def draw_controls() -> None:
    """Draw the settings of a training, and the button that begins it."""
    with st.expander(live_words.CONTROLS, icon=":material/model_training:"):
        first, second, third = st.columns(3, gap="medium")
        with first:
            for name in ("delay", "hidden", "updates"):
                WIDGETS.number(name)
        with second:
            WIDGETS.choice("optimiser")
            WIDGETS.number("rate")
            WIDGETS.number("clip")
        with third:
            WIDGETS.choice("rnn_start")
            WIDGETS.choice("lstm_start")
            WIDGETS.number("seed")
            WIDGETS.number("seeds")
        st.caption(live_words.READING)
        st.button(
            live_words.TRAIN,
            key="learning_train",
            on_click=session_runs.begin,
            type="primary",
            disabled=session_runs.is_going(),
        )
        opened_run.draw_uploader()


def draw_progress() -> None:
    """Draw the training that goes on, or what there is to say of one that does not."""
    live = session_runs.live()
    if session_runs.is_going():
        st.fragment(_going, run_every=PACE)()
    elif live is not None:
        _rest(live)


def _going() -> None:
    """One look at the worker; the browser asks for the next."""
    live = session_runs.live()
    if live is None or not session_runs.is_going():
        return
    ticket = None
    try:
        live, ticket = _looked_at(live)
    except FullQueueError:
        session_runs.stop(live_words.FULL)
    except LostWorkerError:
        session_runs.stop(live_words.LOST)
    except TooLargeError:
        session_runs.stop(live_words.TOO_LARGE)
    except CancelledError:
        session_runs.stop(live_words.STOPPED)
    if not session_runs.is_going():
        st.rerun()
    with server.runs.turn():
        _draw(live, ticket)


def _looked_at(live: LiveSeeds) -> tuple[LiveSeeds, Ticket | None]:
    """The training as it stands, and its next job, which is under way."""
    with server.runs.outside():
        ticket = process_pool().ask(session_runs.owner(), live.ident, live.job)
        if not ticket.wait(_WAIT):
            return live, ticket
        live = live.with_next(ticket.result())
        session_runs.keep(live)
        return live, None if live.is_done else process_pool().ask(
            session_runs.owner(), live.ident, live.job
        )


def _draw(live: LiveSeeds, ticket: Ticket | None) -> None:
    place = 0 if ticket is None else ticket.place
    st.progress(live.share, live_words.going_on(live, place, process_pool().waiting))
    st.button(
        live_words.STOP,
        key="learning_stop",
        icon=":material/stop_circle:",
        on_click=session_runs.stop,
        args=(live_words.STOPPED,),
    )
    if live.current.runs:
        chart(live_parts(live.current.runs), "learning_curves")


def _rest(live: LiveSeeds) -> None:
    """Say why a training stands still, and how to go on."""
    said = session_runs.why_stopped()
    if said:
        st.info(f"{said} {live_words.recorded(live)}", icon=":material/pause_circle:")
    diverged = live_words.diverged(live)
    if diverged:
        st.warning(diverged, icon=":material/trending_up:")
    with st.container(horizontal=True, gap="small"):
        if not live.is_done:
            st.button(
                live_words.GO_ON, key="learning_go_on", on_click=session_runs.go_on, type="primary"
            )
        st.button(live_words.BACK, key="learning_back", on_click=session_runs.forget)
