"""Three unrolled steps of the LSTM: the graph that is drawn, and its 24 paths by size."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

import gradflow as gf
from gradflow.analysis.path_shares import signed_shares
from gradflow.analysis.single_paths import Path, paths
from gradflow.analysis.unrolled_cell import Node, unrolled_graph
from gradflow.figures.builders.drawn_graph import graph_figure
from gradflow.figures.builders.graph_words import node_words
from gradflow.numerics.scaled import Array
from gradflow.ui.shared.doubtful_terms import few_digits
from gradflow.ui.shared.experiment import LSTMAlone

STEPS = 3
PARAMETER = "w_xf"


@dataclass(frozen=True, eq=False)
class Unrolled:
    """Three steps of a flow, numbered 1 to 3, and the paths from the last loss to w_xf at step 1.

    Attributes
    ----------
    flow : GradientFlow
        The LSTM's.
    t : int
        Step of the sequence that is step 3 here.
    paths : tuple of Path
        By size, the largest first.
    share : array of shape (24,)
        Each path's share of the sizes of all, negative against their sum; nan where all are zero.
    """

    flow: gf.GradientFlow
    t: int
    paths: tuple[Path, ...]
    share: Array

    @property
    def before(self) -> int:
        """The step of the sequence before step 1 here."""
        return self.t - STEPS

    @functools.cached_property
    def is_unsure(self) -> bool:
        """Whether the term has too few digits."""
        few = few_digits(self.flow, PARAMETER)
        return few is not None and bool(few[self.t - 1, STEPS - 1])

    @property
    def log10(self) -> float:
        """log10 of the size of the term that the paths add up to."""
        return float(self.flow.log10(PARAMETER)[self.t - 1, STEPS - 1])

    @property
    def sign(self) -> int:
        """Its sign."""
        return int(self.flow.sign(PARAMETER)[self.t - 1, STEPS - 1])

    def place(self, node: Node) -> tuple[str, int]:
        """A node's kind in the figure, and its step in the three steps' own numbers."""
        kind = "w" if node.kind == PARAMETER else node.kind
        return kind, node.step - self.before

    def nodes(self, path: Path) -> tuple[tuple[str, int], ...]:
        """The places of a path's nodes, from the loss to the weight."""
        return tuple(self.place(node) for node in path.nodes)


def unrolled(experiment: LSTMAlone, t: int) -> Unrolled | None:
    """The three steps up to the target, or the first three; None if the sequence is shorter."""
    flow = experiment.lstm
    if flow.T < STEPS:
        return None
    t = max(t, STEPS)
    found = paths(flow, PARAMETER, t, STEPS)
    log10, sign = (np.array([getattr(path, name) for path in found]) for name in ("log10", "sign"))
    whole = np.asarray(flow.sign(PARAMETER)[t - 1, STEPS - 1])
    return Unrolled(flow, t, found, signed_shares(log10, sign, whole))


def lit_graph(steps: Unrolled, rank: int) -> go.Figure:
    """The graph, in which the path of a rank is lit; rank 1 is the largest."""
    graph = unrolled_graph(steps.flow, PARAMETER, steps.t, STEPS)
    columns = [f"step {n}<br>({n + steps.before} of {steps.flow.T})" for n in range(1, STEPS + 1)]
    said = node_words(steps.flow, graph, steps.before)
    return graph_figure(graph, steps.paths[rank - 1], said, columns, steps.before)
