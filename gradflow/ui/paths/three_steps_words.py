"""Sentences on the three unrolled steps: the list of paths, their counts, their sum."""

from __future__ import annotations

import math

from gradflow.figures.builders.number_words import percent, signed
from gradflow.ui.paths.three_steps import STEPS, Unrolled

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

TOO_SHORT = f"The graph needs {STEPS} steps; the sequence has fewer."

CAPTION = (
    "The forward pass runs from left to right, the cell state along the top; a path runs back "
    "from the loss $L$ to the weight. At each edge of the lit path stands its factor, and their "
    "product is the path's value. An edge to a gate holds the gate's slope and its weight. Point "
    "at a node for its value and at an edge for its derivative."
)


def list_label(steps: Unrolled, rank: int) -> str:
    """One line of the list: rank, value and share."""
    path, share = steps.paths[rank - 1], float(steps.share[rank - 1])
    return f"{rank} · **{signed(path.sign, path.log10)}** · {_percent(share)}"


def list_caption(steps: Unrolled, rank: int) -> str:
    """The way of a path, from the loss back."""
    return " ".join(_symbol(kind, step) for kind, step in steps.nodes(steps.paths[rank - 1])[:-1])


def steps_shown(steps: Unrolled) -> str:
    """A sentence that says which steps of the sequence these are."""
    if not steps.before:
        return f"The first {STEPS} steps of the sequence, with the loss of step {STEPS}."
    return (
        f"Steps {steps.before + 1} to {steps.t} of the sequence, numbered 1 to {STEPS}, with the "
        f"loss of the last; they start from what the LSTM holds after step {steps.before}."
    )


def counts(steps: Unrolled) -> str:
    """Why there are 24 paths, counted on the paths themselves."""
    visits = [set(steps.nodes(path)) for path in steps.paths]
    both = [seen for seen in visits if {("c", 3), ("c", 2)} <= seen]
    one = [seen for seen in visits if ("c", 2) in seen and ("c", 3) not in seen]
    none = [seen for seen in visits if ("c", 2) not in seen]
    first, then = (_ways(steps, ("c", 3), ("c", 2)), _ways(steps, ("c", 2), ("f", 1)))
    return (
        f"**{len(steps.paths)} = {len(both)} + {len(one)} + {len(none)} paths.** {len(both)} run "
        f"through $c_3$ and $c_2$: {first} ways from one to the other (along the cell, or by "
        f"$h_2$ through the input gate, the forget gate or the candidate) times {then} from $c_2$ "
        f"on. {len(one)} leave $h_3$ by its output gate and come back through $c_2$. {len(none)} "
        f"pass $c_2$ by: they reach $h_1$ through the output gate of step 2. {_by_detours(steps)}"
    )


def result(steps: Unrolled) -> str:
    """The sum of the paths, and the share of the cell path; neither where digits are lost."""
    if steps.is_unsure:
        return (
            f"**Float64 has too few digits** for what the {len(steps.paths)} paths add up to: a "
            "state that they are made of cancels or underflows, or they cancel each other."
        )
    if not math.isfinite(steps.paths[0].log10):
        return f"**All {len(steps.paths)} paths are exactly zero.** {_why_zero(steps)}"
    cell = next(rank for rank, path in enumerate(steps.paths, 1) if path.detours == 0)
    place = "the largest" if cell == 1 else f"number {cell} by size"
    return (
        f"**They add up to {signed(steps.sign, steps.log10)}**, the term at $t = {steps.t}$, "
        f"$k = {STEPS}$ of `w_xf`. The cell path is {place}, with "
        f"{_percent(float(steps.share[cell - 1]))} of the size of all paths."
    )


def _by_detours(steps: Unrolled) -> str:
    found = [path.detours for path in steps.paths]
    said = [f"{found.count(d)} with {d}" for d in sorted(set(found))]
    return f"By number of detours: {', '.join(said)}."


def _ways(steps: Unrolled, head: tuple[str, int], tail: tuple[str, int]) -> int:
    """Different ways between two nodes, among the paths that visit both."""
    visited = [nodes for nodes in map(steps.nodes, steps.paths) if head in nodes and tail in nodes]
    return len({nodes[nodes.index(head) : nodes.index(tail)] for nodes in visited})


def _why_zero(steps: Unrolled) -> str:
    states = steps.flow.trace.c[:, 0]
    if not states.any():
        return (
            "The forget gate acts on the cell state, which is 0 at every step of this sequence. "
            "The graph keeps to $w_{xf}$; the heatmaps above turn to a gate that has terms."
        )
    # Asked before the state, which may be 0 for the want of smaller numbers.
    if steps.flow.x[steps.before, 0] == 0.0:
        return "Their last factor is the input $x_1 = 0$. Choose another target."
    if states[steps.before] == 0.0:
        return (
            "The forget gate of step 1 acts on the cell state before it, and here $c_0 = 0$. "
            "Choose another target, or give the LSTM a start $c_0$ in the sidebar under *Readout, "
            "loss, start*."
        )
    return "A factor that they share is zero."


def _symbol(kind: str, step: int) -> str:
    return kind.replace("'", "′") + (str(step).translate(_SUBSCRIPTS) if kind != "L" else "")


def _percent(share: float) -> str:
    size = percent(abs(share))
    return f"−{size}" if share < 0 and not size.startswith("<") else size
