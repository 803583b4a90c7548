"""Spans of source steps with an exponent for every number.

These are the products of `sweep_by_block`, for saturated units and for classes of paths that drift
apart: numbers of one row may lie any number of powers of two from each other. Most numbers of a map
are 0, so each number of a result is the sum of a few products, and these are taken one by one.

Axes stand in this order: what is summed `K`, numbers of a result `V`, numbers of a row `U`, rows of
a span `R`, spans `Q`. The longest come last, which NumPy passes over fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradflow.cells.base import StepBack, each
from gradflow.engine.factored_terms import (
    FactoredTerms,
    Signal,
    SpanTargets,
    by_span,
)
from gradflow.engine.span_rows import shared_powers
from gradflow.engine.step_maps import Steps
from gradflow.numerics.scaled import Array, Scaled


@dataclass(frozen=True)
class ScaledSpans:
    """What the spans leave of one part, from which its signals are made when they are asked for.

    Attributes
    ----------
    targets : SpanTargets
        The targets.
    rows : Scaled array of shape (U, N)
        Rows of the targets beyond each span as they enter it, span after span.
    beyond : int array of shape (Q,)
        How many they are for each span.
    found : Scaled array of shape (B, signals, R, Q)
        The signals at each step of the spans: of their units, and of their own targets.
    """

    targets: SpanTargets
    rows: Scaled
    beyond: Array
    found: Scaled
    _signals: dict[int, Signal] = field(default_factory=dict)

    def times(self, kept: int, factor: Scaled) -> FactoredTerms:
        """As `Kept` has it."""
        if kept not in self._signals:
            self._signals[kept] = self._signal(self.found[:, kept])
        return FactoredTerms(self._signals[kept], factor)

    def _signal(self, found: Scaled) -> Signal:
        """One signal, (B, R, Q), as rows times columns."""
        U = len(self.rows.mantissa)
        met = np.flatnonzero(np.any(found.mantissa[:, :U], axis=(0, 2)))
        met = met if len(met) else np.zeros(1, np.intp)
        columns = found[:, :U][:, met].transpose(1, 2, 0)  # (S, Q, B)
        near = found[:, U:].transpose(2, 1, 0)
        mantissa, exponent = (self.targets.near(part) for part in (near.mantissa, near.exponent))
        return Signal(
            *shared_powers(self.rows[met], columns, self.beyond),
            mantissa,
            np.where(mantissa == 0.0, 0, exponent),
            self.targets,
        )


def spans_with_exponents(
    cell: StepBack, steps: Steps, seeds: Scaled, signals: int, G: int, targets: SpanTargets
) -> tuple[ScaledSpans, ...]:
    """Carry targets back to step 1, for each of G parts; arguments as of `spans`."""
    maps = _maps(cell, steps, signals, G, targets.B)
    found, left = _inside(maps, seeds, signals * G, targets)
    rows = _beyond(left, targets)
    beyond = np.array([row.shape[1] for row in rows])
    return tuple(ScaledSpans(targets, _joined(rows), beyond, found[:, g::G]) for g in range(G))


def _maps(cell: StepBack, steps: Steps, signals: int, G: int, B: int) -> Scaled:
    """Each step back as a matrix that rows of states are multiplied by, (B, U, V, Q).

    Its first signals * G columns are what it makes of a unit of each state, the others what it
    carries on.
    """
    moves = each(lambda move: move.reshape(-1, 1, 1), steps.all_scaled())
    S, T = len(cell.states), len(steps.sure)
    units = np.eye(S * G).reshape(S * G, S, G)
    carried = tuple(Scaled.of(np.broadcast_to(units[:, s], (T, S * G, G))) for s in range(S))
    found, before = cell.back(moves, carried)
    parts = [part.reshape(T, S * G, G) for part in (*found[:signals], *before)]
    mantissa = np.concatenate([part.mantissa for part in parts], axis=2)
    exponent = np.concatenate([part.exponent for part in parts], axis=2)
    Q = -(-T // B)
    return Scaled(*(_spans_last(by_span(part, Q, B)) for part in (mantissa, exponent)))


def _spans_last(array: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def _summed(factors: Array) -> Array:
    """Which numbers of a row each number of a result is summed over, (K, V).

    Parameters
    ----------
    factors : array of shape (U, V)
        Not 0 where one leads to the other. Where there are fewer than K, others fill the place.
    """
    K = max(1, int(np.count_nonzero(factors, axis=0).max()))
    return np.argsort(factors == 0.0, axis=0, kind="stable")[:K]


def _product(rows: Scaled, maps: Scaled, summed: Array) -> Scaled:
    """Rows (U, R, ..) times maps (U, V, ..), as (V, R, ..)."""
    mantissa, exponent = rows.mantissa[summed], rows.exponent[summed]
    places = summed, np.arange(summed.shape[1])
    mantissa *= maps.mantissa[places][:, :, None]
    exponent += maps.exponent[places][:, :, None]
    return Scaled(mantissa, exponent).sum(axis=0)


def _inside(
    maps: Scaled, seeds: Scaled, signals: int, targets: SpanTargets
) -> tuple[Scaled, Scaled]:
    """Carry a unit of each state, and its own targets, through every span.

    Returns
    -------
    found : Scaled array of shape (B, V, R, Q)
        At each step the signals of each row: first the units, then the entries of targets.
    left : Scaled array of shape (U, R, Q)
        What is left of the rows after the span.
    """
    B, U, _, Q = maps.shape
    seed, seed_exponent = (
        targets.by_entry(part[:, 0]) for part in (seeds.mantissa, seeds.exponent)
    )
    P = len(targets.entries)
    units = np.concatenate([np.eye(U), np.zeros((U, P))], axis=1)
    rows = Scaled.room(np.repeat(units[:, :, None], Q, axis=2))
    found = Scaled.room(np.zeros((B, signals, U + P, Q)))
    summed = _summed(np.any(maps.mantissa, axis=(0, 3)))
    places: list[int] = np.searchsorted(targets.entries, np.arange(B), side="right").tolist()
    for p, entry in enumerate(places):
        if entry and targets.entries[entry - 1] == p:
            new = U + entry - 1
            rows.mantissa[0, new] = seed[:, entry - 1]
            rows.exponent[0, new] = seed_exponent[:, entry - 1]
        entered = slice(0, U + entry)
        made = _product(rows[:, entered], maps[p], summed)
        for whole, part in ((found[p], made[:signals]), (rows, made[signals:])):
            whole.mantissa[:, entered], whole.exponent[:, entered] = part.mantissa, part.exponent
    return found, rows


def _beyond(left: Scaled, targets: SpanTargets) -> list[Scaled]:
    """Rows of the targets beyond each span as they enter it, (U, n) for each span."""
    U, _, Q = left.shape
    maps = Scaled(*(part[:, :U].swapaxes(0, 1) for part in (left.mantissa, left.exponent)))
    summed = _summed(np.any(maps.mantissa, axis=2))
    rows = [Scaled.of(np.zeros((U, 0)))]
    for q in range(Q - 1):
        own = left[:, U + targets.own(q), q]
        rows.append(_joined([own, _product(rows[-1], maps[:, :, q], summed)]))
    return rows


def _joined(parts: Sequence[Scaled]) -> Scaled:
    """Arrays one beside the other, along their last axis."""
    return Scaled(
        np.concatenate([part.mantissa for part in parts], axis=-1),
        np.concatenate([part.exponent for part in parts], axis=-1),
    )
