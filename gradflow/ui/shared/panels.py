"""From an experiment to what the figures draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.clipping import clip_factors
from gradflow.figures.builders.colour_scale import View, colour_range
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel, relative_to_first
from gradflow.ui.shared.experiment import Experiment, parameter_name
from gradflow.ui.shared.settings import Settings


def target_step(settings: Settings, experiment: Experiment) -> int:
    """The target step chosen, or the last one where the sequence is shorter."""
    return experiment.T if settings.last else min(settings.t, experiment.T)


def lag(settings: Settings, t: int) -> int:
    """The lag chosen, or that of step 1 where the target has fewer."""
    return min(settings.lag, t)


def panels(settings: Settings, experiment: Experiment, shares: bool = True) -> tuple[Panel, Panel]:
    """The two heatmaps' contents, RNN first; without each term's share where nobody asks for it."""
    return (
        _panel("RNN", experiment.rnn, settings, experiment, shares),
        _panel("LSTM", experiment.lstm, settings, experiment, shares),
    )


def view(settings: Settings, shown: Sequence[Panel]) -> View:
    """How heatmaps are shown, on one colour scale."""
    low, high = colour_range(shown, settings.relative, settings.floor)
    axis: Literal["lag", "source"] = "source" if settings.axis == "source" else "lag"
    return View(settings.relative, settings.floor, settings.signs, axis, low, high)


def profile(settings: Settings, experiment: Experiment, both: tuple[Panel, Panel]) -> Profile:
    """The rows of the chosen target: both networks, the forget product, and |w_s|^(k-1)."""
    t = target_step(settings, experiment)
    lags = np.arange(1, t + 1)
    product = experiment.lstm.log10_forget_row(t)
    lines = []
    zero_lags = {}
    for panel, flow in zip(both, (experiment.rnn, experiment.lstm), strict=True):
        name = panel.title
        row = (
            panel.log10[t - 1 : t, :t]
            if panel.additive
            else flow.log10_row(parameter_name(flow, settings), t)[None]
        )
        zero_lags[name] = memory.rounds_to_zero(row[0])
        lines.append(Line(name, (relative_to_first(row) if settings.relative else row)[0], name))
    lines.append(Line("LSTM, forget gates alone", product, "product", "dot"))
    with np.errstate(divide="ignore"):
        size = np.log10(np.abs(settings.w_s))
    powers = np.where(lags == 1, 0.0, (lags - 1) * size) if np.isfinite(size) else None
    return Profile(
        t, lags, tuple(lines), powers, zero_lags, f"dL_t/d{settings.parameter}", settings.relative
    )


def _panel(
    title: str, flow: gf.GradientFlow, settings: Settings, of: Experiment, shares: bool
) -> Panel:
    clip = clip_factors(flow, settings.threshold) if settings.clipping else None
    words, inputs = of.inputs.words, flow.x[:, 0]
    if title == "LSTM" and settings.gate == "product":
        product = flow.log10_forget_product()
        return Panel(
            title, "product of f", product, None, None, inputs, words, clip, additive=False
        )
    name = parameter_name(flow, settings)
    signed = name in flow.parameters
    return Panel(
        title,
        f"dL_t/d{name}",
        flow.log10(name),
        flow.sign(name) if signed else None,
        flow.share(name) if shares else None,
        inputs,
        words,
        clip,
    )
