"""The model that the contents of a file make with a user's answers."""

from __future__ import annotations

from collections.abc import Sequence

from gradflow.cells.bidirectional import MERGES
from gradflow.losses import Readout
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.validation import one_of
from gradflow.weights.contents import Contents
from gradflow.weights.directions import as_asked
from gradflow.weights.embeddings import embedding_tables, table_in_front
from gradflow.weights.layers import (
    KINDS,
    Answers,
    Module,
    cell_of,
    check_direction,
    initial_state_of,
)
from gradflow.weights.left_out import left_out_layers
from gradflow.weights.model import LayerSource, Model
from gradflow.weights.module_choice import chosen_modules, modules_in
from gradflow.weights.readouts import (
    AUTO,
    chosen_readout,
    linear_layers,
    offered_names,
    readout_of,
)
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
    _check_answers(answers)
    tensors = contents.tensors
    check_names(tensors)
    modules, chosen = _modules(contents, prefix, answers)
    recurrent = [tensor for module in chosen for tensor in module.tensors.values()]
    check_expanded(recurrent, most)
    read = [layer for module in chosen for layer in module.layers(module, answers)]
    layers = as_asked(read, answers)
    check_direction(layers, answers)
    tables = embedding_tables(tensors, contents.tables)
    known = {name for module in modules for name in module.used} | set(tables)
    rest = {name: tensor for name, tensor in tensors.items() if name not in known}
    linear = linear_layers(rest, layers[-1].width)
    if answers.names is None:
        check_accounted(tensors, chosen, known, linear)
    offered = offered_names(linear, layers[0].D, contents.tables is not None)
    fit = [name for name in offered if not contents.reads_another(name, chosen[-1].name)]
    readout_layer = chosen_readout(readout, linear, fit, layers[-1].width)
    read_out = [] if readout_layer is None else [linear[readout_layer]]
    in_front = {
        name: one
        for name, one in tables.items()
        if not contents.tells_sources or contents.is_before(name, chosen[0].name)
    }
    table = table_in_front(in_front, layers[0].D, chosen[0].stem)
    beside = [tensor for layer in read_out for tensor in layer.tensors]
    beside += [] if table is None else [table]
    check_expanded([*recurrent, *beside], most)
    possible = {name for layer in linear.values() for name in layer.used}
    left_out = {name: one for name, one in rest.items() if name not in possible}
    left_out |= {name: one for name, one in tables.items() if one is not table}
    return Model(
        cell_of(layers),
        readout_of(*read_out) if read_out else Readout(),
        readout_layer,
        tuple(
            LayerSource(
                layer.name,
                layer.kind,
                layer.D,
                layer.H,
                layer.dtype,
                layer.known_from,
                layer.reverse is not None,
                None if layer.w_p is None else len(layer.w_p),
            )
            for layer in layers
        ),
        offered,
        layers[0].direction,
        initial_state_of(layers),
        None if table is None else table.values(),
        None if table is None else shown(table.name),
        readout == AUTO and readout_layer != AUTO,
        tuple(module.name for module in modules if module not in chosen),
        left_out_layers(left_out),
        contents.tells_sources,
    )


def _modules(
    contents: Contents, prefix: str | Sequence[str] | None, answers: Answers
) -> tuple[Sequence[Module], Sequence[Module]]:
    """The recurrent modules of a file, and those of them that the model is made of."""
    if answers.names is not None:
        said = said_modules(contents.tensors, answers.names)
        return said, said
    modules = modules_in(contents)
    return modules, chosen_modules(modules, prefix, contents)


def _check_answers(answers: Answers) -> None:
    """Raise ValueError unless what is said can be said of a layer."""
    if answers.cell is not None:
        one_of("cell", answers.cell, KINDS)
    for name in ("activation", "recurrent_activation"):
        if getattr(answers, name) is not None:
            one_of(name, getattr(answers, name), ACTIVATIONS)
    if answers.merge is not None:
        one_of("merge", answers.merge, MERGES)
