"""Terms of networks of PyTorch, random and trained, against PyTorch's own autograd."""

from functools import cache

import numpy as np
import pytest
from oracles.scalar_terms import assert_same_terms, by_lag, magnitudes
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")

from oracles import torch_models as models  # noqa: E402

T, D = 7, 3
SIZES = {1: (4,), 2: (4, 3), 3: (3, 2, 4)}
KINDS = ("tanh", "relu", "lstm", "gru")
by_case = pytest.mark.parametrize(
    ("kind", "depth", "is_trained"),
    [(kind, depth, is_trained) for kind in KINDS for depth in SIZES for is_trained in (False, True)]
    + [("projected", depth, False) for depth in (1, 3)],
)


@cache
def case(kind, depth, is_trained):
    """A network's layers, readout, inputs and targets."""
    layers = models.network(kind, D, SIZES[depth], seed=depth)
    x = torch.randn(T, D, dtype=torch.float64)
    target = torch.sin(torch.arange(T, dtype=torch.float64))
    readout = torch.randn(SIZES[depth][-1], dtype=torch.float64, requires_grad=True)
    if is_trained:
        models.trained(layers, readout, x, target)
    return layers, readout, x, target


@cache
def flow_and_terms(kind, depth, is_trained):
    layers, readout, x, target = case(kind, depth, is_trained)
    cells = [models.cell_of(kind, layer) for layer in layers]
    flow = gf.gradient_flow(
        gf.Stack(cells) if depth > 1 else cells[0],
        x.numpy(),
        gf.Readout(readout.detach().numpy()),
        gf.SquaredError(target.numpy()),
    )
    return flow, models.terms(layers, readout, x, target)


@by_case
def test_the_hidden_states_are_those_of_pytorch(kind, depth, is_trained):
    flow, _ = flow_and_terms(kind, depth, is_trained)
    layers, _, x, _ = case(kind, depth, is_trained)
    found = models.run(layers, x).detach().numpy()
    np.testing.assert_allclose(flow.trace.hidden[1:], found, rtol=1e-12, atol=1e-15)


@by_case
def test_terms_are_those_of_a_copy_of_each_weight_at_each_step(kind, depth, is_trained):
    flow, terms = flow_and_terms(kind, depth, is_trained)
    for number, layer in enumerate(terms.weights):
        expected = models.by_name(kind, layer)
        names = {*flow.layers[number].parameters, *flow.layers[number].groups}
        assert set(expected) == names
        for name, by_source in expected.items():
            assert_same_terms(
                (None, flow.log10(name, layer=number)),
                magnitudes(by_lag(by_source), scalar=False),
            )


@by_case
def test_terms_of_the_inputs_are_those_of_each_step_input(kind, depth, is_trained):
    flow, terms = flow_and_terms(kind, depth, is_trained)
    expected = magnitudes(by_lag(terms.inputs), scalar=False)
    assert_same_terms((None, flow.log10("x")), expected)


@by_case
def test_totals_are_the_gradients_of_pytorch(kind, depth, is_trained):
    flow, terms = flow_and_terms(kind, depth, is_trained)
    for number, layer in enumerate(terms.weights):
        expected = models.by_name(kind, layer)
        for name, by_source in expected.items():
            total = by_source.sum(axis=1)
            found = flow.total(name, layer=number).reshape(total.shape)
            scale = np.abs(by_source).max()
            np.testing.assert_allclose(found, total, rtol=1e-11, atol=1e-14 * scale, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_training_changed_the_networks(kind):
    random, trained = (case(kind, 2, is_trained)[0] for is_trained in (False, True))
    gap = [
        (a - b).abs().max() for a, b in zip(random.parameters(), trained.parameters(), strict=True)
    ]
    assert min(gap) > 1e-3


def test_the_modules_of_pytorch_are_run_as_a_stack_of_its_cells():
    torch.manual_seed(5)
    module = torch.nn.GRU(2, 3, num_layers=2, dtype=torch.float64)
    layers = models.network("gru", 2, (3, 3), seed=0)
    for number, layer in enumerate(layers):
        own = {n: getattr(module, f"{n}_l{number}") for n, _ in layer.named_parameters()}
        layer.load_state_dict(own)
    x = torch.randn(5, 2, dtype=torch.float64)
    np.testing.assert_allclose(
        models.run(layers, x).detach().numpy(), module(x)[0].detach().numpy(), rtol=1e-13
    )
