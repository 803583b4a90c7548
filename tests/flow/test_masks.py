"""Masked steps keep the state and make no loss, as in Keras and in packed sequences."""

import numpy as np
import pytest
from oracles.random_cells import KINDS, cell_of
from support.needed import needed_module

import gradflow as gf

CELL = gf.LSTM.scalar(0.5, 0.2, b_f=1)
X = np.random.default_rng(0).normal(size=20)


def padded(before, behind):
    mask = np.zeros(before + 20 + behind, bool)
    mask[before : before + 20] = True
    x = np.zeros(len(mask))
    x[mask] = X
    return x, mask


def left(flow):
    return gf.memory.measure(flow, flow.T).left


def test_twenty_normals_keep_a_share_that_padding_hides():
    plain = gf.gradient_flow(CELL, X)
    assert left(plain) == pytest.approx(2.6e-3, rel=0.02)
    assert gf.memory.half_life(plain, 20) == pytest.approx(2.22, abs=0.005)
    assert left(gf.gradient_flow(CELL, padded(80, 0)[0])) == pytest.approx(6.8e-12, rel=0.02)


@pytest.mark.parametrize(("before", "behind"), [(80, 0), (0, 80), (30, 50)])
def test_masked_padding_changes_nothing(before, behind):
    x, mask = padded(before, behind)
    plain, flow = gf.gradient_flow(CELL, X), gf.gradient_flow(CELL, x, mask=mask)
    np.testing.assert_array_equal(flow.x, plain.x)
    np.testing.assert_array_equal(flow.steps, np.arange(before + 1, before + 21))
    for name in ("w_xf", "w_h", "b"):
        np.testing.assert_array_equal(flow.log10(name), plain.log10(name))
        np.testing.assert_array_equal(flow.total(name), plain.total(name))
    assert flow.T == 20
    assert left(flow) == left(plain)
    assert gf.memory.half_life(flow, 20) == gf.memory.half_life(plain, 20)
    assert f"T=20 of {len(x)} steps" in repr(flow)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_in_the_middle_are_passed_over(kind):
    generator = np.random.default_rng(2)
    cell, x = cell_of(kind, generator, 2), generator.normal(size=(9, 2))
    target, weights = generator.normal(size=9), generator.normal(size=9)
    mask = np.array([0, 1, 1, 0, 0, 1, 0, 1, 1], bool)
    flow = gf.gradient_flow(
        cell, x, loss=gf.SquaredError(target), mask=mask, weights=weights, targets=[2, 5]
    )
    short = gf.gradient_flow(
        cell, x[mask], loss=gf.SquaredError(target[mask]), weights=weights[mask], targets=[2, 5]
    )
    name = next(iter(cell.parameters))
    np.testing.assert_allclose(flow.log10(name), short.log10(name), rtol=1e-13)
    np.testing.assert_allclose(flow.total("readout.w_o"), short.total("readout.w_o"), rtol=1e-13)
    assert flow.steps.tolist() == [2, 3, 6, 8, 9]
    whole = gf.training_gradient(cell, x, gf.SquaredError(target), weights, mask)
    every = gf.gradient_flow(cell, x, loss=gf.SquaredError(target), mask=mask, weights=weights)
    np.testing.assert_allclose(every.total(name).sum(axis=0), whole.value(name), rtol=1e-10)


def test_the_checks_of_a_masked_flow_know_of_the_mask():
    x, mask = padded(3, 4)
    loss = gf.SquaredError(np.linspace(0.0, 1.0, 27))
    flow = gf.gradient_flow(CELL, x, loss=loss, mask=mask, weights=np.linspace(1.0, 2.0, 27))
    assert gf.analysis.residual(flow).max() < 1e-12


def test_a_loop_of_pytorch_that_keeps_the_state_has_the_same_gradient():
    torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")
    torch.manual_seed(1)
    network = torch.nn.LSTM(2, 3).double()
    x, mask = (
        torch.randn(8, 2, dtype=torch.float64),
        [True, False, True, True, False, True] + 2 * [False],
    )
    state = None
    for x_j, counts in zip(x, mask, strict=True):
        if counts:
            _, state = network(x_j[None], state)
    state[0].sum().backward()
    model = gf.from_state_dict(network.state_dict())
    flow = gf.gradient_flow(model, x.numpy(), mask=mask, targets="last")
    expected = network.weight_ih_l0.grad.numpy().reshape(1, 4, 3, 2)
    np.testing.assert_allclose(flow.total("w_x"), expected, rtol=1e-10)


def test_a_heatmap_says_which_steps_count():
    x, mask = padded(80, 0)
    figure = gf.figures.plot_heatmap(gf.gradient_flow(CELL, x, mask=mask, targets="last"))
    heading = figure.layout.annotations[0].text
    assert heading.endswith(" · the 20 of 100 steps that count · t = 20 alone")
    assert figure.data[0].z.shape == (20, 20)


@pytest.mark.parametrize("mask", [[True], [1] * 20, [False] * 20, "all"])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match=r"^mask must be T=20 values True or False"):
        gf.gradient_flow(CELL, X, mask=mask)
