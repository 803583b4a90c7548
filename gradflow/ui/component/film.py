"""The component of a film: pictures of both networks to play, and to go through by hand."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradflow.figures.builders.cell_levels import FEW
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import log_edges
from gradflow.numerics.scaled import Array
from gradflow.ui.component import assets, chart_words
from gradflow.ui.component.colour_bars import bar_content
from gradflow.ui.component.packing import packed

ENTRY, STYLE = "film_component", "film"

# Pixels across a film whose lags stand on a log scale.
_LOG_PIXELS = 480

_mount = assets.declared_component("film", ENTRY, STYLE)


@dataclass(frozen=True)
class Lane:
    """A strip of cells, one a column of the heatmap above it.

    Attributes
    ----------
    name : str
        What stands above it.
    label : str
        What it is called to those who do not see it.
    """

    name: str
    label: str


@dataclass(frozen=True, eq=False)
class FilmPanel:
    """One network of a film.

    Attributes
    ----------
    title, quantity : str
        "RNN", and what its heatmap shows.
    triangles : uint8 array of shape (pictures, n (n + 1) / 2)
        Colours of the heatmap's cells, row by row, up to the diagonal.
    lanes : sequence of Lane
        The strips under the heatmap.
    strips : uint8 array of shape (pictures, lanes, n)
        Colours of their cells.
    said : sequence of str
        A sentence for each picture, or none at all.
    """

    title: str
    quantity: str
    triangles: Array
    lanes: Sequence[Lane]
    strips: Array
    said: Sequence[str]

    @property
    def label(self) -> str:
        """What the heatmap is called to those who do not see it."""
        return chart_words.film_heatmap(self.title, self.quantity)

    @property
    def has_few_digits(self) -> bool:
        """Whether any cell of any picture is marked for its few digits."""
        return any(bool(np.isin(cells, FEW).any()) for cells in (self.triangles, self.strips))

    @property
    def told(self) -> dict[str, Any]:
        """What a script is told beside the pictures."""
        lanes = [{"name": lane.name, "label": lane.label} for lane in self.lanes]
        named = {"title": self.title, "quantity": self.quantity, "label": self.label}
        return named | {"lanes": lanes, "said": list(self.said)}

    @property
    def pictures(self) -> Array:
        """All that changes, (pictures, bytes)."""
        flat = self.strips.reshape(len(self.strips), -1)
        return np.concatenate([self.triangles, flat], axis=1)


@dataclass(frozen=True, eq=False)
class Film:
    """Pictures of both networks, one after the other.

    Attributes
    ----------
    title : str
        What a file of it is headed with.
    panels : sequence of FilmPanel
        From left to right.
    colours : uint8 array of shape (256, 4)
        Red, green, blue and opacity of each byte of the pictures.
    bar : mapping
        The colour bar: its title, colours and ticks, and whether terms have too few digits.
    axis : "lag", "source" or "log"
        What the columns count.
    T, cells : int
        Steps of the longest sequence, and cells a side of its heatmap.
    labels : sequence of str
        What each picture is of.
    counted : str
        What changes from one to the next.
    start : int
        The picture that is shown first.
    rate : float
        Pictures a second.
    heads : sequence of (row, column), optional
        The cell that is framed in each picture, from 0 on; column -1 for none.
    """

    title: str
    panels: Sequence[FilmPanel]
    colours: Array
    bar: Mapping[str, Any]
    axis: str
    T: int
    cells: int
    labels: Sequence[str]
    counted: str
    start: int
    rate: float
    heads: Sequence[tuple[int, int]] = ()

    @property
    def across(self) -> str:
        """What the columns count, with its letter."""
        return chart_words.ACROSS[self.axis]

    @property
    def spread(self) -> Array:
        """The column that each pixel across shows; on a log scale the first ones have several."""
        if self.axis != "log":
            return np.arange(self.cells)
        block = math.ceil(self.T / self.cells)
        firsts = np.append(block * np.arange(self.cells) + 1, self.T + 1)
        edges = np.log(log_edges(firsts))
        pixels = edges[0] + (edges[-1] - edges[0]) * (np.arange(_LOG_PIXELS) + 0.5) / _LOG_PIXELS
        return np.searchsorted(edges, pixels, side="right") - 1


def even_columns(view: View) -> View:
    """The view of a film's cells: their columns are spread on a log scale when they are drawn."""
    return replace(view, axis="lag") if view.axis == "log" else view


def film_bar(panels: Sequence[FilmPanel], one: Panel, view: View) -> dict[str, Any]:
    """The colour bar of a film, with the colours that a panel of it has."""
    few = any(panel.has_few_digits for panel in panels)
    return bar_content(one, view) | {"few": few}


def film_message(film: Film) -> bytes:
    """All that the scripts draw; of each picture what it adds to the one before, deflated."""
    pictures = np.concatenate([panel.pictures for panel in film.panels], axis=1)
    added = np.diff(pictures, axis=0, prepend=np.uint8(0))
    deflated = zlib.compress(added.tobytes())
    content = {
        "deflated": np.frombuffer(deflated, np.uint8),
        "width": pictures.shape[1],
        "colours": film.colours.reshape(-1),
        "bar": film.bar,
        "panels": [panel.told for panel in film.panels],
        "T": film.T,
        "cells": film.cells,
        "spread": film.spread,
        "across": film.across,
        "labels": list(film.labels),
        "counted": film.counted,
        "start": film.start,
        "rate": film.rate,
        "heads": list(film.heads),
    }
    return packed(content | {"ident": _ident(content)})


def film_player(message: bytes, key: str) -> None:
    """Show a film."""
    _mount(key=key, data=message)


def _ident(content: dict[str, Any]) -> str:
    """What tells a film from another."""
    return hashlib.sha256(packed(content)).hexdigest()
