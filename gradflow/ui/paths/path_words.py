"""Sentences of the page Paths: which path carries the gradient, and at which lags."""

from __future__ import annotations

import math

import numpy as np

from gradflow.analysis.path_shares import PathShares
from gradflow.figures.builders.number_words import percent, power
from gradflow.numerics.scaled import Array

LEAD = (
    "The LSTM's gradient at step $t$ reaches an earlier input along many paths. One runs along the "
    "cell, and each step back costs it a factor $f$, the forget gate: its product "
    "$\\prod f$ is what many texts take for the whole. The others make **detours**: at one step or "
    "more they leave the cell and go back through the hidden state $h$ and a gate. Which of them "
    "carry the gradient?"
)

CAPTIONS = (
    "Never through $h$: the product of the forget gates, and nothing else on the way.",
    "At least one step back through $h$ and a gate; all such paths together.",
    "The gradient itself: the other two added up, with their signs.",
)

RELATIVE = (
    "All three are divided by the same number, the $k = 1$ term of the whole row, and have one "
    "colour scale. Where the right one is brighter than the left one, the detours carry the "
    "gradient."
)

ABSOLUTE = (
    "All three have one colour scale. Where the right one is brighter than the left one, the "
    "detours carry the gradient."
)

SHARES = (
    "At each lag the sizes of all classes make 100%. Above the line: what has the sign of the "
    "whole term. Below it: what has the other sign, and cancels as much of what is above."
)

FIRST_GATE = (
    "The same paths by the gate through which they first leave the cell for $h$, counted from the "
    "target back."
)

GATE_NAMES = {"i": "input gate", "f": "forget gate", "c": "candidate", "o": "output gate"}

# A claim this near the truth is called right.
_NEAR = math.log10(1.1)
_SAME = 1e-9


def parameter_used(parameter: str, chosen: str) -> str:
    """A sentence on which parameter is taken apart, where the sidebar chooses no one gate."""
    if chosen not in ("all", "product"):
        return ""
    gate = GATE_NAMES[parameter[-1]]
    zero = "" if gate == GATE_NAMES["f"] else ", because the forget gate's terms are exactly zero"
    return (
        f"Of the four gates the {gate}'s parameter `{parameter}` is shown{zero}: together they "
        "have no sign. Another gate can be chosen in the sidebar under *What the heatmaps show*."
    )


def finding(found: PathShares) -> str:
    """The finding: which path carries the gradient, and what the forget gates alone would say."""
    if found.t == 1:
        return "**One step only.** From step 1 no path leads back: there is nothing to tell apart."
    furthest = found.furthest
    if furthest is None:
        return f"**No gradient here.** Every term of target $t = {found.t}$ is exactly zero."
    if furthest == 1:
        return (
            f"**Nothing goes back.** Of target $t = {found.t}$ only the target step's own term is "
            "not exactly zero."
        )
    return f"{_who(found)} {_claim(found, furthest)}"


def _who(found: PathShares) -> str:
    takeover, compared, outweighed = found.takeover, found.compared, found.outweighed
    if np.isneginf(found.rest).all():
        return (
            "**The cell path carries everything.** The detours through $h$ are exactly zero at "
            "every lag."
        )
    if not outweighed.size:
        gap, closest = _closest(found)
        return (
            "**The cell path carries the gradient at every lag.** The detours through $h$ come "
            f"closest at lag {closest}, with {power(gap)} of its size."
        )
    if takeover is None:
        return (
            f"**The detours through $h$ outweigh the cell path at {_lags(outweighed.size)} of "
            f"{compared.size}, but not at the far end.** The last of them is lag {outweighed[-1]}."
        )
    if takeover == compared[0]:
        return "**The detours through $h$ outweigh the cell path at every lag.**"
    said = f"**From lag {takeover} on the detours through $h$ outweigh the cell path.**"
    before = compared[compared < takeover]
    sooner = int((outweighed < takeover).sum())
    if sooner:
        return f"{said} Before that they do so at {_lags(sooner)} of {before.size}."
    if before[-1] == 1:
        return f"{said} At lag 1 there is only the way within the target step."
    return f"{said} Up to lag {before[-1]} the cell path is the larger."


def _closest(found: PathShares) -> tuple[float, int]:
    """log10 of the detours' largest size next to the cell path's, and its lag."""
    (lags,) = np.nonzero(np.isfinite(found.cell))
    gaps = found.rest[lags] - found.cell[lags]
    at = int(gaps.argmax())
    return float(gaps[at]), int(lags[at]) + 1


def _lags(count: int) -> str:
    return "1 lag" if count == 1 else f"{count} lags"


def _claim(found: PathShares, k: int) -> str:
    """The furthest term, beside what the forget gates alone would make of it."""
    whole, cell = float(found.whole[k - 1]), float(found.cell[k - 1])
    product = f"$\\prod f$ = {power(float(found.forget_product[k - 1]))}"
    said = f"At lag {k} the whole term is {power(whole)}"
    if cell == -math.inf:
        return f"{said}. The forget gates alone ({product}) would leave exactly 0 of it."
    flipped = found.cell_sign[k - 1] != found.whole_sign[k - 1]
    claim = f"The forget gates alone ({product}) would make it {power(cell)}"
    off = whole - cell
    if flipped:
        way = "small" if off > 0 else "large"
        how = f"{power(abs(off))} times too {way}, and of the other sign"
    elif abs(off) < _SAME:
        how = "the same"
    elif abs(off) < _NEAR:
        how = f"right to within {percent(abs(math.expm1(-off * math.log(10.0))))}"
    elif off > 0:
        how = f"**{power(off)} times too small**"
    else:
        how = f"**{power(-off)} times too large**, because the detours cancel most of it"
    return f"{said}. {claim}: {how}."


def first_gate(labels: tuple[str, ...], share: Array, k: int | None) -> str:
    """A sentence on the gate through which most of the furthest term's detours leave the cell."""
    if k is None:
        return ""
    detours = np.abs(share[1:, k - 1])
    total = float(detours.sum())
    if not total > 0.0:
        return ""
    most = int(detours.argmax())
    return (
        f"At lag {k} the {labels[1 + most]} lets the largest part of the detours out first: "
        f"{percent(float(detours[most]) / total)} of their size."
    )
