"""One pass through a model of Keras: its terms add up to the gradient, and nothing is left."""

import os
import re

import numpy as np
import pytest
from support.needed import needed_module

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
keras = needed_module("keras", "needs Keras: pip install -r requirements-keras.txt")

from keras import layers  # noqa: E402
from oracles.keras_models import CLASSES, IDS, classifier, loss_of  # noqa: E402

from gradflow.keras import Probe  # noqa: E402
from gradflow.keras.probe_pass import probed_layers  # noqa: E402
from gradflow.keras.recurrent_layers import layers_of_model  # noqa: E402
from gradflow.watching.layer_measures import measured_layers, relative_errors  # noqa: E402

PROBE = Probe((IDS,), loss_of(CLASSES))

# Keras computes in float32.
ROUNDING = 1e-6


def all_of(made):
    """Every output of a layer that returns its states."""
    return layers.Concatenate()([layers.Flatten()(one) for one in keras.tree.flatten(made)])


def stacked(**options):
    return layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_sequences=True, **options)


MODELS = {
    "LSTM": lambda: classifier(layers.LSTM(4, return_sequences=True)),
    "its last output": lambda: classifier(layers.LSTM(4, recurrent_activation="hard_sigmoid")),
    "and its states": lambda: classifier(layers.LSTM(4, return_state=True), reads=all_of),
    "the states of a stack": lambda: classifier(
        stacked(return_state=True), reads=all_of, mask=False
    ),
    "its cell state": lambda: classifier(
        layers.LSTM(4, return_state=True), reads=lambda made: made[2]
    ),
    "GRU, unmasked": lambda: classifier(layers.GRU(4, return_sequences=True), mask=False),
    "GRU, reset before": lambda: classifier(layers.GRU(4, reset_after=False)),
    "without bias": lambda: classifier(layers.GRU(4, use_bias=False)),
    "RNN, backwards": lambda: classifier(
        layers.SimpleRNN(4, activation="relu", go_backwards=True, return_sequences=True)
    ),
    "two layers": lambda: classifier(layers.LSTM(4, return_sequences=True), layers.GRU(3)),
    "cells in a stack": lambda: classifier(stacked()),
    "both ways": lambda: classifier(
        layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="mul")
    ),
    "both ways, last": lambda: classifier(layers.Bidirectional(layers.GRU(4))),
    "a start": lambda: classifier(
        layers.LSTM(2), initial_state=[keras.ops.ones((3, 2)), -keras.ops.ones((3, 2))]
    ),
    "zero where masked": lambda: classifier(
        layers.RNN(layers.LSTMCell(4), return_sequences=True, zero_output_for_mask=True)
    ),
    "stateful": lambda: classifier(layers.LSTM(4, stateful=True)),
}


def probed(model, probe=PROBE, lengths=None):
    found, _ = layers_of_model(model)
    return probed_layers(model, found, probe, lengths)


def kernels(model):
    """The input weights of all cells, and what a plain backward pass adds up for them."""
    made = model(IDS)
    loss_of(CLASSES)(made).backward()
    return [
        weight.value.grad
        for weight in model.trainable_weights
        if weight.name == "kernel" and "cell" in weight.path
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_terms_add_up_to_the_gradient_of_the_weights(name):
    model = MODELS[name]()
    if name == "stateful":
        model(IDS[:, ::-1].copy())
    modules = probed(model)
    assert max(error for module in modules for error in relative_errors(module)) < ROUNDING
    # What they are compared with is what a plain backward pass adds up.
    own = [
        array
        for module in modules
        for weight, array in module.own_gradients.items()
        if weight.endswith("w_x")
    ]
    grads = kernels(model)
    assert len(own) == len(grads) > 0
    for ours, theirs in zip(own, grads, strict=True):
        ours, theirs = np.sort(ours.ravel()), np.sort(theirs.numpy().ravel())
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=ROUNDING * np.abs(theirs).max())


def test_sequences_are_those_of_the_steps_that_count():
    [module] = probed(MODELS["LSTM"]())
    assert [sequence.target for sequence in module.sequences] == [7, 4, 3]
    [module] = probed(MODELS["GRU, unmasked"](), lengths=[7, 4, 6])
    assert [sequence.target for sequence in module.sequences] == [7, 4, 6]
    assert relative_errors(module)[0] < ROUNDING  # the padding has its part in the gradient
    with pytest.raises(ValueError, match="lengths must be of each of the n=3 sequences"):
        probed(MODELS["LSTM"](), lengths=[3, 4])


def test_a_layer_that_is_not_trained_is_measured_without_a_check():
    model = MODELS["LSTM"]()
    model.trainable = False
    model.layers[-1].trainable = True
    [seen] = measured_layers(probed(model)[0], 20).values()
    assert np.isnan(seen.relative_error)
    assert seen.horizon >= 1


def state_of(model):
    """Everything of a model and of its backend that a pass could change."""
    return (
        [variable.value.tolist() for variable in (*model.variables, *model.metrics_variables)],
        [None if w.value.grad is None else w.value.grad.tolist() for w in model.weights],
        [state.value.tolist() for state in model.layers[2].states],
        ("call" in vars(model.layers[2]), model.layers[2].use_cudnn),
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
    )


@pytest.mark.parametrize("fails", [False, True])
def test_a_pass_leaves_everything_as_it_was(fails):
    model = MODELS["stateful"]()
    model.compile("adam", lambda classes, made: loss_of(classes)(made))
    model.fit(IDS, CLASSES, batch_size=3, verbose=0)

    def probe(net):
        torch.rand(3)
        made = net(IDS, training=True)
        if fails:
            raise KeyError("a batch")
        model.compute_loss(y=CLASSES, y_pred=made)
        return PROBE.loss(made)

    with torch.no_grad():
        before = state_of(model)
        if fails:
            with pytest.raises(KeyError):
                probed(model, probe)
        else:
            [module] = probed(model, probe)
            assert relative_errors(module)[0] < ROUNDING
        assert state_of(model) == before


def test_layers_have_the_names_of_their_places():
    inner = classifier(
        layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both"), stacked()
    )
    outer = keras.Sequential([keras.Input((7,)), inner, layers.RepeatVector(3)])
    outer.add(layers.SimpleRNN(3, name="top"))
    names = [name for layer in layers_of_model(outer)[0] for name in layer.names]
    assert names[-1] == "top"
    wanted = ("both/forward_lstm", "both/backward_lstm", "rnn[_0-9]*.0", "rnn[_0-9]*.1")
    for name, ending in zip(names[:-1], wanted, strict=True):
        assert re.search(f"{ending}[_0-9]*$", name)


def test_what_is_not_supported_is_named():
    class OwnCell(layers.SimpleRNNCell):
        pass

    model = keras.Sequential(
        [
            keras.Input((7, 3)),
            layers.RNN(OwnCell(3), return_sequences=True, name="own"),
            layers.LSTM(3, activation="gelu", return_sequences=True, name="gelu"),
            layers.GRU(2, name="good"),
        ]
    )
    found, left_out = layers_of_model(model)
    assert [layer.name for layer in found] == ["good"]
    assert "must be LSTMCell, GRUCell or SimpleRNNCell. Got OwnCell" in left_out["own"]
    assert "activation must be one of" in left_out["gelu"]
