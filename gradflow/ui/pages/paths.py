"""The page of the LSTM's paths: which way the gradient takes."""

from __future__ import annotations

from gradflow.ui.pages import frame

_LEAD = (
    "Which path carries the LSTM's gradient: along the cell, where each step costs a factor $f$, "
    "or through the hidden state and its gates?"
)


def paths_page() -> None:
    """Draw the page."""
    settings = frame.opened("paths")
    frame.heading("Paths", _LEAD, settings)
