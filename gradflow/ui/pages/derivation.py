"""The page of the derivation: from one loss to the general sum, with live numbers."""

from __future__ import annotations

from gradflow.ui.pages import frame

_LEAD = "Backpropagation through time, one step after the other, with the numbers of the settings."


def derivation_page() -> None:
    """Draw the page."""
    settings = frame.opened("derivation")
    frame.heading("Derivation", _LEAD, settings)
