"""The terms of a parameter as arrays: of every target step, or of one.

What the functions take, return and raise stands with the methods of `GradientFlow` that call them.
"""

from __future__ import annotations

import numpy as np

from gradflow.cells import LSTM
from gradflow.engine.backward_pass import BackwardPass, source_size
from gradflow.engine.one_layer import last_layer
from gradflow.engine.parameter_names import full_name, layer_and_name, parts_of, term_name
from gradflow.engine.path_classes import (
    ByDetours,
    ByFirstGate,
    PathClasses,
    class_terms,
)
from gradflow.engine.term_tables import (
    Terms,
    blocks,
    filled,
    log10_table,
    log10_together,
    signed_table,
    table,
)
from gradflow.numerics.log10_numbers import log_shares
from gradflow.numerics.scaled import Array, Scaled, shifted
from gradflow.numerics.validation import frozen


def signs(backward: BackwardPass, parameter: str, layer: int | None) -> Array:
    """Signs of the terms, int8 (n, T)."""
    terms = _signed_terms(backward, parameter, layer, "sign")
    found = np.zeros((len(backward.targets), backward.T), np.int8)
    for rows, targets in blocks(backward.targets, backward.T):
        found[rows, : targets.stop] = np.sign(filled(terms, targets)[0])
    return frozen(found)


def signed_log10(backward: BackwardPass, parameter: str, layer: int | None) -> tuple[Array, Array]:
    """log10 of the magnitudes of the terms, and their signs, (n, T) each."""
    terms = _signed_terms(backward, parameter, layer, "signed_log10")
    return signed_table(terms, backward.targets, backward.T)


def _signed_terms(backward: BackwardPass, parameter: str, layer: int | None, asked: str) -> Terms:
    """The terms of one parameter of a scalar cell."""
    if not backward.cell.signed:
        raise backward.not_scalar(asked)
    name = term_name(backward.cell, parameter, layer)
    if name in backward.cell.groups:
        raise ValueError(
            f"parameter must name one gate: a norm over the gates has no sign. Got {parameter!r}."
        )
    return backward.terms(name)


def log10_sizes(backward: BackwardPass, parameter: str, layer: int | None) -> Array:
    """log10 of the magnitudes of the terms, (n, T)."""
    terms = backward.sizes(term_name(backward.cell, parameter, layer))
    return log10_table(terms, backward.targets, backward.T)


def values(backward: BackwardPass, parameter: str, layer: int | None) -> Array:
    """The terms as plain float64, (n, T)."""
    name = term_name(backward.cell, parameter, layer)
    if name not in backward.cell.groups:
        terms = backward.terms(name)

        def plain(targets: slice, out: Array) -> None:
            exponent = terms.fill(targets, out)
            if exponent.ndim:
                out[:, : targets.stop] = shifted(out[:, : targets.stop], exponent)

        value = table(backward.targets, backward.T, plain)
        return value if backward.cell.signed else frozen(np.abs(value))
    with np.errstate(over="ignore", under="ignore"):
        return frozen(10.0 ** log10_sizes(backward, parameter, layer))


def shares(backward: BackwardPass, parameter: str, layer: int | None) -> Array:
    """Each term's share of its row, (n, T)."""
    return frozen(log_shares(log10_sizes(backward, parameter, layer), axis=1))


def row(backward: BackwardPass, parameter: str, t: int, layer: int | None) -> Scaled:
    """The terms of one target step of a scalar cell, (t,)."""
    if not backward.cell.signed:
        raise backward.not_scalar("row")
    name, step = full_name(backward.cell, parameter, layer), backward.target(t)
    if name not in backward.cell.groups:
        return backward.row(name, step)
    rows = [backward.row(part, step).reshape(step, 1) for part in parts_of(backward.cell, name)]
    return Scaled.beside(rows).norm(axis=1)


def log10_row(backward: BackwardPass, parameter: str, t: int, layer: int | None) -> Array:
    """The row of `log10_sizes` of one target step, (t,)."""
    name = term_name(backward.cell, parameter, layer)
    if backward.cell.signed and name != "x":
        return frozen(row(backward, name, t, None).log10())
    terms = backward.sizes(name)
    step = backward.target(t)
    found = log10_together([filled(some, slice(step - 1, step)) for some in terms])
    return frozen(found.reshape(step))


def by_class(
    backward: BackwardPass, parameter: str, layer: int | None, division: ByDetours | ByFirstGate
) -> PathClasses:
    """The terms of an LSTM by classes of paths."""
    number, name = layer_and_name(backward.cell, parameter, layer)
    asked = last_layer(backward, number)
    cell = asked.cell
    if not isinstance(cell, LSTM):
        raise ValueError(
            "cell must be an LSTM, whose paths run along the cell state or through h. "
            f"Got {type(cell).__name__}."
        )
    names = parts_of(cell, full_name(cell, name, None))
    gates = cell.gates(asked.slopes)
    return class_terms(
        cell,
        asked.slopes,
        backward.seeds,
        tuple(gates[cell.parameters[part].gate] for part in names),
        source_size(cell, asked.trace, names[0]),
        division,
        backward.targets,
    )
