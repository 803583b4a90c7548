"""The buttons of the downloads. Every file is made when its button is clicked.

The modules that make the files import large packages (pyarrow, kaleido). They are imported when
they are needed, because the first visitor of a server waits for every import at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from gradflow.figures.builders.pooling import LONG

# The ending and the type of a file, by the name on its button.
_KINDS = {
    "PNG": (".png", "image/png"),
    "SVG": (".svg", "image/svg+xml"),
    "PDF": (".pdf", "application/pdf"),
    "HTML": (".html", "text/html"),
    "CSV": (".csv", "text/csv"),
    "NPZ": (".npz", "application/zip"),
    "JSON": (".json", "application/json"),
    "Python": (".py", "text/x-python"),
}
_DRAWN: dict[str, str] = {
    "png": "A picture of all that is shown, for slides.",
    "svg": "The same picture as vectors, for the web or an editor.",
    "pdf": "The same picture on one page, for print.",
}


@dataclass(frozen=True)
class File:
    """One button.

    Attributes
    ----------
    name : str
        What stands on it, which says the kind of file.
    make : callable
        Gives the file's bytes.
    help : str
        What is in the file.
    part : str
        What the file's name ends with, before the dot.
    """

    name: str
    make: Callable[[], bytes]
    help: str
    part: str = ""

    @property
    def ending(self) -> str:
        """What the file's name ends with."""
        return self.part + _KINDS[self.name][0]

    @property
    def mime(self) -> str:
        """What the browser is told that the file is."""
        return _KINDS[self.name][1]

    @property
    def drawn(self) -> bool:
        """Whether a browser has to draw it."""
        return self.name.lower() in _DRAWN


def python_file(code: str) -> File:
    """The file of the Python that is shown to copy."""
    return File("Python", code.encode, "A few lines that make the same terms with the library.")


def buttons(files: Sequence[File], stem: str) -> None:
    """Draw a row of buttons, one a file, and a note where no browser can draw pictures.

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
    """The files with a figure of all that the page shows.

    Parameters
    ----------
    figure_builder : callable
        Given whether its cells have labels, returns the figure of all that is shown; called on
        click only.
    title : str
        Plain text for the browser's tab.
    labelled : bool
        Whether the cells of the page of charts have labels.
    """
    from gradflow.ui.downloads import files, images

    def drawn(format_: str, said: str) -> File:
        return File(format_.upper(), lambda: images.image(figure_builder(False), format_), said)

    said = (
        "The charts to zoom in, as one page that opens without a network (from 5 MB on). Up to "
        f"{LONG - 1} steps each cell tells its term."
    )
    page = File("HTML", lambda: files.html_file(figure_builder(labelled), title), said)
    return (*(drawn(format_, said) for format_, said in _DRAWN.items()), page)
