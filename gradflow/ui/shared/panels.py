"""The contents of the figures of the two networks: both heatmaps, and one row of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import gradflow as gf
from gradflow.analysis.clipping import clip_factors
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.lag_profile import Line, Profile
from gradflow.figures.builders.panel import Panel
from gradflow.ui.shared import views
from gradflow.ui.shared.doubtful_terms import few_digits
from gradflow.ui.shared.experiment import Experiment, LSTMAlone, parameter_name
from gradflow.ui.shared.settings import Settings

# What the LSTM's heatmap shows instead of terms, on request.
PRODUCT = "product of f"


def both_panels(
    settings: Settings, experiment: Experiment, shares: bool = True
) -> tuple[Panel, Panel]:
    """The contents of the two heatmaps, RNN first; with each term's share, if it is asked for."""
    return (
        _panel("RNN", experiment.rnn, settings, experiment, shares),
        _panel("LSTM", experiment.lstm, settings, experiment, shares),
    )


def lstm_panel(settings: Settings, experiment: LSTMAlone) -> Panel:
    """The contents of the LSTM's heatmap alone."""
    return _panel("LSTM", experiment.lstm, settings, experiment, shares=True)


def lstm_row(settings: Settings, experiment: LSTMAlone) -> Profile:
    """The LSTM's row of the chosen target alone, and the forget product."""
    t, flow = settings.target_step(experiment.T), experiment.lstm
    rows = [_line("LSTM", flow, parameter_name(flow, settings), t)]
    return views.profile(settings, f"dL_t/d{settings.parameter}", rows, (_product(experiment, t),))


def quantities(settings: Settings, experiment: Experiment) -> tuple[str, str]:
    """What the two heatmaps show, RNN first."""
    rnn, lstm = (
        f"dL_t/d{parameter_name(flow, settings)}" for flow in (experiment.rnn, experiment.lstm)
    )
    return rnn, PRODUCT if settings.gate == "product" else lstm


def view(settings: Settings, shown: Sequence[Panel]) -> View:
    """How heatmaps are shown, on one colour scale."""
    return views.view(settings, shown, settings.signs)


def both_rows(settings: Settings, experiment: Experiment, both: tuple[Panel, Panel]) -> Profile:
    """The rows of the chosen target: both networks, the forget product, and |w_s|^(k-1)."""
    t = settings.target_step(experiment.T)
    rows = []
    for panel, flow in zip(both, (experiment.rnn, experiment.lstm), strict=True):
        if not panel.additive:
            rows.append(_line(panel.title, flow, parameter_name(flow, settings), t))
            continue
        few = None if panel.doubtful is None else panel.doubtful[t - 1, :t]
        rows.append(Line(panel.title, panel.log10[t - 1, :t], panel.title, doubtful=few))
    with np.errstate(divide="ignore"):
        size = np.log10(np.abs(settings.w_s))
    lags = np.arange(1, t + 1)
    powers = np.where(lags == 1, 0.0, (lags - 1) * size) if np.isfinite(size) else None
    return views.profile(
        settings, f"dL_t/d{settings.parameter}", rows, (_product(experiment, t),), powers
    )


def _line(title: str, flow: gf.GradientFlow, name: str, t: int) -> Line:
    few = few_digits(flow, name)
    return Line(
        title, flow.log10_row(name, t), title, doubtful=None if few is None else few[t - 1, :t]
    )


def _product(experiment: LSTMAlone, t: int) -> Line:
    row = experiment.lstm.log10_forget_row(t)
    return Line("LSTM, forget gates alone", row, "product", "dot")


def _panel(
    title: str,
    flow: gf.GradientFlow,
    settings: Settings,
    experiment: LSTMAlone,
    shares: bool,
) -> Panel:
    clip = clip_factors(flow, settings.threshold) if settings.clipping else None
    words, inputs = experiment.inputs.words, flow.x[:, 0]
    if title == "LSTM" and settings.gate == "product":
        product = flow.log10_forget_product()
        return Panel(title, PRODUCT, product, None, None, inputs, words, clip, additive=False)
    name = parameter_name(flow, settings)
    log10, sign = flow.signed_log10(name) if name in flow.parameters else (flow.log10(name), None)
    return Panel(
        title,
        f"dL_t/d{name}",
        log10,
        sign,
        flow.share(name) if shares else None,
        inputs,
        words,
        clip,
        doubtful=few_digits(flow, name),
    )
