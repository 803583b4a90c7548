"""The charts of several seeds and starts; of those that ship each is made once for all visitors."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import plotly.graph_objects as go

from gradflow.figures import plot_seed_bands
from gradflow.training import SeedCurves, shipped
from gradflow.ui.learning.settings import START_LABELS
from gradflow.ui.shared.plain_charts import in_page_letters


@functools.lru_cache(maxsize=2 * len(shipped.SETTINGS))
def of_shipped_seeds(task: str, measure: str) -> go.Figure:
    """A measure of both networks of a task; not to be changed."""
    return of_seeds(shipped.curves_of(task), measure)


@functools.lru_cache(maxsize=len(shipped.CELLS) * len(shipped.WITH_STARTS))
def of_shipped_starts(task: str, network: str) -> go.Figure:
    """The accuracy of one network from each start; not to be changed."""
    curves = shipped.starts_of(task, network)
    return of_seeds({START_LABELS[start]: found for start, found in curves.items()}, "accuracy")


def of_seeds(curves: Mapping[str, SeedCurves], measure: str) -> go.Figure:
    """A measure of networks by their names."""
    return in_page_letters(plot_seed_bands(curves, measure, dark=None))
