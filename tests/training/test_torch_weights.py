"""The weights' file is one that PyTorch loads into its own modules, which then answer the same."""

import dataclasses

import numpy as np
import pytest
import safetensors
from support.needed import needed_module

import gradflow as gf
from gradflow import training

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

SMALL = training.TrainingSettings("recall", delay=5, hidden=5, updates=3, every=3, batch=4)
KINDS = {
    "rnn": {"cell": "rnn"},
    "relu": {"cell": "rnn", "activation": "relu"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
}


def modules(path):
    """What the file's own notes say to make, with its weights in it."""
    with safetensors.safe_open(path, "pt") as file:
        notes = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    made = {name: eval(notes[name], {"torch": torch}) for name in ("recurrent", "readout")}
    net = torch.nn.ModuleDict(made)
    net.load_state_dict(weights)
    return net


@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_loads_the_file_and_gives_the_same_outputs(kind, tmp_path):
    run = training.train(dataclasses.replace(SMALL, **KINDS[kind]))
    network, path = run.checkpoints[-1].network, tmp_path / "trained.safetensors"
    training.save_weights(network, path)
    net = modules(path)
    x, _ = SMALL.task_made().batch(np.random.default_rng(1), 6)
    with torch.no_grad():
        o = net["readout"](net["recurrent"](torch.from_numpy(x))[0][-1])
    np.testing.assert_allclose(network.outputs(x), o.numpy(), rtol=1e-12, atol=1e-14)


def test_gradflow_reads_the_file_too(tmp_path):
    network = training.train(SMALL).checkpoints[-1].network
    training.save_weights(network, tmp_path / "trained.safetensors")
    cell = gf.load(tmp_path / "trained.safetensors").cell
    for name, array in network.cell.weights.items():
        np.testing.assert_array_equal(cell.weights[name], array)
