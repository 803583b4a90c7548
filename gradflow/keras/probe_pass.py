"""One pass forward and backward through a model of Keras, which leaves no trace in it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from gradflow.keras.layer_calls import LayerCall, call_of_layer
from gradflow.keras.recurrent_layers import RecurrentLayer, layers_within
from gradflow.torch.quiet_pass import check_loss, gradients_of, left_as_it_was
from gradflow.torch.recurrent_parts import as_array
from gradflow.watching.probed_module import ProbedModule, cell_as_read


def probed_layers(
    model: keras.Model,
    layers: Sequence[RecurrentLayer],
    loss_of: Callable[[keras.Model], Any],
    lengths: Sequence[int] | None,
) -> list[ProbedModule]:
    """Each recurrent layer as one pass finds it; those that the pass does not come to are not in.

    Gradients are asked for and not added up. The layers' `call` is replaced for as long as the pass
    takes.

    Parameters
    ----------
    model : keras.Model
    layers : sequence of RecurrentLayer
    loss_of : callable
        From the model to the loss of the probe.
    lengths : sequence of int, optional
        Steps of each sequence before its padding, where no mask tells.

    Raises
    ------
    ValueError
        If the loss is not one number that has a gradient, or a weight is not finite.
    """
    weights = {one: _trained(one) for one in layers}
    kept = [one.layer for one in layers]
    with left_as_it_was(model, ()), _variables_kept(model), _calls(kept) as calls:
        loss = loss_of(model)
        check_loss(loss)
        of_weights = [part.values() for one in layers for part in weights[one]]
        found = gradients_of(loss, [*(call.leaves for call in calls), *of_weights])
    back = dict(zip(calls, found, strict=False))
    parts = iter(found[len(calls) :])
    own = {
        one: [dict(zip(part, next(parts), strict=True)) for part in weights[one]] for one in layers
    }
    probed = []
    for one in layers:
        own_calls = [call for call in calls if call.layer is one.layer]
        if own_calls:
            cell = cell_as_read(one.cell(), [call.at_end(back[call]) for call in own_calls])
            sequences = tuple(
                sequence
                for call in own_calls
                for sequence in call.sequences(cell, back[call], lengths)
            )
            gradients = one.own_gradients(cell, [_arrays(part) for part in own[one]])
            probed.append(ProbedModule(one.names, cell, sequences, gradients))
    return probed


def _trained(one: RecurrentLayer) -> list[dict[str, Any]]:
    """The tensors of the weights that are trained, by Keras' names."""
    return [
        {name: variable.value for name, variable in own.items() if variable.value.requires_grad}
        for own in one.variables
    ]


def _arrays(gradients: dict[str, Any]) -> dict[str, Any]:
    return {name: as_array(tensor) for name, tensor in gradients.items() if tensor is not None}


@contextlib.contextmanager
def _calls(layers: Sequence[Any]) -> Iterator[list[LayerCall]]:
    """The calls of layers, in the order in which they come.

    Without cuDNN, which a bidirectional layer asks for both directions at once.
    """
    calls: list[LayerCall] = []
    cudnn = {layer: layer.use_cudnn for layer in layers if hasattr(layer, "use_cudnn")}
    try:
        for layer in layers:
            vars(layer)["call"] = _kept_call(layer, calls)
        for layer in cudnn:
            layer.use_cudnn = False
        yield calls
    finally:
        for layer in layers:
            vars(layer).pop("call", None)
        for layer, use in cudnn.items():
            layer.use_cudnn = use


def _kept_call(layer: Any, calls: list[LayerCall]) -> Callable[..., Any]:
    plain = layer.call

    @functools.wraps(plain)
    def call(sequences: Any, initial_state: Any = None, mask: Any = None, **named: Any) -> Any:
        start = initial_state
        if start is None and layer.stateful:
            start = [state.value.clone() for state in keras.tree.flatten(layer.states)]
        output = plain(sequences, initial_state=initial_state, mask=mask, **named)
        kept, handed_on = call_of_layer(layer, sequences, mask, start, output)
        calls.append(kept)
        return handed_on

    return call


@contextlib.contextmanager
def _variables_kept(model: keras.Model) -> Iterator[None]:
    """Afterwards states, seeds and metrics are as they were."""
    states = [one.states for one in layers_within(model) if one.stateful]
    variables = [
        *model.non_trainable_variables,
        *model.metrics_variables,
        *keras.tree.flatten(states),
    ]
    before = [variable.value.detach().clone() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
