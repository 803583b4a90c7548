"""What charts are called, also to those who do not see them."""

from __future__ import annotations

from types import MappingProxyType

# What the columns of a film's heatmaps count.
ACROSS = MappingProxyType({"lag": "lag k", "source": "source step j", "log": "lag k, log scale"})


EXPLAINED = "This cell is explained below ↓"


def film_heatmap(title: str, quantity: str) -> str:
    """The heatmap of one network in a film."""
    return f"Heatmap of the {title}: {quantity} by target step and lag"


def heatmap(title: str, quantity: str) -> str:
    """The heatmap of one network, and how to walk in it."""
    return (
        f"Heatmap of the {title}: {quantity} by target step and lag. Arrow keys move the "
        "crosshair, Enter picks the cell"
    )


def curves(quantity: str, t: int) -> str:
    """The curves of one target."""
    return f"Curves of the size of {quantity} by lag, at target step {t}"
