"""Weights of which the user says which is which, and those whose names alone tell it.

References
----------
The names w_ih, w_hh, b_ih and b_hh are those that NumPy code gives to PyTorch's weights: of the
input and of the state. They do not tell the order of the gates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, product, takewhile
from typing import Any

from gradflow.weights.gate_blocks import (
    OUR_ORDER,
    GateBlocks,
    Source,
    joined,
    layer_of,
    transposed,
)
from gradflow.weights.layers import Answers, Layer, Module
from gradflow.weights.tensors import Tensor, by_prefix, listed

NAME = re.compile(r"(?P<prefix>.*?)(?P<name>[wb]_(?:ih|hh))", re.DOTALL)
ROLES = ("w_x", "w_h", "b", "b_x", "b_h", "b_hn", "w_p")
USUAL = "what is usual, as no others are said"
# How many matrices of a file are looked at for a line that the user could write.
MOST = 200


def short_named_modules(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules whose weights are called w_ih, w_hh, b_ih and b_hh, after any beginning.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    """
    groups = by_prefix(tensors, NAME)
    return [
        Module(prefix.rstrip("./_"), prefix, group, _short_named)
        for prefix, group in groups.items()
        if {"w_ih", "w_hh"} <= set(group)
    ]


def _short_named(module: Module, answers: Answers) -> list[Layer]:
    group = module.tensors
    blocks = GateBlocks(group["w_ih"], group["w_hh"], group.get("b_ih"), group.get("b_hh"))
    return [layer_of(module.name, blocks, answers, Source(activations_source=USUAL))]


def said_modules(tensors: Mapping[str, Tensor], names: Any) -> list[Module]:
    """A module for each layer of which the user says what its tensors are called.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    names : mapping, or sequence of mappings
        For each layer, that next to the input first: from "w_x", "w_h" and, where there are any,
        "b", "b_x", "b_h", "b_hn" and "w_p" to the names of tensors in the file. A name that ends
        in ".T" means the tensor transposed, and several names one tensor for each gate.

    Raises
    ------
    ValueError
        If that is not what is given, or the file has no such tensor.
    """
    layers = [names] if isinstance(names, Mapping) else names
    good = isinstance(layers, Sequence) and not isinstance(layers, str)
    if not good or not layers or not all(isinstance(one, Mapping) for one in layers):
        raise ValueError(
            "names must be a mapping from w_x, w_h and b to names of tensors, or one for each "
            f"layer. Got {names!r}."
        )
    return [_said(tensors, one) for one in layers]


def _said(tensors: Mapping[str, Tensor], names: Mapping[str, Any]) -> Module:
    if not {"w_x", "w_h"} <= set(names) <= set(ROLES) or {"b", "b_x"} <= set(names):
        raise ValueError(
            'names must have "w_x" and "w_h", and may have "b" or "b_x", "b_h", "b_hn" and "w_p". '
            f"Got {listed(map(str, names)) if names else 'none'}."
        )
    found = {role: _tensor(tensors, role, name) for role, name in names.items()}
    return Module(found["w_h"].name, "", found, _said_layers)


def _tensor(tensors: Mapping[str, Tensor], role: str, name: Any) -> Tensor:
    if isinstance(name, list | tuple) and name:
        parts = [_tensor(tensors, role, part) for part in name]
        # One gate after another along the axis of the units, which joining takes to be the last.
        if len(parts[0].shape) == 1:
            return joined(parts[0].name, parts)
        return transposed(joined(parts[0].name, [transposed(part) for part in parts]))
    if isinstance(name, str) and name in tensors:
        return tensors[name]
    if isinstance(name, str) and name.endswith(".T") and name[:-2] in tensors:
        tensor = tensors[name[:-2]]
        if len(tensor.shape) == 2:
            return transposed(tensor)
    raise ValueError(
        f"names must name tensors of the file: {listed(tensors, 'or') if tensors else 'none'}. "
        f"Got {name!r} for {role}."
    )


def _said_layers(module: Module, answers: Answers) -> list[Layer]:
    group = module.tensors
    blocks = GateBlocks(
        group["w_x"],
        group["w_h"],
        group.get("b") or group.get("b_x"),
        group.get("b_h"),
        group.get("b_hn"),
        group.get("w_p"),
        units_first=True,
    )
    return [layer_of(module.name, blocks, answers, Source(activations_source=USUAL))]


def example_line(tensors: Mapping[str, Tensor]) -> str | None:
    """The line that says which tensor is which, with tensors of the file that fit by their shapes.

    Returns
    -------
    str or None
        Code; None where no tensors fit.
    """
    matrices = [tensor for tensor in tensors.values() if len(tensor.shape) == 2][:MOST]
    for gates in (4, 3):
        pairs = [
            (w_x, w_h)
            for w_h, w_x in product(matrices, matrices)
            if w_x is not w_h and _fit(w_x.shape, w_h.shape, gates)
        ]
        if pairs:
            return _line(tensors, max(pairs, key=_likeness), gates)
    projected = [
        (w_x, w_h, w_p)
        for w_h, w_p in product(matrices, matrices)
        if 0 not in w_h.shape == (4 * w_p.shape[1], w_p.shape[0])
        for w_x in matrices
        if w_x is not w_h and w_x.shape[0] == w_h.shape[0]
    ]
    return _line(tensors, max(projected, key=_likeness), 4) if projected else None


def _fit(shape_x: tuple[int, ...], shape_h: tuple[int, ...], gates: int) -> bool:
    """Whether two matrices can be the weights of the input and of the state."""
    axis = 0 if shape_h[0] > shape_h[1] else 1
    return shape_h[axis] == gates * shape_h[1 - axis] > 0 and shape_x[axis] == shape_h[axis]


def _line(tensors: Mapping[str, Tensor], weights: Sequence[Tensor], gates: int) -> str:
    w_h = weights[1]
    biases = [tensor.name for tensor in tensors.values() if tensor.shape == (max(w_h.shape),)]
    beside = sorted(biases, key=lambda name: -_shared(name, w_h.name))[:2]
    names = dict(zip(("w_x", "w_h", "w_p"), (one.name for one in weights), strict=False))
    roles = ("b",) if len(beside) == 1 else ("b_x", "b_h")
    names |= dict(zip(roles, beside, strict=False))
    said = ", ".join(f'"{role}": {_quoted(name)}' for role, name in names.items())
    return f'gf.load(path, names={{{said}}}, gates="{OUR_ORDER[gates]}")'


def _likeness(weights: Sequence[Tensor]) -> int:
    """How many characters the names of neighbours begin with alike."""
    return sum(_shared(a.name, b.name) for a, b in pairwise(weights))


def _shared(a: str, b: str) -> int:
    """How many characters two names begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _quoted(name: str) -> str:
    return f'"{name}"' if name.isprintable() and not set(name) & set('"\\') else repr(name)
