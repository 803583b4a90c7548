"""The factors and the paths of one term, which the page Compare explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

import gradflow as gf
from gradflow.analysis.path_shares import DominantPart, dominant_part
from gradflow.analysis.term_by_detours import by_detours_at
from gradflow.analysis.term_factors import Factor, factors
from gradflow.engine.path_classes import ByDetours
from gradflow.ui.shared.doubtful_terms import few_digits
from gradflow.ui.shared.experiment import Experiment, explained_parameter, parameter_name
from gradflow.ui.shared.settings import Settings

# The cell path, one detour, two, and the rest.
_CLASSES = 4


@dataclass(frozen=True)
class Value:
    """A number at any magnitude: its sign, and log10 of its size."""

    sign: int
    log10: float


@dataclass(frozen=True)
class Product:
    """Several factors and their product.

    Attributes
    ----------
    factors : tuple of Factor
        From the loss to what the weight multiplied.
    value : Value
        The product, as the sweep has it.
    counts : mapping of str to int
        By a factor's name, how many numbers are multiplied in it; a factor without a name here is
        one number.
    steepest : float
        The largest slope of the activation.
    """

    factors: tuple[Factor, ...]
    value: Value
    counts: Mapping[str, int] = field(default_factory=dict)
    steepest: float = 1.0

    @property
    def smallest(self) -> Factor:
        return min(self.factors, key=lambda factor: factor.log10)

    @property
    def largest(self) -> Factor:
        return max(self.factors, key=lambda factor: factor.log10)

    @property
    def decisive(self) -> Factor:
        """The factor that did most to make the product small, or large where it is above 1."""
        return self.largest if self.value.log10 > 0.0 else self.smallest


@dataclass(frozen=True)
class Paths:
    """The LSTM's term, split by how often its paths run through h.

    Attributes
    ----------
    labels : tuple of str
        The classes that there are over this distance, the cell path first.
    values : tuple of Value
        One a class.
    rest : Value
        All classes but the cell path, added up.
    whole : Value
        The term.
    """

    labels: tuple[str, ...]
    values: tuple[Value, ...]
    rest: Value
    whole: Value

    @property
    def dominant_part(self) -> DominantPart:
        """What carries the term."""
        return dominant_part(self.values[0].log10, self.rest.log10, self.whole.log10)

    @property
    def shares(self) -> tuple[float, ...]:
        """Each class, and last the term, over the summed sizes of the classes; nan if all are 0.

        A class that pulls against the term has a negative share.
        """
        log10 = np.array([value.log10 for value in (*self.values, self.whole)])
        signs = np.array([value.sign for value in (*self.values, self.whole)])
        top = log10.max()
        sizes = 10.0 ** (log10 - top) if np.isfinite(top) else np.full(len(log10), np.nan)
        along = -1 if self.whole.sign < 0 else 1
        return tuple((along * signs * sizes / sizes[:-1].sum()).tolist())


@dataclass(frozen=True)
class Term:
    """One cell of both heatmaps.

    Attributes
    ----------
    t, k : int
        Target step and lag.
    names : tuple of two str
        The RNN's and the LSTM's parameter.
    rnn : Product
        The RNN's term.
    cell_path : Product
        The LSTM's term along the cell alone.
    paths : Paths
        The LSTM's whole term.
    unsure : tuple of two bool
        Whether the RNN's and the LSTM's term have too few digits.
    """

    t: int
    k: int
    names: tuple[str, str]
    rnn: Product
    cell_path: Product
    paths: Paths
    unsure: tuple[bool, bool]


def term(settings: Settings, experiment: Experiment, t: int, k: int) -> Term:
    """The term at target t and lag k, of one gate as `explained_parameter` chooses it."""
    rnn, lstm = experiment.rnn, experiment.lstm
    rnn_name, lstm_name = parameter_name(rnn, settings), explained_parameter(lstm, settings)
    paths = _paths(lstm, lstm_name, t, k)
    steepest = 0.25 if settings.activation == "sigmoid" else 1.0
    slopes = {"activation slopes": k, "recurrent weight": k - 1}
    return Term(
        t,
        k,
        (rnn_name, lstm_name),
        Product(factors(rnn, rnn_name, t, k), _value(rnn, rnn_name, t, k), slopes, steepest),
        Product(factors(lstm, lstm_name, t, k), paths.values[0], {"forget gates": k - 1}),
        paths,
        (_is_unsure(rnn, rnn_name, t, k), _is_unsure(lstm, lstm_name, t, k)),
    )


def _is_unsure(flow: gf.GradientFlow, name: str, t: int, k: int) -> bool:
    few = few_digits(flow, name)
    return few is not None and bool(few[t - 1, k - 1])


def _paths(flow: gf.GradientFlow, parameter: str, t: int, k: int) -> Paths:
    there = min(_CLASSES, k)  # over k - 1 steps no path has more detours
    values = _by_detours(flow, parameter, t, k, _CLASSES)
    _, rest = _by_detours(flow, parameter, t, k, 2)
    labels = ByDetours(_CLASSES - 1).labels
    return Paths(labels[:there], values[:there], rest, _value(flow, parameter, t, k))


def _by_detours(
    flow: gf.GradientFlow, parameter: str, t: int, k: int, classes: int
) -> tuple[Value, ...]:
    found = zip(*by_detours_at(flow, parameter, t, k, classes=classes), strict=True)
    return tuple(Value(int(sign), float(log10)) for sign, log10 in found)


def _value(flow: gf.GradientFlow, parameter: str, t: int, k: int) -> Value:
    term = flow.row(parameter, t)[k - 1]
    return Value(int(np.sign(term.mantissa)), float(term.log10()))
