"""What the page asks of a run, in this process or in a worker's: answers as large as is shown.

A question takes the flow, its own arguments and `on_step`, which it may call with the share of the
work that is done. A worker imports this module, so it needs the library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import gradflow as gf
from gradflow.analysis.signed_signals import SignedSignals
from gradflow.analysis.target_reach import Reach, reach_of
from gradflow.analysis.unit_signal import unit_signals
from gradflow.engine import term_digits
from gradflow.flow import GradientFlow
from gradflow.losses import Loss
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen

Report = Callable[[float], None]

# The share of the k = 1 term below which a lag counts as forgotten.
LEAST_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class UnitReach:
    """How far back each unit of a layer carries the gradient, as `UnitSignals` has it."""

    t: int
    half_life: Array
    share: Array


def flow(
    model: gf.Model, x: Array, loss: Loss, targets: tuple[int, ...] | None, on_step: Report
) -> GradientFlow:
    """The flow that is asked: of every target, or of some."""
    return gf.gradient_flow(model, x, loss=loss, on_step=on_step, targets=targets)


def terms(flow: GradientFlow, parameter: str, layer: int, on_step: Report) -> Array:
    """log10 of the terms of a parameter, (n, T), nan where k > t."""
    if parameter == "x":
        flow.sweep_inputs(on_step)
        return flow.log10("x")
    return flow.log10(parameter, layer=layer)


def doubtful(flow: GradientFlow, parameter: str, layer: int, on_step: Report) -> Array | None:
    """Which of the same terms have fewer than six digits, (n, T); None where none can tell."""
    # A copy of the record, so that the second run of the model goes when it is compared.
    again = replace(flow)
    try:
        again.refined(on_step)
        digits = again.digits(parameter, None if parameter == "x" else layer)
    except ValueError:  # this machine has no wider numbers
        return None
    return frozen(digits < term_digits.LEAST)


def terms_both_ways(
    flow: gf.BidirectionalFlow, parameter: str, layer: int, on_step: Report
) -> dict[str, Array]:
    """log10 of the terms of a parameter by direction, (n, T), source step j in column j - 1."""
    if parameter == "x":
        flow.sweep_inputs(on_step)
        return {"inputs": flow.log10("x")}
    return {
        direction: flow.log10(parameter, layer, direction)
        for direction in flow.cell.directions(layer)
    }


def doubtful_both_ways(
    flow: gf.BidirectionalFlow, parameter: str, layer: int, on_step: Report
) -> dict[str, Array | None]:
    """Which of the same terms have fewer than six digits; None where none can tell."""
    # As in `doubtful`.
    again = replace(flow)
    asked = (
        {"inputs": ("x",)}
        if parameter == "x"
        else {way: (parameter, layer, way) for way in flow.cell.directions(layer)}
    )
    try:
        again.refined(on_step)
        found = {way: again.digits(*place) for way, place in asked.items()}
    except ValueError:  # this machine has no wider numbers
        return dict.fromkeys(asked)
    return {way: frozen(digits < term_digits.LEAST) for way, digits in found.items()}


def reach(
    flow: GradientFlow, parameter: str, layer: int, window: int, on_step: Report
) -> tuple[Reach, ...]:
    """The measures of the same terms, of every target."""
    rows, found = terms(flow, parameter, layer, on_step), []
    for row, t in zip(rows, flow.targets.tolist(), strict=True):
        found.append(reach_of(row[:t].copy(), LEAST_SHARE, window))
        on_step(len(found) / len(rows))
    return tuple(found)


def survey(model: gf.Model, samples: tuple[gf.Sample, ...], on_step: Report) -> gf.Survey:
    """What many sequences say of a model."""
    count = len(samples)
    return gf.survey(model, samples, on_progress=lambda done: on_step(done / count), batch=1)


def whole_survey(found: gf.Survey, on_step: Report) -> gf.Survey:
    """All of a survey: its size does not grow with the sequences."""
    return found


def signed(flow: GradientFlow, t: int, layer: int, on_step: Report) -> SignedSignals:
    """The signed gradient of one target."""
    return gf.signals(flow, t, layer, on_step=on_step)


def unit_reach(flow: GradientFlow, t: int, layer: int, on_step: Report) -> UnitReach:
    """The signal of one target, unit by unit."""
    found = unit_signals(flow, t, layer, on_step=on_step)
    return UnitReach(found.t, found.half_life, found.share)
