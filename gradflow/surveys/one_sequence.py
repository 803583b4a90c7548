"""What one sequence adds to a survey."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradflow.analysis.loss_backward import gradient_of
from gradflow.analysis.loss_gradient import TrainingGradient
from gradflow.analysis.signed_signals import signals
from gradflow.cells.base import Cell
from gradflow.flow import GradientFlow
from gradflow.flow.compute import flow_of
from gradflow.flow.forward import ForwardPass, forward_pass
from gradflow.losses import Readout
from gradflow.numerics.falls_and_tails import LEVELS, fall_and_tail_of
from gradflow.numerics.half_life_and_horizon import share_beyond_of
from gradflow.numerics.scaled import Array
from gradflow.surveys.counts import MEASURE_WIDTH, NONE, SIZE_WIDTH, Counts, log10_bins
from gradflow.surveys.lag_axis import bins_of_lags
from gradflow.surveys.mean_gradients import SummedGradients
from gradflow.surveys.record import Survey
from gradflow.surveys.sample import Sample
from gradflow.surveys.settings import VERDICTS, SurveySettings, is_whole
from gradflow.weights.model import Model


def failed(settings: SurveySettings, name: str, why: str) -> Survey:
    """A survey of a sequence that failed."""
    return _empty(settings, failures=((name, why),))


def none(settings: SurveySettings) -> Survey:
    """A survey of no sequence, which changes none that it is added to."""
    return _empty(settings)


def _empty(settings: SurveySettings, failures: tuple[tuple[str, str], ...] = ()) -> Survey:
    sums = SummedGradients.none(settings)
    return Survey(settings, 0, len(failures), failures, NONE, NONE, NONE, sums)


def survey_of_one(
    settings: SurveySettings, model: Cell | Model, readout: Readout | None, sample: Sample
) -> Survey:
    """A survey of one sequence.

    Raises
    ------
    ValueError
        If the sequence, or what belongs to it, does not fit the model.
    """
    given = readout, sample.loss, None, sample.mask, sample.weights
    made = forward_pass(model, sample.x, *given)
    flow = flow_of(made, sample.targets)
    assert isinstance(flow, GradientFlow)
    gradient = _gradient(made, flow)
    t = int(flow.targets[-1])
    terms = signs = measures = NONE
    for layer in range(len(flow.layers)):
        terms += _terms(flow, layer)
        signs += _signs(flow, t, layer)
        measures += _measured(settings, flow.log10_row("b", t, layer).copy(), layer)
    return Survey(
        settings, 1, 0, (), terms, signs, measures, SummedGradients.of(settings, gradient)
    )


def _gradient(made: ForwardPass, flow: GradientFlow) -> TrainingGradient:
    """The gradient of the losses of the targets alone, from what was found on the way to them."""
    T, t = flow.T, int(flow.targets[-1])
    counts = np.zeros(T)
    counts[flow.targets - 1] = 1.0
    slope = made.loss_slope
    made = replace(
        made,
        loss_slope=slope * counts.reshape(T, *[1] * (len(slope.shape) - 1)),
        seeds=made.seeds * counts[:, None],
    )
    if len(flow.targets) > 1:
        return gradient_of(made)
    ahead = [(0, T - t), (0, 0)]
    signals = (part.plain()[::-1] for part in flow.carried_signals(t))
    return gradient_of(made, tuple(np.pad(part, ahead) for part in signals))


def _terms(flow: GradientFlow, layer: int) -> Counts:
    """The sizes of the terms of every target, relative to the first of each that is not zero."""
    rows = flow.log10("b", layer)
    lags = bins_of_lags(flow.T)
    found = np.isfinite(rows)
    first = np.take_along_axis(rows, found.argmax(axis=1)[:, None], axis=1)
    relative = rows - np.where(np.isfinite(first), first, 0.0)
    there = ~np.isnan(rows)
    bins = log10_bins(relative[there], SIZE_WIDTH)
    return Counts.of(layer, np.broadcast_to(lags, rows.shape)[there], bins)


def _signs(flow: GradientFlow, t: int, layer: int) -> Counts:
    """The signs of dL_t/dz of every gate and unit; 0, 1 and 2 stand for -, 0 and +."""
    sign = signals(flow, t, layer).z.sign.reshape(t, -1)
    lags = np.broadcast_to(bins_of_lags(t)[:, None], sign.shape)
    return Counts.of(layer, lags.ravel(), sign.ravel().astype(np.int64) + 1)


def _measured(settings: SurveySettings, row: Array, layer: int) -> Counts:
    """Every measure of one row of terms, (t,), in the order of the settings."""
    values = list(_values(settings, row))
    bins = [
        int(value) if is_whole(name) else int(log10_bins(np.array(value), MEASURE_WIDTH))
        for name, value in zip(settings.measures, values, strict=True)
    ]
    return Counts.of(layer, np.arange(len(bins)), np.array(bins))


def _values(settings: SurveySettings, row: Array) -> Iterator[float]:
    """The measures: steps as they are, and log10 of all others."""
    found = fall_and_tail_of(row)
    steps = 0 if found.bend is None else found.bend - 1
    yield from (VERDICTS.index(found.verdict), found.t, row[0], found.log10_fall, steps)
    with np.errstate(divide="ignore"):
        yield float(np.log10(found.tail_decay))
        yield float(np.log10(found.tail_half_life))
        yield found.log10_left
        yield from (found.horizons[level] for level in LEVELS)
        yield from (float(np.log10(share_beyond_of(row, length))) for length in settings.lengths)
