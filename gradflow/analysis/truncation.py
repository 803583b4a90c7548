"""What truncated backpropagation through time makes of the gradient of a whole loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from gradflow.analysis.likeness import Likeness, likenesses, squares
from gradflow.cells.base import Cell, Tree, each
from gradflow.engine.gradient_sums import GradientSums
from gradflow.engine.sweep_by_lag import back_each, carry_by_lag
from gradflow.engine.sweep_of_sum import carried_sums
from gradflow.numerics.scaled import Array, plain_numbers
from gradflow.numerics.validation import frozen, whole_number

# Lengths of chunks: every one up to here, and beyond it by a factor.
_EVERY, _GROWTH = 128, 1.125

Report = Callable[[float], None]

_Found = TypeVar("_Found")

# How many numbers of the signals of chunks are held at a time.
_HELD = 2**22


@dataclass(frozen=True, eq=False)
class Parts:
    """What the gradient of a whole loss was made from; n steps count.

    Attributes
    ----------
    cell : Cell
        The cell.
    slopes : tree of Scaled arrays of shape (n, H)
        Its local derivatives.
    sums : GradientSums
        What signals make of the gradients.
    seeds : array of shape (n, H)
        w_t dL_t/dh_t.
    rows : tuple of arrays of shape (n, H)
        What all targets carry to each step, as `carried_sums` has it.
    signals : tuple of arrays of shape (n, H)
        The same, complete.
    whole : mapping
        The gradient of every array of the cell's weights.
    """

    cell: Cell
    slopes: Tree
    sums: GradientSums
    seeds: Array
    rows: tuple[Array, ...]
    signals: tuple[Array, ...]
    whole: Mapping[str, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Truncated:
    """A truncated gradient of the cell's weights. The readout's is never cut.

    Attributes
    ----------
    kind : {"window", "every"}
        Whether each target has a window, or the sequence is cut in chunks.
    length : int
        Steps of the window, or of a chunk.
    gradients : mapping
        The gradient of every array of weights, in its shape.
    relative_error : float
        |truncated - whole| / |whole|, over all of the cell's weights together; nan where the whole
        is zero.
    cosine : float
        Of the angle between the two, -1 to 1; nan where either is zero.
    by_parameter : mapping
        Relative error and cosine of every array of weights, by its name.
    """

    kind: str
    length: int
    gradients: Mapping[str, Array]
    relative_error: float
    cosine: float
    by_parameter: Mapping[str, tuple[float, float]]

    def __repr__(self) -> str:
        return (
            f"Truncated({self.kind}={self.length}, relative_error={self.relative_error:.3g}, "
            f"cosine={self.cosine:.3g})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class TruncationCurve:
    """How like truncated gradients of the cell's weights are to the whole, for n lengths.

    Attributes
    ----------
    kind : {"window", "every"}
        As of `Truncated`.
    lengths : int array of shape (n,)
        Steps of the window, or of a chunk, ascending.
    together : Likeness
        Over all of the cell's weights.
    by_parameter : mapping
        The likeness of every array of weights, by its name.
    """

    kind: str
    lengths: Array
    together: Likeness
    by_parameter: Mapping[str, Likeness]

    def __repr__(self) -> str:
        lengths = self.lengths
        return (
            f"TruncationCurve({self.kind}, {len(lengths)} lengths, {lengths[0]} to {lengths[-1]})"
        )

    def shortest(self, error: float) -> int | None:
        """The first of the lengths whose relative error is below `error`; None if there is none."""
        below = np.flatnonzero(self.together.relative_error < error)
        return int(self.lengths[below[0]]) if len(below) else None


def truncated(parts: Parts, window: int) -> Truncated:
    """The gradient of the terms of lags 1 .. window."""
    kept = whole_number("window", window, 1)
    (lost,) = lost_to_windows(parts, [kept])
    return _single("window", kept, parts, lost)


def chunked(parts: Parts, every: int, offset: int) -> Truncated:
    """The gradient where the graph is cut every so many steps."""
    length = whole_number("every", every, 1)
    whole_number("offset", offset, 0, length - 1)
    (lost,) = lost_to_chunks(parts, [length], offset)
    return _single("every", length, parts, lost)


def truncation_curve(parts: Parts, on_step: Report | None = None) -> TruncationCurve:
    """The likeness of every window's gradient to the whole."""
    windows = range(1, len(parts.seeds) + 1)
    tails = told(lost_to_windows(parts, windows), len(windows), on_step)
    return _curve("window", np.array(windows), parts, [_compared(parts, tail) for tail in tails])


def chunk_curve(
    parts: Parts,
    lengths: Sequence[int] | None,
    offset: int,
    on_step: Report | None = None,
) -> TruncationCurve:
    """The likeness of the gradients of chunks to the whole."""
    steps = len(parts.seeds)
    every = _default_lengths(steps) if lengths is None else ascending("lengths", lengths, 1)
    whole_number("offset", offset, 0, every[0] - 1)
    lost = told(lost_to_chunks(parts, every, offset), len(every), on_step)
    return _curve("every", np.array(every), parts, [_compared(parts, part) for part in lost])


def lost_to_windows(parts: Parts, windows: Sequence[int]) -> Iterator[dict[str, Array]]:
    """What the gradient lacks of the terms beyond windows, whose lengths ascend.

    What all targets carry to a step, carried on by k steps, are the terms beyond lag k. So a tail
    is never the difference of near equals.
    """
    tails = enumerate(_carried_on(parts))
    for window in windows:
        signals = next((found for lag, found in tails if lag == window), None)
        # Beyond the last lag nothing is lost.
        yield parts.sums.gradients(_steps_before(parts, 0) if signals is None else signals)


def lost_to_chunks(
    parts: Parts, lengths: Sequence[int], offset: int = 0
) -> Iterator[dict[str, Array]]:
    """What the gradient lacks where the graph is cut every so many steps."""
    target = _only_target(parts)
    if target is None:
        for found in _chunk_gradients(parts, lengths, offset):
            yield {name: whole - found[name] for name, whole in parts.whole.items()}
        return
    for length in lengths:
        first = target - 1 - (target - 1 - offset) % length  # steps before the target's chunk
        yield parts.sums.gradients(_steps_before(parts, max(first, 0)))


def told(found: Iterable[_Found], count: int, on_step: Report | None) -> Iterator[_Found]:
    """What is found one by one; after each the share of `count` that is done is told."""
    for done, one in enumerate(found, start=1):
        yield one
        if on_step is not None:
            on_step(done / count)


def ascending(name: str, values: Any, least: int, most: int | None = None) -> list[int]:
    """Whole numbers, each above the one before.

    Raises
    ------
    ValueError
        If they are not such, from `least` on and to `most`, or there are none.
    """
    given = list(values) if np.ndim(values) == 1 else []
    numbers = [whole_number(f"{name}[{place}]", v, least, most) for place, v in enumerate(given)]
    if not numbers or any(a >= b for a, b in pairwise(numbers)):
        raise ValueError(f"{name} must be whole numbers in ascending order. Got {values!r}.")
    return numbers


def _carried_on(parts: Parts) -> Iterator[tuple[Array, ...]]:
    """The signals of the terms beyond 0, 1, 2, .. lags.

    With one target alone a step tells the lag, and the signals are there already.
    """
    target = _only_target(parts)
    if target is None:
        yield from carry_by_lag(parts.cell, parts.slopes, parts.rows)
    else:
        yield from (_steps_before(parts, step) for step in range(target, 0, -1))


def _only_target(parts: Parts) -> int | None:
    """The step of the only loss that counts; None where there are several, or none."""
    steps = np.flatnonzero(parts.seeds.any(axis=1)) + 1
    return int(steps[0]) if len(steps) == 1 else None


def _steps_before(parts: Parts, count: int) -> tuple[Array, ...]:
    """The complete signals of the first steps."""
    return tuple(signal[:count] for signal in parts.signals)


def _chunk_gradients(
    parts: Parts, lengths: Sequence[int], offset: int
) -> Iterator[dict[str, Array]]:
    steps = np.arange(len(parts.seeds))  # the steps before 1 .. n
    cuts = (steps[:, None] - offset) % np.array(lengths) == 0  # (n, lengths)
    plain = each(plain_numbers, parts.slopes)
    some = max(1, _HELD // (len(steps) * sum(parts.cell.widths)))
    for first in range(0, len(lengths), some):
        ways = cuts[:, first : first + some]
        carried = carried_sums(parts.cell, parts.slopes, parts.seeds, ways)
        for way in range(ways.shape[1]):
            rows = tuple(state[:, way] for state in carried)
            yield parts.sums.gradients(back_each(parts.cell, plain, rows)[0])


def _default_lengths(steps: int) -> list[int]:
    lengths = list(range(1, min(steps, _EVERY) + 1))
    while lengths[-1] < steps:
        lengths.append(min(steps, int(np.ceil(lengths[-1] * _GROWTH))))
    return lengths


def _compared(parts: Parts, lost: Mapping[str, Array]) -> dict[str, tuple[float, float, float]]:
    """What the likeness of a gradient is made of, from what it lacks."""
    return {
        name: squares(whole - lost[name], whole, lost[name]) for name, whole in parts.whole.items()
    }


def _single(kind: str, length: int, parts: Parts, lost: Mapping[str, Array]) -> Truncated:
    together, each = likenesses([_compared(parts, lost)], parts.whole)
    return Truncated(
        kind,
        length,
        MappingProxyType({n: frozen(whole - lost[n]) for n, whole in parts.whole.items()}),
        float(together.relative_error[0]),
        float(together.cosine[0]),
        MappingProxyType(
            {n: (float(part.relative_error[0]), float(part.cosine[0])) for n, part in each.items()}
        ),
    )


def _curve(
    kind: str,
    lengths: Array,
    parts: Parts,
    found: list[dict[str, tuple[float, float, float]]],
) -> TruncationCurve:
    return TruncationCurve(kind, frozen(lengths), *likenesses(found, parts.whole))
