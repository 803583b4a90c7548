"""Optimisers and clipping do what PyTorch's do."""

import numpy as np
import pytest
from support.needed import needed_module

from gradflow.training.optimisers import Adam, Momentum, clipped

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")


def gradient(weights, update):
    """Something that depends on the weights and on the update."""
    return {name: np.sin(w * (update + 1)) for name, w in weights.items()}


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (Momentum(0.05), torch.optim.SGD, {"lr": 0.05}),
        (Momentum(0.05, 0.9), torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
        (Adam(0.05), torch.optim.Adam, {"lr": 0.05}),
    ],
    ids=["descent", "momentum", "Adam"],
)
def test_weights_after_some_updates_are_those_of_pytorch(ours, theirs, options):
    generator = np.random.default_rng(0)
    weights = {"w": generator.normal(size=(3, 2)), "b": generator.normal(size=3)}
    tensors = {name: torch.tensor(w, requires_grad=True) for name, w in weights.items()}
    optimiser = theirs(tensors.values(), **options)
    for update in range(6):
        for name, g in gradient(
            {n: t.detach().numpy() for n, t in tensors.items()}, update
        ).items():
            tensors[name].grad = torch.from_numpy(g)
        optimiser.step()
        weights, ours = ours.updated(weights, gradient(weights, update))
    for name, tensor in tensors.items():
        np.testing.assert_allclose(weights[name], tensor.detach().numpy(), rtol=1e-12)


def test_clipping_by_norm_and_value_is_that_of_pytorch():
    generator = np.random.default_rng(0)
    gradients = {"w": 3.0 * generator.normal(size=(3, 2)), "b": generator.normal(size=3)}
    tensors = [
        torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients.values()
    ]
    for tensor, g in zip(tensors, gradients.values(), strict=True):
        tensor.grad = torch.from_numpy(g.copy())
    norm = torch.nn.utils.clip_grad_norm_(tensors, 2.0)
    torch.nn.utils.clip_grad_value_(tensors, 0.5)

    found, before, was_clipped = clipped(gradients, norm=2.0, value=0.5)

    assert was_clipped
    assert before == pytest.approx(norm.item(), rel=1e-12)
    for tensor, g in zip(tensors, found.values(), strict=True):
        np.testing.assert_allclose(
            g, tensor.grad.numpy(), rtol=1e-6
        )  # PyTorch adds 1e-6 to the norm


def test_a_gradient_within_bounds_stays_as_it_is():
    gradients = {"b": np.array([0.3, -0.4])}
    found, norm, was_clipped = clipped(gradients, norm=0.6, value=0.5)
    assert not was_clipped
    assert norm == pytest.approx(0.5)
    np.testing.assert_array_equal(found["b"], gradients["b"])
