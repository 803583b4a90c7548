"""Weights that a file holds in parts: normalised ones, and those that dropout left a copy of.

References
----------
Salimans and Kingma (2016), "Weight normalization": w = g v / |v|. PyTorch names the parts
weight_hh_l0_g and weight_hh_l0_v, or parametrizations.weight_hh_l0.original0 and original1.
Merity, Keskar and Socher (2017), "Regularizing and optimizing LSTM language models": the weights
before dropout are weight_hh_l0_raw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import Tensor, shown

_WEIGHT = (
    r"(?P<prefix>(?:.*[./_])?)(?P<name>(?:weight|bias)_(?:ih|hh|hr)(?:_l\d{1,3})?(?:_reverse)?)"
)
_LENGTH = re.compile(_WEIGHT + "_g", re.DOTALL)
_PARAMETRIZED = re.compile(
    r"(?P<prefix>(?:.*\.)?)parametrizations\.(?P<name>[^.]+)\.original0", re.DOTALL
)
_RAW = re.compile(_WEIGHT + "_raw", re.DOTALL)


def folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, with those in parts put together under the name that the whole has.

    Parts stay where there is no other part, or a tensor already has that name.
    """
    found = dict(tensors)
    for name in tensors:
        if match := _LENGTH.fullmatch(name):
            whole = match["prefix"] + match["name"]
            _fold(found, whole, name, f"{whole}_v")
        elif match := _PARAMETRIZED.fullmatch(name):
            _fold(found, match["prefix"] + match["name"], name, f"{name[:-1]}1")
        elif match := _RAW.fullmatch(name):
            _take_raw(found, match["prefix"], match["name"], name)
    return found


def _fold(tensors: dict[str, Tensor], whole: str, length: str, direction: str) -> None:
    if direction in tensors and whole not in tensors:
        g, v = tensors.pop(length), tensors.pop(direction)
        parts = (length, direction)
        tensors[whole] = Tensor(whole, v.dtype, v.shape, lambda: _normalised(g, v), parts)


def _take_raw(tensors: dict[str, Tensor], prefix: str, name: str, raw: str) -> None:
    """Replace the copy with zeros by the weight before dropout."""
    inside = f"{prefix}module.{name}"
    whole = inside if inside in tensors else prefix + name
    given = tensors.pop(raw)
    parts = tuple(part for part in (raw, whole) if part == raw or part in tensors)
    tensors[whole] = Tensor(whole, given.dtype, given.shape, given.read, parts)


def _normalised(g: Tensor, v: Tensor) -> Array:
    """g v / |v|, with the norm over every axis along which there is one g."""
    length, direction = g.values(), v.values()
    if length.ndim not in (0, direction.ndim) or any(
        size not in (1, wide) for size, wide in zip(length.shape, direction.shape, strict=False)
    ):
        raise ValueError(
            f"{shown(g.name)} must have one length a row to match {shown(v.name)} of shape "
            f"{v.shape}. Got {g.shape}."
        )
    axes = tuple(axis for axis, size in enumerate(length.shape) if size == 1)
    norm = np.sqrt(np.sum(direction**2, axis=axes if length.ndim else None, keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        return direction * (length / norm)
