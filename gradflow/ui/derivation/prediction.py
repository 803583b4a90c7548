"""`Question`, a prediction that the page asks for, and `Proof`, the answer of the networks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from gradflow.figures.builders.cell_frame import Outline
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.panel import Panel
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True, eq=False)
class Shown:
    """One heatmap of a proof, and the cells that it speaks of."""

    panel: Panel
    outline: Outline


@dataclass(frozen=True, eq=False)
class Proof:
    """The answer to a question, computed with its settings.

    Attributes
    ----------
    right : str
        The option that the numbers give.
    why : str
        Markdown, with the numbers.
    shown : tuple of Shown
        Heatmaps, on one colour scale.
    view : View
        That scale.
    """

    right: str
    why: str
    shown: tuple[Shown, ...]
    view: View


@dataclass(frozen=True, eq=False)
class Question:
    """A question with settings of its own.

    Attributes
    ----------
    key : str
        Its name in the session.
    title : str
        A few words.
    ask : callable
        Gives the question as Markdown.
    options : mapping of str to str
        What can be answered: the option's name and its Markdown.
    tempts : mapping of str to str
        Why an option tempts, and what is wrong with it, by the option's name; Markdown.
    settings : Settings
        The settings that prove the answer.
    prove : callable
        Gives the proof.
    """

    key: str
    title: str
    ask: Callable[[], str]
    options: dict[str, str]
    tempts: dict[str, str]
    settings: Settings
    prove: Callable[[], Proof]


def band(value: float, edges: tuple[float, ...], names: tuple[str, ...]) -> str:
    """The name of the band in which a value lies; `edges` part the bands, low ones first."""
    assert len(names) == len(edges) + 1
    return names[bisect_right(edges, value)]
