"""The model that the contents of a file make with a user's answers."""

from __future__ import annotations

from collections.abc import Sequence

from gradflow.losses import Readout
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.validation import one_of
from gradflow.weights.contents import Contents
from gradflow.weights.embeddings import embedding_tables, table_in_front
from gradflow.weights.layers import KINDS, Answers, cell_of, check_direction, initial_state_of
from gradflow.weights.model import LayerSource, Model
from gradflow.weights.module_choice import chosen_modules, modules_in
from gradflow.weights.readouts import linear_layers, readout_of
from gradflow.weights.refusals import check_accounted, check_expanded, check_names
from gradflow.weights.said_names import said_modules
from gradflow.weights.tensors import shown


def model_of(
    contents: Contents,
    prefix: str | Sequence[str] | None,
    answers: Answers,
    readout: str | None,
    most: int | None = None,
) -> Model:
    """The model that the contents of a file make with a user's answers; see `load`."""
    if answers.cell is not None:
        one_of("cell", answers.cell, KINDS)
    for name in ("activation", "recurrent_activation"):
        if getattr(answers, name) is not None:
            one_of(name, getattr(answers, name), ACTIVATIONS)
    tensors = contents.tensors
    check_names(tensors)
    if answers.names is not None:
        modules = chosen = said_modules(tensors, answers.names)
    else:
        modules = modules_in(contents)
        chosen = chosen_modules(modules, prefix, contents)
    if most is not None:
        check_expanded(chosen, most)
    layers = [layer for module in chosen for layer in module.layers(module, answers)]
    check_direction(layers, answers)
    H = layers[-1].H
    tables = embedding_tables(tensors)
    used = {name for module in modules for name in module.used} | set(tables)
    rest = {name: tensor for name, tensor in tensors.items() if name not in used}
    linear = linear_layers(rest, H)
    if answers.names is None:
        check_accounted(tensors, chosen, used, linear)
    table = table_in_front(tables, layers[0].D, chosen[0].stem)
    return Model(
        cell_of(layers),
        Readout() if readout is None else readout_of(linear, readout, H),
        readout,
        tuple(
            LayerSource(layer.name, layer.kind, layer.D, layer.H, layer.dtype, layer.known_from)
            for layer in layers
        ),
        tuple(linear),
        layers[0].direction,
        initial_state_of(layers),
        None if table is None else table.values(),
        None if table is None else shown(table.name),
    )
