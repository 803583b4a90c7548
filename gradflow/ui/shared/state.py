"""The session's settings and numbers for the pages of the two networks, and the address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import streamlit as st

from gradflow.numerics.scaled import Array
from gradflow.ui.shared.held_settings import HeldSettings
from gradflow.ui.shared.links import NETWORKS
from gradflow.ui.shared.number_input import OwnNumbers
from gradflow.ui.shared.setting_fields import parsed
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.widgets import Widgets

# With the largest input weight this still lies within what the activations can be taken of.
_LARGEST = 1e9

HELD: HeldSettings[Settings] = HeldSettings(NETWORKS, "settings")
WIDGETS = Widgets(HELD)
OWN = OwnNumbers("own", megabytes=2, largest=_LARGEST)


def choose_cell(t: object, k: object) -> None:
    """Choose the term that is explained; only before this run draws its widgets.

    Parameters
    ----------
    t, k : object
        Whole numbers, or whatever else a browser sends.
    """
    try:
        target, lag = parsed("t", str(t), Settings), parsed("lag", str(k), Settings)
    except ValueError:
        return
    HELD.change(t=target, lag=lag, last=False)


def own_numbers() -> Array | None:
    """The user's own numbers, (n,), if there are any."""
    numbers = OWN.numbers()
    return None if numbers is None else numbers[:, 0]


def address() -> str:
    """The address of the page that is drawn, without its query."""
    url: Any = st.context.url
    plain = urlsplit(str(url or "http://localhost:8501"))
    return urlunsplit((plain.scheme, plain.netloc, plain.path or "/", "", ""))
