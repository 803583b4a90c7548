"""Sentences of the page Paths: which path carries the gradient, and at which lags."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradflow.analysis.path_shares import DominantPart, PathShares
from gradflow.figures.builders.number_words import part, percent, power
from gradflow.numerics.scaled import Array

TITLE = "Paths"
FIGURE = "gradflow: the paths of an LSTM's gradient"
ABOUT_FIGURE = (
    "What past inputs have in the gradient of an LSTM along its cell, by detours through h, and by "
    "all paths: a row is a target step t, a column how far back the input lies."
)

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
    "All three are divided by the same number, the row's own term of all paths at $k = 1$ (or its "
    "largest where that is zero), and have one colour scale: where the second one is further up "
    "on it than the first, the detours together are larger than the cell path."
)

ABSOLUTE = (
    "All three have one colour scale: where the second one is further up on it than the first, the "
    "detours together are larger than the cell path."
)

CARRIES = (
    "A part *carries* a term where it is the larger of the two and the other takes away at most "
    "half of it; detours are added up, with their signs, before they are compared."
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

EVERY_PATH = "Every path over three steps"
HOW_MANY = "**How many detours?**"
WHICH_GATE = "**Through which gate first?**"


def target(t: int) -> str:
    """Which target the finding is about."""
    return f"Target step $t = {t}$:"


def one_target(t: int) -> str:
    """The heading of what is shown of one target."""
    return f"One target: t = {t}"


def carried_from(lag: int) -> str:
    """What stands at the lag from which on the detours carry the gradient."""
    return f"carried by detours from lag {lag} on"


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


def finding(found: PathShares, unsure: bool = False) -> str:
    """The finding: which path carries the gradient, and what the forget gates alone would say.

    Parameters
    ----------
    found : PathShares
        The terms of one target.
    unsure : bool
        Whether some of them have too few digits.
    """
    if unsure:
        return (
            "**Float64 has too few digits here.** Which path carries the gradient cannot be told: "
            f"a state that terms of target $t = {found.t}$ are made of cancels or underflows."
        )
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
    if np.isneginf(found.rest).all():
        return (
            "**The cell path carries everything.** The detours through $h$ are exactly zero at "
            "every lag."
        )
    takeover, parts = found.takeover, found.dominant_parts
    everywhere = set(parts) - {None}
    if everywhere == {"cell"}:
        gap, closest = _closest(found)
        return (
            "**The cell path carries the gradient at every lag.** The detours through $h$ come "
            f"closest at lag {closest}, with {part(gap)} its size."
        )
    if everywhere == {"detours"}:
        return "**The detours through $h$ carry the gradient at every lag.**"
    if takeover is None:
        return f"**At the far end the detours do not carry the gradient.** {_tally(parts)}"
    said = f"**From lag {takeover} on the detours through $h$ carry the gradient.**"
    if found.compared[found.compared < takeover].tolist() == [1]:
        return f"{said} At lag 1 there is only the way within the target step."
    return f"{said} {_tally(parts[: takeover - 1], ' before it')}"


def _tally(parts: Sequence[DominantPart], where: str = "") -> str:
    """How often each part carries the term, of the lags at which any path is there."""
    count = {one: parts.count(one) for one in ("cell", "detours", "neither")}
    said = (
        f"Of the {_lags(sum(count.values()))}{where} the cell path carries {count['cell']} and the "
        f"detours {count['detours']}"
    )
    if not count["neither"]:
        return f"{said}."
    return f"{said}; at {count['neither']} they cancel more than half of the larger."


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
    whole, cell, rest = (float(row[k - 1]) for row in (found.whole, found.cell, found.rest))
    product = f"$\\prod f$ = {power(float(found.forget_product[k - 1]))}"
    said = f"At lag {k} the whole term is {power(whole)}"
    if cell == -math.inf:
        return f"{said}. The forget gates alone ({product}) would leave exactly 0 of it."
    claim = f"The forget gates alone ({product}) would make it {power(cell)}"
    how = _how_far_off(whole - cell, found.cell_sign[k - 1] != found.whole_sign[k - 1])
    if cell > rest and whole < cell - _NEAR:
        how += f", because the detours cancel {percent(10.0 ** (rest - cell))} of it"
    return f"{said}. {claim}: {how}."


def _how_far_off(off: float, flipped: bool) -> str:
    """How wrong a claim is, from log10 of what is true over what is claimed."""
    near = abs(off) < _NEAR
    size = f"{power(abs(off))} times too {'small' if off > 0 else 'large'}"
    if flipped:
        return "of the other sign" if near else f"{size}, and of the other sign"
    if abs(off) < _SAME:
        return "the same"
    if near:
        return f"right to within {percent(abs(math.expm1(-off * math.log(10.0))))}"
    return f"**{size}**"


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
        f"{percent(float(detours[most]) / total)} of the four gates' summed sizes."
    )
