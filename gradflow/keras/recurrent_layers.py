"""The recurrent layers inside a model of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from gradflow.cells import Cell
from gradflow.numerics.scaled import Array
from gradflow.weights.keras_cells import cell_from_keras


@dataclass(frozen=True)
class RecurrentLayer:
    """A recurrent layer of a model; a bidirectional one has two.

    Attributes
    ----------
    layer : keras.layers.RNN
        Or what is derived from it: LSTM, GRU, SimpleRNN.
    name : str
        Where it stands in the model.
    """

    layer: Any
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its cells, that next to the input first."""
        several = range(len(self._cells))
        return tuple(f"{self.name}.{n}" for n in several) if len(several) > 1 else (self.name,)

    @property
    def variables(self) -> list[dict[str, Any]]:
        """The weights of each cell by Keras' names."""
        names = ("kernel", "recurrent_kernel", "bias")
        return [
            {name: getattr(cell, name) for name in names if getattr(cell, name) is not None}
            for cell in self._cells
        ]

    def cell(self) -> Cell:
        """The cell with the weights as they stand.

        Raises
        ------
        ValueError
            If it is not supported, or a weight is not finite.
        """
        return self._cell_of(
            [{name: variable.value for name, variable in own.items()} for own in self.variables]
        )

    def own_gradients(self, cell: Cell, gradients: list[dict[str, Array]]) -> dict[str, Array]:
        """The gradients of its weights by the names of the cell's weights, in their shapes.

        Parameters
        ----------
        cell : Cell
        gradients : list of dict
            Of each cell by Keras' names; none where they are not trained.
        """
        if not all(gradients):
            return {}
        # Weights are put in order, and nothing else: so are their gradients. Of the two biases that
        # are added up, one would count twice.
        found = self._cell_of([_with_one_bias(own) for own in gradients]).weights.values()
        return {
            name: array
            for name, array in zip(cell.weights, found, strict=True)
            if "bias" in gradients[_number_of(name)] or ".b" not in f".{name}"
        }

    def _cell_of(self, numbers: list[dict[str, Any]]) -> Cell:
        configs = [keras.saving.serialize_keras_object(cell) for cell in self._cells]
        return cell_from_keras(self.name, configs, numbers)

    @property
    def _cells(self) -> list[Any]:
        """Its cells, that next to the input first."""
        return list(getattr(self.layer.cell, "cells", [self.layer.cell]))


def layers_of_model(model: keras.Model) -> tuple[list[RecurrentLayer], dict[str, str]]:
    """The recurrent layers of a built model.

    Returns
    -------
    layers : list of RecurrentLayer
    left_out : dict
        Names of those that are not supported, and why.
    """
    layers, left_out = [], {}
    for layer in layers_within(model):
        path = (layer.path or layer.name).removeprefix(f"{model.name}/")
        found = RecurrentLayer(layer, path)
        try:
            _check_plain(found)
            found.cell()
        except ValueError as error:
            left_out[path] = str(error)
        else:
            layers.append(found)
    return layers, left_out


def layers_within(layer: Any) -> list[Any]:
    """The recurrent layers in a layer, supported or not, each once and in order."""
    found: dict[Any, None] = {}
    for inner in layer._layers:
        alone = isinstance(inner, keras.layers.RNN)
        found.update(dict.fromkeys([inner] if alone else layers_within(inner)))
    return list(found)


def _check_plain(found: RecurrentLayer) -> None:
    """Raise ValueError unless the cells are Keras' own, in their order."""
    cell = found.layer.cell
    plain = (keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell)
    for one in getattr(cell, "cells", [cell]):
        if type(one) not in plain:
            raise ValueError(
                f"its cells must be LSTMCell, GRUCell or SimpleRNNCell. Got {type(one).__name__}."
            )


def _with_one_bias(gradients: Mapping[str, Array]) -> dict[str, Array]:
    """The gradients, with 0 for the inner bias of the GRU's gates that have two."""
    own = dict(gradients)
    if "bias" in own and own["bias"].ndim == 2:
        own["bias"] = own["bias"].copy()
        H = len(own["recurrent_kernel"])
        own["bias"][1, : 2 * H] = 0.0
    return own


def _number_of(name: str) -> int:
    """The cell that a weight of a stack belongs to."""
    before, dot, _ = name.partition(".")
    return int(before) if dot else 0
