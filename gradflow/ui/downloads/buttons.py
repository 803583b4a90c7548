"""The downloads: everything is made on click.

What makes the files brings much along (pyarrow, kaleido), and is imported when it is needed: the
first visitor of a server waits for all that the page imports at its top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.pooling import LONG
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.settings import LONGEST_WHOLE, Settings

# The key that holds whether the section is open.
SECTION = "open_downloads"


@dataclass(frozen=True)
class File:
    """One button: its name, how its bytes are made, and what the browser is told."""

    name: str
    make: Callable[[], bytes]
    ending: str
    mime: str
    help: str
    drawn: bool = False


def downloads(
    experiment: Experiment,
    settings: Settings,
    own: Array | None,
    figure_builder: Callable[[bool], go.Figure],
    link: str,
) -> None:
    """A button for each file, and the Python and the link to copy, drawn when they are opened.

    Parameters
    ----------
    experiment : Experiment
        What the page shows.
    settings : Settings
        What made it.
    own : array of shape (n,) or None
        The user's own numbers.
    figure_builder : callable
        Given whether its cells have labels, returns the figure of all that is shown; called on
        click only.
    link : str
        The address that reopens this view.
    """
    section = st.expander(
        "Downloads, Python and link to copy",
        icon=":material/download:",
        key=SECTION,
        on_change="rerun",
    )
    if section.open:
        from gradflow.ui.downloads import exports

        with section:
            files = _files(experiment, settings, own, figure_builder)
            buttons(files, f"gradflow_w_s_{settings.w_s:g}_T_{experiment.T}")
            st.code(exports.snippet(settings, own), language="python", height=260)
            st.code(link, language=None, wrap_lines=True)


def buttons(files: Sequence[File], stem: str) -> None:
    """A row of buttons, one a file, and what is said where no picture can be drawn.

    Parameters
    ----------
    files : sequence of File
        From left to right.
    stem : str
        What the files' names begin with.
    """
    from gradflow.ui.downloads import images

    drawable = images.browser_available()
    with st.container(horizontal=True, gap="small", key="downloads"):
        for file in files:
            st.download_button(
                file.name,
                file.make,
                f"{stem}{file.ending}",
                file.mime,
                key=f"download_{file.name.lower()}",
                help=file.help,
                on_click="ignore",
                disabled=file.drawn and not drawable,
            )
    if not drawable:
        st.caption(images.NO_BROWSER)


def pictures(
    figure_builder: Callable[[bool], go.Figure], title: str, labelled: bool
) -> tuple[File, ...]:
    """The files that show what the page shows.

    Parameters
    ----------
    figure_builder : callable
        As of `downloads`.
    title : str
        Plain text for the browser's tab.
    labelled : bool
        Whether the cells of the page of charts have labels.
    """
    from gradflow.ui.downloads import exports, images

    return (
        File(
            "PNG",
            lambda: images.image(figure_builder(False), "png"),
            ".png",
            "image/png",
            "A picture of all that is shown, for slides.",
            drawn=True,
        ),
        File(
            "SVG",
            lambda: images.image(figure_builder(False), "svg"),
            ".svg",
            "image/svg+xml",
            "The same picture as vectors, for the web or an editor.",
            drawn=True,
        ),
        File(
            "PDF",
            lambda: images.image(figure_builder(False), "pdf"),
            ".pdf",
            "application/pdf",
            "The same picture on one page, for print.",
            drawn=True,
        ),
        File(
            "HTML",
            lambda: exports.html(figure_builder(labelled), title),
            ".html",
            "text/html",
            "The charts to zoom in, as one page that opens without a network (from 5 MB on). Up to "
            f"{LONG - 1} steps each cell tells its term.",
        ),
    )


def _files(
    experiment: Experiment,
    settings: Settings,
    own: Array | None,
    figure_builder: Callable[[bool], go.Figure],
) -> tuple[File, ...]:
    from gradflow.ui.downloads import exports

    return (
        *pictures(figure_builder, _title(settings, experiment), experiment.T < LONG),
        File(
            "CSV",
            lambda: exports.terms_csv(experiment, settings),
            f"_{settings.parameter}.csv",
            "text/csv",
            "The terms of the chosen parameter, one row a term; for the LSTM those of each gate. "
            f"Beyond {LONGEST_WHOLE} steps those of the chosen target.",
        ),
        File(
            "NPZ",
            lambda: exports.terms_npz(experiment, settings),
            ".npz",
            "application/zip",
            "For numpy.load: sign and log10 of the terms of every parameter (beyond "
            f"{LONGEST_WHOLE} steps of the chosen one), the product of the forget gates, "
            "the inputs and the settings.",
        ),
        File(
            "JSON",
            lambda: exports.settings_json(settings, own),
            ".json",
            "application/json",
            "All settings, with your own numbers where they are used.",
        ),
        File(
            "Python",
            lambda: exports.snippet(settings, own).encode(),
            ".py",
            "text/x-python",
            "A few lines that make the same terms with the library.",
        ),
    )


def _title(settings: Settings, experiment: Experiment) -> str:
    return f"gradflow: w_s = {settings.w_s:g}, T = {experiment.T}, b_f = {settings.b_f:g}"
