"""`Step`: one part of the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradflow.ui.derivation.example import Example
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True)
class Step:
    """A few formulas, and what their numbers are.

    Attributes
    ----------
    title : str
        Markdown.
    text : str
        Markdown: what is done and why.
    formulas : callable
        Settings to one LaTeX formula a line.
    numbers : callable
        Example to the LaTeX of the same lines in numbers; "" where a line has none.
    steps : int
        Steps that the sequence must have for there to be numbers.
    target : int
        First target step that has them.
    """

    title: str
    text: str
    formulas: Callable[[Settings], tuple[str, ...]]
    numbers: Callable[[Example], tuple[str, ...]]
    steps: int = 1
    target: int = 1

    def missing(self, example: Example) -> str | None:
        """A sentence that says why there are no numbers; None where there are."""
        if self.steps > example.T:
            have = "1 step" if example.T == 1 else f"{example.T} steps"
            return f"No numbers here: they need {self.steps} steps, and this sequence has {have}."
        if self.target > example.t:
            return (
                f"No numbers here: they need a target step from {self.target} on, and it is "
                f"t = {example.t}."
            )
        return None
