"""`Step`: one part of the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradflow.ui.derivation import derivation_words
from gradflow.ui.derivation.example import Example
from gradflow.ui.shared.latex import TOO_FEW
from gradflow.ui.shared.settings import Settings

# What stands behind a line of numbers that float64 has lost.
_MARK = f"\\quad \\text{{({TOO_FEW})}}"


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

    def shown(self, example: Example) -> tuple[str, ...]:
        """The lines of `numbers`; those that better states would make others say so."""
        found, better = self.numbers(example), example.better
        if better is None:
            return found
        pairs = zip(found, self.numbers(better), strict=True)
        return tuple(one if one == other else one + _MARK for one, other in pairs)

    def missing(self, example: Example) -> str | None:
        """A sentence that says why there are no numbers; None where there are."""
        if self.steps > example.T:
            return derivation_words.needs_steps(self.steps, example.T)
        if self.target > example.t:
            return derivation_words.needs_target(self.target, example.t)
        return None


def has_too_few(lines: tuple[str, ...]) -> bool:
    """Whether any line of numbers says that it has too few digits."""
    return any(TOO_FEW in line for line in lines)
