"""Sentences and tables on the gradient of the whole loss, and on what truncation costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradflow.analysis.truncation import TruncationCurve
from gradflow.figures.builders.number_words import number
from gradflow.numerics.scaled import Array
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.whole_loss import WholeLoss

ALL_STEPS = "All steps together: what an optimiser gets"
TRUNCATION_TITLE = "What truncation costs"
ALL_TOGETHER = "all steps together"
BY_LAG = (
    "The terms of each range of lags, added up: of all of the cell's weights, and for all steps "
    "together of all targets. Terms of different targets may cancel."
)
BOTH_BIASES = (
    "PyTorch keeps two biases that are added up, and `clip_grad_norm_` counts both: the last row."
)
TRUNCATION = (
    "Length of what is lost over the length of the gradient: of all the cell's weights (thick), "
    "and of each. Dotted lines mark errors of 1%, 5% and 10%, and the window of the sidebar."
)


def target_alone(t: int) -> str:
    """What a curve of one target is called beside that of all steps."""
    return f"target step {t} alone"


def all_steps(whole: WholeLoss, aim: Objective, settings: ModelSettings) -> str:
    """What is added up, and how long its gradient is."""
    length = f"Its length, by which clipping goes, is **{number(whole.length)}**."
    if settings.steps == "last":
        return f"The gradient of the loss of the last step alone. {length}"
    how = "mean" if settings.weights == "mean" else "sum"
    if aim.given.weights is not None:
        how = "sum, weighted as your numbers say,"
    T = len(aim.weights)
    losses = "the loss of the only step" if T == 1 else f"the losses of all {T} steps"
    return f"The gradient of the {how} of {losses}. {length}"


def norms(whole: WholeLoss, one: WholeLoss, t: int) -> dict[str, list[str]]:
    """The table of the lengths of two gradients by parameter, by column."""

    def column(gradient: WholeLoss) -> list[str]:
        lengths = (*gradient.norms.values(), gradient.length, gradient.length_both_biases)
        return [number(length) for length in lengths]

    return {
        "Gradient of": [*whole.norms, "all together", "all, both biases"],
        "All steps": column(whole),
        f"Step {t} alone": column(one),
    }


def shortest_lengths(curve: TruncationCurve, errors: Sequence[float]) -> str:
    """The shortest lengths with errors below some, in one sentence."""
    if np.isnan(curve.together.relative_error).all():
        return "The loss has no gradient: there is nothing to truncate."
    kind = "window" if curve.kind == "window" else "chunks"
    lengths = [curve.shortest(error) for error in errors]
    found = [
        f"**{number(100.0 * error)}%**: {_length(length)}"
        for error, length in zip(errors, lengths, strict=True)
    ]
    said = f"Shortest {kind} with an error below {', below '.join(found)}."
    return f"{said}{_untried(curve.lengths, lengths)}"


def _untried(tried: Array, found: Sequence[int | None]) -> str:
    """That there may be shorter ones, where lengths are left out before those that were found."""
    (gaps,) = np.nonzero(np.diff(tried) > 1)
    if not gaps.size or all(one is not None and one <= tried[gaps[0]] for one in found):
        return ""
    return f" Beyond {tried[gaps[0]]} steps not every length is tried."


def _length(steps: int | None) -> str:
    if steps is None:
        return "none"
    return "1 step" if steps == 1 else f"{steps} steps"
