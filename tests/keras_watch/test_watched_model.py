"""A watch beside a real training by Keras' `fit`."""

import doctest
import os
import types

import numpy as np
import pytest
from support.needed import needed_module

os.environ.setdefault("KERAS_BACKEND", "torch")
needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
keras = needed_module("keras", "needs Keras: pip install -r requirements-keras.txt")

from keras import layers  # noqa: E402
from oracles.keras_models import CLASSES, IDS, classifier, loss_of  # noqa: E402

import gradflow as gf  # noqa: E402
from gradflow.keras import Probe, fit_callback, watch  # noqa: E402
from gradflow.watching import SCALARS, load_watch  # noqa: E402

PROBE = Probe((IDS,), loss_of(CLASSES))


def network():
    return classifier(layers.LSTM(4, return_sequences=True, name="lstm"))


def trained(model, callbacks=(), epochs=3, **options):
    """Train with dropout, one batch an epoch; the weights."""
    model.compile(
        keras.optimizers.Adam(0.01, **options),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(IDS, CLASSES, batch_size=3, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return [weight.value.detach().clone() for weight in model.weights]


def test_a_training_goes_on_to_the_last_bit_as_without_it(tmp_path):
    alone = trained(network())
    model = network()
    with watch(model, PROBE, every=1, worker=False) as seen:
        watched = trained(model, [fit_callback(seen)])
    assert all(ours.equal(theirs) for ours, theirs in zip(watched, alone, strict=True))
    assert seen.record.updates.tolist() == [0, 1, 2, 3]
    assert seen.record.measure("relative_error", "lstm").max() < 1e-5
    assert list(seen.log) == [f"gradflow/lstm/{name}" for name in SCALARS]
    seen.save(tmp_path / "run.npz")
    assert load_watch(tmp_path / "run.npz").scalars() == seen.log
    assert seen.figure().data[0].type == "heatmap"


def test_updates_are_those_of_the_optimizer_through_all_calls_of_fit():
    model = network()
    with watch(model, PROBE, every=2, worker=False) as seen:
        trained(model, [fit_callback(seen)], epochs=6, gradient_accumulation_steps=2)
        assert (seen.updates, seen.record.updates.tolist()) == (3, [0, 2])
        trained(model, [fit_callback(seen)], epochs=1)
    assert (seen.updates, seen.record.updates.tolist()) == (4, [0, 2, 4])


def test_the_loss_of_the_model_is_a_probe_and_half_precision_is_seen_in_the_check():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    trained(model, epochs=1)
    probe = Probe((IDS,), lambda made: model.compute_loss(y=CLASSES, y_pred=made))
    with watch(model, probe, worker=False) as seen:
        assert 1e-6 < seen.log["gradflow/lstm/relative_error"] < 0.05


REFUSED = {
    "model must be a keras.Model that is built: .* Got 3": {"model": 3},
    "that is built: call it once": {"model": keras.Sequential([layers.LSTM(2)])},
    "model must hold a recurrent layer of Keras that is supported. Got": {
        "model": keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    },
    "probe must be a Probe, or a callable to the loss. Got 3": {"probe": 3},
    "probe must return one number that has a gradient": {"probe": lambda model: 3.0},
    "every must be a whole number from 1 on. Got 0": {"every": 0},
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_wrong_argument_is_refused_by_its_name(rule):
    with pytest.raises(ValueError, match=rule):
        watch(**{"model": network(), "probe": PROBE, "worker": False} | REFUSED[rule])


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras, "config", types.SimpleNamespace(backend=lambda: "jax"))
    with pytest.raises(ValueError, match=r"Keras must run on PyTorch .* Got 'jax'"):
        watch(None, PROBE)


def test_the_example_is_so():
    example = doctest.DocTestParser().get_doctest(watch.__doc__, {}, "watch", None, 0)
    said = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert (len(example.examples), "".join(said)) == (8, "")


def test_it_comes_when_it_is_asked_for():
    assert gf.keras.watch is watch
    np.testing.assert_equal(dir(gf).count("keras"), 1)
    assert dir(gf.keras) == sorted(gf.keras.__all__)
