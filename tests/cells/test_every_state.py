"""Terms of losses that read every state, held against automatic differentiation."""

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.cells.every_state import EveryState

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

T, D = 6, 2


def layers(H, L):
    generator = np.random.default_rng(H)
    return [
        gf.LSTM(*(generator.normal(size=(4, *shape)) for shape in ((H, below), (H, H), (H,))))
        for below in (D, *[H] * (L - 1))
    ]


def seeded(H, L, slopes, x):
    """The gradients of the weights, and those of a bias of its own for every step and layer.

    The loss is linear in all states of all steps. Written out step by step.
    """
    cells = layers(H, L)
    weights = [[torch.tensor(w, requires_grad=True) for w in (c.w_x, c.w_h, c.b)] for c in cells]
    biases = [[b.clone() for _ in range(T)] for _, _, b in weights]
    for copy in (b for own in biases for b in own):
        copy.retain_grad()
    states = [[torch.zeros(H, dtype=torch.double)] * 2 for _ in range(L)]
    loss = 0.0
    for j in range(T):
        below = torch.tensor(x[j])
        for n, (w_x, w_h, _) in enumerate(weights):
            h, c = states[n]
            i, f, candidate, o = w_x @ below + w_h @ h + biases[n][j]
            c = f.sigmoid() * c + i.sigmoid() * candidate.tanh()
            below = o.sigmoid() * c.tanh()
            states[n] = [below, c]
        side_by_side = torch.cat([state for own in reversed(states) for state in own])
        loss = loss + torch.tensor(slopes[j]) @ side_by_side
    loss.backward()
    return weights, biases


@pytest.mark.parametrize(("H", "L"), [(1, 1), (4, 1), (3, 2)])
def test_terms_of_a_loss_of_all_states_are_those_of_automatic_differentiation(H, L):
    generator = np.random.default_rng(5)
    slopes, x = generator.normal(size=(T, 2 * H * L)), generator.normal(size=(T, D))
    cell, readout = EveryState(layers(H, L)), gf.Readout(np.eye(2 * H * L))
    whole = gf.training_gradient(cell, x, gf.LinearLoss(slopes), readout=readout)
    flow = gf.gradient_flow(cell, x, readout, gf.LinearLoss(slopes))
    weights, _ = seeded(H, L, slopes, x)
    last = slopes * (np.arange(T) == T - 1)[:, None]
    _, biases = seeded(H, L, last, x)
    for n in range(L):
        for name, weight in zip(("w_x", "w_h", "b"), weights[n], strict=True):
            wanted = weight.grad.numpy()
            np.testing.assert_allclose(whole.gradients[f"{n}.{name}"], wanted, rtol=1e-10)
            np.testing.assert_allclose(flow.total(name, n).sum(axis=0), wanted, rtol=1e-10)
        terms = [torch.linalg.norm(b.grad).item() for b in biases[n][::-1]]
        np.testing.assert_allclose(10.0 ** flow.log10_row("b", T, n), terms, rtol=1e-10)


def test_a_seed_far_below_another_keeps_its_digits():
    slopes = np.array([[0.0, 0.0], [1e-140, 1.0]])
    cell = EveryState([gf.LSTM.scalar(w_x=0.5, w_h=0.5)])
    loss = gf.LinearLoss(slopes)
    flow = gf.gradient_flow(cell, np.ones(2), gf.Readout(np.eye(2)), loss)
    o, c = flow.trace.layers[0].gates[1, 3, 0], flow.trace.layers[0].c[2, 0]
    wanted = np.log10(np.tanh(c) * o * (1 - o)) - 140.0
    np.testing.assert_allclose(flow.log10_row("b_o", 2, 0)[0], wanted, rtol=1e-14)


def test_it_prints_as_what_it_is_and_has_the_digits_of_its_terms():
    cell = EveryState(layers(2, 2))
    assert repr(cell) == "EveryState(LSTM(H=2, D=2), LSTM(H=2, D=2))"
    flow = gf.gradient_flow(cell, np.ones((3, 2)), gf.Readout(np.eye(8)), gf.UnitLoss(7))
    assert repr(flow.trace) == "EveryStateTrace(T=3, H=8, D=2)"
    # A loss of c of the first layer has no term in the second: exact zeros have all digits.
    assert np.isneginf(flow.log10_row("b", 3, 1)).all()
    assert np.nanmin(flow.digits("b", 1)) > 15
