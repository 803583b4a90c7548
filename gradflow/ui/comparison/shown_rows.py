"""The measures of the rows that the heatmaps and the profile show at the chosen target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradflow as gf
from gradflow.analysis import memory
from gradflow.analysis.target_reach import reach_of
from gradflow.figures.builders.panel import Panel
from gradflow.ui.shared.experiment import Experiment, LSTMAlone, parameter_name
from gradflow.ui.shared.row_words import Finding, finding
from gradflow.ui.shared.settings import Settings

# The share of a row's own term below which a lag counts as forgotten.
_LEAST_SHARE = 0.01


def measured(settings: Settings, experiment: Experiment) -> dict[str, memory.Reach]:
    """The measures of what is shown, by the network's name."""
    return {
        "RNN": _measured(settings, experiment.rnn),
        "LSTM": _measured(settings, experiment.lstm),
    }


def measured_lstm(settings: Settings, experiment: LSTMAlone) -> memory.Reach:
    """The measures of the LSTM's row alone."""
    return _measured(settings, experiment.lstm)


def findings(seen: Mapping[str, memory.Reach], shown: Sequence[Panel]) -> list[Finding]:
    """What is said of each network's row, which its panel tells to have enough digits or not."""
    return [
        finding(name, row, panel.is_doubtful_at(row.t))
        for (name, row), panel in zip(seen.items(), shown, strict=True)
    ]


def _measured(settings: Settings, flow: gf.GradientFlow) -> memory.Reach:
    t = settings.target_step(flow.T)
    if settings.gate == "product" and not isinstance(flow.cell, gf.RNN):
        return reach_of(flow.log10_forget_row(t).copy(), _LEAST_SHARE, settings.window)
    name = parameter_name(flow, settings)
    return memory.measure(flow, t, parameter=name, eps=_LEAST_SHARE, window=settings.window)
