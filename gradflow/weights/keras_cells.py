"""Cells from a live layer of Keras: its configuration, and arrays by Keras' names of weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gradflow.cells import BidirectionalStack, Cell
from gradflow.weights.assembly import model_of
from gradflow.weights.contents import Contents
from gradflow.weights.keras_graph import LayerGraph, told_of_class
from gradflow.weights.layers import Answers
from gradflow.weights.state_dicts import given_tensor

_VERSION = "3"  # of Keras, all that have live layers here


def cell_from_keras(
    name: str, configs: Sequence[dict[str, Any]], weights: Sequence[Mapping[str, Any]]
) -> Cell:
    """The cell of a layer of Keras 3, or the stack of several cells in one layer.

    Parameters
    ----------
    name : str
        Of the layer, for errors.
    configs : sequence of dict
        The cells as Keras serializes them, that next to the input first.
    weights : sequence of mapping
        For each cell "kernel", "recurrent_kernel" and, where it has one, "bias": arrays or tensors.

    Returns
    -------
    Cell

    Raises
    ------
    ValueError
        If a cell is not supported, or a number is not finite.
    """
    plain = re.sub(r"\W", "_", name)
    names = [plain] if len(configs) == 1 else [f"{plain}_{n}" for n in range(len(configs))]
    told = {
        own: told_of_class(config, own, _VERSION)
        for own, config in zip(names, configs, strict=True)
    }
    tensors = {
        f"{own}/{role}": given_tensor(f"{own}/{role}", array)
        for own, arrays in zip(names, weights, strict=True)
        for role, array in arrays.items()
    }
    graph = LayerGraph(told, frozenset(pairwise(names)), {}, {}, {})
    cell = model_of(Contents(tensors, graph), None, Answers(), None).cell
    assert not isinstance(cell, BidirectionalStack)
    return cell
