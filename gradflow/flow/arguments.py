"""Checks of the arguments of `gradient_flow`, and of what the forward pass makes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

from gradflow.cells.base import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.flow.record import GradientFlow
from gradflow.flow.record_both_ways import BidirectionalFlow
from gradflow.flow.run_record import RunRecord
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_array, frozen, plain_array, shown

_Question = TypeVar("_Question", bound=Callable[..., Any])

# Types that are of a kind.
_KNOWN: set[tuple[type, type]] = set()


def check_kind(name: str, given: Any, kind: type, rule: str) -> None:
    """Raise ValueError unless an argument is of its kind."""
    # Of a protocol, isinstance looks every member up; once for each type will do.
    if (type(given), kind) in _KNOWN:
        return
    if isinstance(given, BidirectionalStack | BidirectionalFlow):
        raise ValueError(
            f"{name} must run in one direction, as this is asked of lags before the target. "
            f"Got {shown(given)}."
        )
    if isinstance(given, type) or not isinstance(given, kind):
        raise ValueError(f"{name} must be {rule}. Got {shown(given)}.")
    _KNOWN.add((type(given), kind))


def checked_inputs(x: Any, D: int) -> Array:
    """Inputs of shape (T, D)."""
    given = finite_array("x", x)
    inputs = given[:, None] if given.ndim == 1 else given
    if inputs.ndim != 2 or inputs.shape[1] != D:
        raise ValueError(f"x must have shape (T, D) with D={D} to match w_x. Got {given.shape}.")
    if not len(inputs):
        raise ValueError(f"x must have at least one step. Got {given.shape}.")
    return inputs


def checked_mask(mask: Any, T: int) -> Array:
    """Steps that count, (T,) bool; all where no mask is given."""
    if mask is None:
        return frozen(np.ones(T, bool))
    try:
        counts = np.array(mask)
    except ValueError:  # rows of unlike length
        counts = np.empty(0)
    if counts.dtype != bool or counts.shape != (T,) or not counts.any():
        raise ValueError(
            f"mask must be T={T} values True or False, not all of them False. "
            f"Got {counts.dtype} values of shape {counts.shape}."
        )
    return frozen(counts)


def checked_weights(weights: Any, counts: Array) -> Array:
    """w_t, (T,); 0 at steps that do not count, 1 at others where none are given."""
    given = finite_array("weights", np.ones(len(counts)) if weights is None else weights)
    if given.shape != counts.shape:
        raise ValueError(
            f"weights must have shape (T,) with T={len(counts)} to match x. Got {given.shape}."
        )
    return frozen(np.where(counts, given, 0.0))


def checked_targets(targets: Any, T: int) -> Array:
    """Target steps, ascending, (n,); all of 1 .. T where none are given."""
    if targets is None:
        return frozen(np.arange(1, T + 1))
    if isinstance(targets, str) and targets == "last":
        return frozen(np.array([T]))
    given = plain_array("targets", targets)
    is_right = given.ndim == 1 and given.size > 0 and given.dtype.kind in "iu"
    if not is_right or given[0] < 1 or given[-1] > T or (given[1:] <= given[:-1]).any():
        raise ValueError(
            f'targets must be None, "last", or whole numbers from 1 to T={T} that ascend. '
            f"Got {shown(targets)}."
        )
    return frozen(given.astype(np.int64))


def checked_start(initial_state: Any, cell: Cell | BidirectionalStack) -> dict[str, Array]:
    """Every state of the cell by name, shape (width,), 0 where none is given."""
    if not isinstance(initial_state, Mapping) or not set(initial_state) <= set(cell.states):
        raise ValueError(
            f"initial_state must be a mapping with keys among {', '.join(cell.states)}. "
            f"Got {shown(initial_state)}."
        )
    start = {}
    for name, width in zip(cell.states, cell.widths, strict=True):
        state = finite_array(f"initial_state[{name!r}]", initial_state.get(name, 0.0))
        if state.shape not in ((), (width,)):
            raise ValueError(
                f"initial_state[{name!r}] must be a number or have shape ({width},). "
                f"Got {state.shape}."
            )
        start[name] = frozen(np.broadcast_to(state, (width,)).copy())
    return start


def check_forward(arrays: Mapping[str, Array]) -> None:
    """Raise ValueError if the forward pass left the range of float64."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            step = int(np.argwhere(~np.isfinite(array))[0, 0])
            raise ValueError(
                f"x and the weights must keep the forward pass within float64. "
                f"Got an infinite {name} at row {step}."
            )


def asked_target(flow: RunRecord, t: int | None) -> int:
    """A target of a flow, the last one if none is given.

    Raises
    ------
    ValueError
        Unless t is one of its targets.
    """
    return int(flow.targets[-1 if t is None else flow.index_of(t)])


def requires_flow(question: _Question) -> _Question:
    """Have a function whose first argument is a flow refuse anything else, such as a cell."""

    @functools.wraps(question)
    def asked(*arguments: Any, **named: Any) -> Any:
        if arguments or "flow" in named:  # else Python itself says that it is missing
            given = arguments[0] if arguments else named["flow"]
            check_kind("flow", given, GradientFlow, "what gradient_flow returns")
        return question(*arguments, **named)

    return cast(_Question, asked)
