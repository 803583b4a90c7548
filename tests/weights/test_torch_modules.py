"""A live module of PyTorch, with nothing left to ask."""

import sys

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
X = np.random.default_rng(51).normal(size=(6, 3))
LAYERS = {
    "lstm": lambda: torch.nn.LSTM(3, 5, 2, batch_first=True),
    "gru": lambda: torch.nn.GRU(3, 5, bias=False),
    "rnn_tanh": lambda: torch.nn.RNN(3, 5),
    "rnn_relu": lambda: torch.nn.RNN(3, 5, 2, nonlinearity="relu"),
}


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_module_runs_as_in_pytorch(kind, inside):
    torch.manual_seed(2)
    layer = LAYERS[kind]().double()
    net = torch.nn.Sequential(torch.nn.Identity(), layer) if inside else layer
    model = gf.from_module(net)
    expected = layer(torch.from_numpy(X))[0].detach().numpy()
    found = gf.gradient_flow(model, X).trace.hidden[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert {one.kind for one in model.layers} == {kind}


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_a_cell_tells_its_activation(nonlinearity):
    cell = torch.nn.RNNCell(3, 5, nonlinearity=nonlinearity)
    assert gf.from_module(cell).cell.activation == nonlinearity


def test_the_description_says_that_the_module_tells():
    model = gf.from_module(LAYERS["lstm"]())
    assert "tanh and sigmoid: told by the module itself." in model.description[0]
    assert "The first axis of its input is batch." in model.description[0]


def test_it_must_be_a_module():
    with pytest.raises(ValueError, match=r"module must be a torch.nn.Module. Got dict"):
        gf.from_module({})


def test_without_pytorch_its_installation_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match=r"pip install \"torch>=2.0\""):
        gf.from_module(None)
