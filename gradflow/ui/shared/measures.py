"""The measures of one target step as a table, a column for each network or run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradflow.analysis import memory
from gradflow.figures.builders.number_words import number, percent, power, steps

# The name of a measure, how its cell is written, and what it says.
Row = tuple[str, Callable[[Any], str], str]

_ROWS: tuple[Row, ...] = (
    (
        "Verdict",
        lambda seen: seen.verdict,
        "By what the decay of the row's tail leaves after t − 1 steps, or 10 where there are "
        "fewer: below 1% vanishing, above 5 times exploding, else stable.",
    ),
    (
        "Decay per step",
        lambda seen: number(seen.decay_per_step),
        "Geometric mean of what one step back leaves.",
    ),
    (
        "Fitted decay",
        lambda seen: number(seen.fitted_decay),
        "The same from a straight line through log magnitude against lag.",
    ),
    (
        "Half-life",
        lambda seen: steps(seen.half_life),
        "Steps back after which half is left.",
    ),
    (
        "Horizon",
        lambda seen: lag_words(seen.horizon or None, "none"),
        "Last lag with at least 1% of the k = 1 term, or of the largest where that is 0.",
    ),
    ("Left at step 1", lambda seen: power(seen.log10_left), "Of the k = 1 term."),
)
_CANCELLATION: Row = (
    "Cancellation",
    lambda seen: number(seen.cancellation),
    "|sum| / sum of | |: 1 where all terms pull one way, near 0 where they cancel.",
)


def measure_table(named: Mapping[str, memory.Reach]) -> dict[str, list[str]]:
    """The table, by column. It has the cancellation if all measures do.

    Parameters
    ----------
    named : mapping of str to Reach
        The measures of one target step, by the head of their column.
    """
    every = list(named.values())
    whole = all(isinstance(seen, memory.Memory) for seen in every)
    rows = (*_ROWS, _beyond(every[0].window), *((_CANCELLATION,) if whole else ()))
    rows += tuple(_zero(form) for form in every[0].zero_lags)
    return {
        "Measure": [name for name, _, _ in rows],
        **{head: [value(seen) for _, value, _ in rows] for head, seen in named.items()},
        "What it says": [said for _, _, said in rows],
    }


def lag_words(lag: int | None, nothing: str = "never") -> str:
    """A lag, or another word where there is none."""
    return nothing if lag is None else f"k = {lag}"


def _beyond(window: int) -> Row:
    said = f"Share of the summed magnitudes that keeping {window} lags alone throws away."
    return f"Beyond lag {window}", lambda seen: percent(seen.share_beyond), said


def _zero(form: str) -> Row:
    said = f"First lag whose term is too small for {form} and would become 0."
    return f"Zero in {form}", lambda seen: lag_words(seen.zero_lags[form]), said
