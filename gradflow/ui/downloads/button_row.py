"""The buttons of the downloads. Every file is made when its button is clicked.

The modules that make the files import large packages (pyarrow, kaleido). They are imported when
they are needed, because the first visitor of a server waits for every import at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from gradflow.numerics.scaled import Array
from gradflow.ui.downloads import download_words as words
from gradflow.ui.shared import settings_file
from gradflow.ui.shared.settings import Settings

# The ending and the type of a file, by the name on its button.
_KINDS = {
    "PNG": (".png", "image/png"),
    "SVG": (".svg", "image/svg+xml"),
    "PDF": (".pdf", "application/pdf"),
    "HTML": (".html", "text/html"),
    "GIF": (".gif", "image/gif"),
    "CSV": (".csv", "text/csv"),
    "NPZ": (".npz", "application/zip"),
    "safetensors": (".safetensors", "application/octet-stream"),
    "JSON": (".json", "application/json"),
    "Python": (".py", "text/x-python"),
    "Markdown": (".md", "text/markdown"),
}


@dataclass(frozen=True)
class File:
    """One button.

    Attributes
    ----------
    name : str
        The kind of file.
    make : callable
        Gives the file's bytes.
    help : str
        What is in the file.
    part : str
        What the file's name ends with, before the dot.
    label : str
        What stands on it; the kind of file unless given, as several of a kind need.
    """

    name: str
    make: Callable[[], bytes]
    help: str
    part: str = ""
    label: str = ""

    @property
    def shown(self) -> str:
        """What stands on the button."""
        return self.label or self.name

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
        return self.name.lower() in words.PICTURES


def python_file(code: str) -> File:
    """The file of the Python that is shown to copy."""
    return File("Python", code.encode, words.PYTHON)


def settings_button(settings: Settings, own: Array | None) -> File:
    """The file of the settings of the pages of the two networks."""
    return File(
        "JSON",
        lambda: settings_file.settings_json(settings, own),
        words.SETTINGS,
    )


def buttons(files: Sequence[File], stem: str, key: str = "download") -> None:
    """Draw a row of buttons, one a file, and a note where no browser can draw pictures.

    Parameters
    ----------
    files : sequence of File
        From left to right.
    stem : str
        What the files' names begin with.
    key : str
        What the keys of the row and its buttons begin with; one row of a page may keep the default.
    """
    from gradflow.ui.downloads import images

    drawable = images.browser_available()
    with st.container(horizontal=True, gap="small", key=f"{key}s"):
        for file in files:
            st.download_button(
                file.shown,
                file.make,
                f"{stem}{file.ending}",
                file.mime,
                key=f"{key}_{file.shown.lower().replace(' ', '_')}",
                help=file.help,
                on_click="ignore",
                disabled=file.drawn and not drawable,
            )
    if not drawable and any(file.drawn for file in files):
        st.caption(words.NO_BROWSER)


@dataclass(frozen=True)
class Pictures:
    """The figures behind the pictures and the page of charts; made on a click.

    Attributes
    ----------
    printed : callable
        Gives the figure of the pictures.
    page : callable
        Given whether its cells have labels, gives the figure of the page of charts.
    title, description : str
        Plain text for the files' own fields and the browser's tab.
    scale : int
        Pixels of a PNG for each of the figure's.
    """

    printed: Callable[[], go.Figure]
    page: Callable[[bool], go.Figure]
    title: str
    description: str = ""
    scale: int = 2


def pictures(made: Pictures, T: int) -> tuple[File, ...]:
    """The files with a figure of what the page shows, of a sequence of T steps."""
    from gradflow.ui.downloads import files, images
    from gradflow.ui.downloads.file_titles import titled

    def drawn(format_: str) -> bytes:
        picture = images.image(made.printed(), format_, made.scale)
        return titled(picture, format_, made.title, made.description)

    page = File(
        "HTML",
        lambda: files.html_file(made.page(T <= words.LABELLED), made.title, made.description),
        words.CHARTS,
    )
    kinds = words.PICTURES.items()
    return (*(File(kind.upper(), partial(drawn, kind), text) for kind, text in kinds), page)
