"""The charts of the seeds and starts that ship, each made once for all visitors."""

from __future__ import annotations

import functools

import plotly.graph_objects as go

from gradflow.figures import plot_seed_bands
from gradflow.training import shipped
from gradflow.ui.learning.settings import START_LABELS
from gradflow.ui.shared.plain_charts import in_page_letters


@functools.lru_cache(maxsize=2 * len(shipped.SETTINGS))
def of_seeds(task: str, measure: str) -> go.Figure:
    """A measure of both networks of a task; not to be changed."""
    return in_page_letters(plot_seed_bands(shipped.curves_of(task), measure, dark=None))


@functools.lru_cache(maxsize=len(shipped.CELLS) * len(shipped.WITH_STARTS))
def of_starts(task: str, network: str) -> go.Figure:
    """The accuracy of one network from each start; not to be changed."""
    curves = shipped.starts_of(task, network)
    named = {START_LABELS[start]: found for start, found in curves.items()}
    return in_page_letters(plot_seed_bands(named, "accuracy", dark=None))
