"""The widgets that choose what a picture holds, and its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from gradflow.figures.builders.print_format import LEAST_POINTS, PrintFormat, Width
from gradflow.ui.downloads import download_words as words

PROFILE = "profile"

_POINTS: dict[Width, float] = {"column": 7.0, "columns": 8.0, "slide": 14.0}
_MOST_POINTS = 24.0


@dataclass(frozen=True)
class PrintOptions:
    """What a picture holds, and its form.

    Attributes
    ----------
    panels : tuple of str
        The names of its heatmaps, and "profile".
    form : PrintFormat
        Its form.
    """

    panels: tuple[str, ...]
    form: PrintFormat

    @property
    def scale(self) -> int:
        """Pixels of a PNG for each of the figure's: about 400 an inch in print."""
        return 2 if self.form.width == "slide" else 4


def chosen_print(
    page: str,
    heatmaps: Sequence[str],
    with_profile: bool = True,
    zoom: tuple[float, float, float, float] | None = None,
) -> PrintOptions:
    """Draw the widgets.

    Parameters
    ----------
    page : str
        What its keys begin with.
    heatmaps : sequence of str
        The names of the heatmaps that there are.
    with_profile : bool
        Whether there is a profile.
    zoom : tuple of four floats, optional
        The part of the heatmaps that is shown now.

    Returns
    -------
    PrintOptions
        What they say; everything, where no panel is chosen.
    """
    there = [*heatmaps, *([PROFILE] if with_profile else [])]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.pills(
            words.PANELS,
            there,
            selection_mode="multi",
            default=there,
            key=f"{page}_print_panels",
        )
        width = st.selectbox(
            words.WIDTH,
            list(words.WIDTHS),
            index=1,
            format_func=words.WIDTHS.__getitem__,
            key=f"{page}_print_width",
            width=210,
        )
        points = st.number_input(
            words.LETTERS,
            LEAST_POINTS,
            _MOST_POINTS,
            _POINTS[width],
            0.5,
            key=f"{page}_print_points_{width}",
            width=140,
            help=words.LETTERS_HELP,
        )
        dark = st.toggle(words.DARK, key=f"{page}_print_dark")
        part = zoom is not None and st.toggle(
            words.ZOOMED,
            value=True,
            key=f"{page}_print_zoomed",
            help=words.ZOOMED_HELP,
        )
    kept = tuple(name for name in there if name in chosen) or tuple(there)
    return PrintOptions(kept, PrintFormat(width, points, dark, zoom if part else None))
