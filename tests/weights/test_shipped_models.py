"""The models that ship are as small, as well trained and as different as they say."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from support.needed import needed_module

import gradflow as gf
from gradflow.models import tasks

FOLDER = Path(__file__).parents[2] / "gradflow" / "models"
MODELS = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))


def loaded(name):
    return gf.load(FOLDER / f"{name}.safetensors", readout="readout")


def outputs(model, x):
    """The readout of every step: the forward pass alone."""
    cell = model.cell
    start = {state: np.zeros(cell.H) for state in cell.states}
    arrays = cell.run(np.asarray(x, float), start, cell.weights)
    return model.readout.outputs(arrays[cell.states[0]][1:])


def loss_and_accuracy(o, answers):
    """Mean cross-entropy in nats, and the share of answers that are the likeliest."""
    log_p = o - np.logaddexp.reduce(o, axis=1, keepdims=True)
    loss = -log_p[np.arange(len(o)), answers].mean()
    return loss, (o.argmax(axis=1) == answers).mean()


def test_every_model_has_its_file_and_its_record():
    assert {path.stem for path in FOLDER.glob("*.safetensors")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_the_files_are_small_and_hold_float32(name):
    path = FOLDER / f"{name}.safetensors"
    assert path.stat().st_size < 100_000
    assert {array.dtype for array in safetensors.numpy.load_file(path).values()} == {
        np.dtype(np.float32)
    }


@pytest.mark.parametrize("name", MODELS)
def test_the_symbols_are_the_inputs_and_the_example_is_made_of_them(name):
    assert len(MODELS[name]["symbols"]) == loaded(name).cell.D
    assert set(MODELS[name]["example"]) <= set(MODELS[name]["symbols"])


def test_the_character_model_predicts_as_well_as_was_measured():
    model, measured = loaded("character"), MODELS["character"]["measured"]
    parts = zip(("training text", "held-out text"), tasks.alice_parts(), strict=True)
    for part, text in parts:
        o = outputs(model, tasks.one_hot(text[:-1], len(tasks.ALPHABET)))
        loss, accuracy = loss_and_accuracy(o, text[1:])
        assert loss == pytest.approx(measured["loss"][part], rel=1e-4)
        assert accuracy == pytest.approx(measured["accuracy"][part], abs=1e-3)
    # Better than knowing how often each character comes.
    counts = np.bincount(tasks.alice())
    p = counts[counts > 0] / counts.sum()
    assert measured["loss"]["held-out text"] < 0.8 * -(p * np.log(p)).sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recall_learned", "recall_not_learned"])
def test_the_recall_models_answer_as_well_as_was_measured(name):
    model, measured = loaded(name), MODELS[name]["measured"]
    sequences, answers = tasks.recall_held_out()
    x = tasks.one_hot(sequences, len(tasks.SYMBOLS))
    o = np.array([outputs(model, one)[-1] for one in x])
    loss, accuracy = loss_and_accuracy(o, answers)
    assert loss == pytest.approx(measured["loss"], rel=1e-3)
    assert accuracy == pytest.approx(measured["accuracy"], abs=2e-3)


def test_one_has_learned_and_one_guesses():
    learned, guesses = (
        MODELS[name]["measured"]["accuracy"] for name in ("recall_learned", "recall_not_learned")
    )
    assert learned > 0.99
    assert guesses == pytest.approx(1 / tasks.CLASSES, abs=0.05)


def test_the_gradient_of_the_one_that_has_learned_reaches_the_first_symbol():
    def first_term(name):
        symbols, example = MODELS[name]["symbols"], MODELS[name]["example"]
        x = np.eye(len(symbols))[[symbols.index(symbol) for symbol in example]]
        terms = gf.gradient_flow(loaded(name), x).log10("b")[-1]
        return terms[-1] - terms[0]  # against the term of the last symbol

    assert first_term("recall_learned") > -4
    assert first_term("recall_not_learned") < -20


@pytest.mark.slow
def test_the_script_that_trains_them_writes_these_files(monkeypatch):
    needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    train = importlib.import_module("gradflow.models.make_models")
    written = []
    monkeypatch.setattr(
        train, "save", lambda model, name: written.append((name, model.state_dict()))
    )
    train.train_recall("recall_learned", forget_bias=5.0, steps=2)
    train.train_character(steps=2, batch=2)
    for name, state in written:
        shipped = safetensors.numpy.load_file(FOLDER / f"{name}.safetensors")
        assert {key: array.shape for key, array in shipped.items()} == {
            key: tuple(tensor.shape) for key, tensor in state.items()
        }
    assert {name for name, _ in written} <= set(MODELS)
