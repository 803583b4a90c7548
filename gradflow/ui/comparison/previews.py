"""What each session shows, so that a hand that moves a slider can ask for other values."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st

from gradflow.numerics.scaled import Array
from gradflow.ui.shared.setting_fields import parsed
from gradflow.ui.shared.settings import Settings

# Where the server answers, below its root; the token of a session follows.
PATH = "preview/"

# The settings that can be asked for: those of the sliders beside the charts.
MOVED = ("w_s", "w_h", "b_f", "T")

_KEY = "previewed"


@dataclass(eq=False)
class Previewed:
    """What one session shows. Only who has its token can ask for more of it.

    Attributes
    ----------
    token : str
        A secret of the session and its browser.
    settings : Settings
        Those of the last run.
    own : array of shape (n,) or None
        The visitor's own numbers.
    busy : bool
        Whether an answer is being made: one at a time.
    made : Charts or None
        Those of the last answer, for the run that follows when the slider is let go.
    painted : Event
        Set when the session's browser has painted its first charts.
    """

    token: str
    settings: Settings
    own: Array | None = None
    busy: bool = False
    made: Any = None
    painted: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Where the session's browser asks for other values, counted from the server's root."""
        return PATH + self.token

    def moved(self, name: str, text: str) -> Settings:
        """The settings with another value of one slider.

        Raises
        ------
        ValueError
            If there is no such slider, or it has no such value.
        """
        if name not in MOVED:
            raise ValueError(f"name must be one of {', '.join(MOVED)}. Got {name!r}.")
        moved: dict[str, Any] = {name: parsed(name, text, Settings)}
        return replace(self.settings, **moved)

    def steps(self, settings: Settings) -> int:
        """How long the sequence is: the visitor's own numbers bring their length."""
        own = self.own if settings.sequence == "own" else None
        return settings.T if own is None else len(own)

    def take(self, settings: Settings, own: Array | None) -> Any:
        """What was made of these settings and numbers, once; None if that was something else."""
        made, self.made = self.made, None
        return made if made is not None and made.settings == settings and self.own is own else None

    def forget(self, made: Any) -> None:
        """Let go of what no run has taken."""
        if self.made is made:
            self.made = None


# A session holds its own, and takes it along when it ends.
_OPEN: WeakValueDictionary[str, Previewed] = WeakValueDictionary()


def of_session(settings: Settings) -> Previewed:
    """What this session shows, or from now on will."""
    held: Previewed | None = st.session_state.get(_KEY)
    if held is None:
        held = st.session_state[_KEY] = Previewed(secrets.token_urlsafe(24), settings)
        _OPEN[held.token] = held
    return held


def found(token: str) -> Previewed | None:
    """What the session of a token shows; None where there is none."""
    return _OPEN.get(token)
