"""The derivative of the state: a complex step through the forward pass, and known answers."""

import dataclasses
import math

import numpy as np
import pytest
from oracles.random_cells import KINDS, cell_of
from support.tables import columns

import gradflow as gf
from benchmarks.state_derivative import PAGE, STARTS

T, D, STEP = 6, 2, 1e-30


def flow_of(kind, steps=T, scale=1.0):
    generator = np.random.default_rng(4)
    cell = cell_of(kind, generator, D, scale)
    return gf.gradient_flow(cell, generator.normal(size=(steps, D)), loss=gf.UnitLoss())


def states_at(flow, j):
    """The states after step j, by name."""
    traces = getattr(flow.trace, "layers", (flow.trace,))
    many = len(flow.layers) > 1
    return {
        f"{n}.{state}" if many else state: getattr(traces[n], state)[j]
        for n, layer in enumerate(flow.layers)
        for state in layer.states
    }


def nudged(flow, t, j):
    """d(state)_t/d(state)_j by a complex step, (N, N)."""
    cell, start = flow.cell, states_at(flow, j)
    columns = []
    for name in cell.states:
        for unit in range(len(start[name])):
            moved = {key: value.astype(complex) for key, value in start.items()}
            moved[name][unit] += 1j * STEP
            run = cell.run(flow.x[j:t].astype(complex), moved, complex_weights(cell))
            columns.append(np.concatenate([run[state][-1] for state in cell.states]).imag / STEP)
    return np.array(columns).T


def complex_weights(cell):
    """The cell's weights, such that its forward pass is complex."""
    return {name: weight.astype(complex) for name, weight in cell.weights.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_derivative_of_the_forward_pass(kind):
    flow = flow_of(kind)
    jacobian = gf.state_jacobian(flow, 5)
    for j in (1, 3, 5):
        expected = nudged(flow, j, j - 1)
        np.testing.assert_allclose(jacobian.one_step(j), expected, rtol=1e-11, atol=1e-14)
    for k in (1, 4, 5):
        over = jacobian.over(k)
        expected = nudged(flow, 5, 5 - k)
        np.testing.assert_allclose(over.value, expected, rtol=1e-10, atol=1e-14)
        values = np.linalg.svd(expected, compute_uv=False)
        assert 10.0 ** jacobian.log10_largest[k - 1] == pytest.approx(values[0], rel=1e-10)


def test_a_layer_of_a_stack_has_its_own_block():
    flow = flow_of("stack")
    whole = nudged(flow, 5, 2)  # the last layer first: s of 3, h of 3, then h and c of 4
    blocks = {2: slice(0, 3), 1: slice(3, 6), 0: slice(6, 14)}
    for layer, block in blocks.items():
        own = gf.state_jacobian(flow, 5, layer)
        np.testing.assert_allclose(own.over(3).value, whole[block, block], rtol=1e-10, atol=1e-14)
    assert gf.state_jacobian(flow, 5).states == ("2.s", "1.h", "0.h", "0.c")


def test_of_the_cell_state_it_is_what_training_carries_back_to_it():
    flow, t = flow_of("lstm"), 5
    cell_state = gf.state_jacobian(flow, t).of_cell_state()
    whole = nudged(flow, t, 0)
    np.testing.assert_allclose(cell_state.over(t).value, whole[3:, 3:], rtol=1e-10, atol=1e-14)
    h_by_c = flow.trace.gates[:, 3] * (1.0 - np.tanh(flow.trace.c[1:]) ** 2)
    for j in (1, 3):
        by_h, by_c = nudged(flow, t, j)[3:, :3], nudged(flow, t, j)[3:, 3:]
        expected = by_c + by_h * h_by_c[j - 1]
        found = cell_state.over(t - j)
        np.testing.assert_allclose(found.value, expected, rtol=1e-10, atol=1e-14)
        values = np.linalg.svd(expected, compute_uv=False)
        told = cell_state.log10_largest[t - j - 1], cell_state.log10_smallest[t - j - 1]
        np.testing.assert_allclose(10.0 ** np.array(told), values[[0, -1]], rtol=1e-8)


@pytest.mark.parametrize("w_hc", [0.5, -2.0, 3.0])
def test_one_step_of_an_lstm_without_other_weights(w_hc):
    cell = gf.LSTM.scalar(0.0, {"i": 0.0, "f": 0.0, "c": w_hc, "o": 0.0}, 1.5, b_i=0.3, b_o=-0.7)
    flow = gf.gradient_flow(cell, np.zeros(4), loss=gf.UnitLoss())
    f, i, o = (1 / (1 + math.exp(-b)) for b in (1.5, 0.3, -0.7))
    expected = f + i * o * w_hc
    jacobian = gf.state_jacobian(flow, 4)
    np.testing.assert_allclose(jacobian.spectral_radius, abs(expected), rtol=1e-12)
    cell_state = jacobian.of_cell_state()
    for j in (2, 3, 4):
        assert cell_state.one_step(j) == pytest.approx(expected, rel=1e-13)
    assert cell_state.one_step(1) == pytest.approx(f, rel=1e-13)  # the start h_0 is given
    assert np.isneginf(jacobian.log10_smallest).all()  # h holds nothing that c does not


@pytest.mark.slow
def test_a_linear_rnn_keeps_its_powers_far_beyond_float64():
    T = 1100
    cell = gf.RNN(np.ones((3, 1)), np.diag([2.0, 1e-3, -0.5]), activation="identity")
    flow = gf.gradient_flow(cell, np.zeros(T), loss=gf.UnitLoss())
    jacobian = gf.state_jacobian(flow, T)
    k = np.arange(1, T + 1)
    np.testing.assert_allclose(jacobian.log10_largest, k * math.log10(2), rtol=1e-12)
    np.testing.assert_allclose(jacobian.log10_smallest, -3.0 * k, rtol=1e-12)
    np.testing.assert_allclose(jacobian.spectral_radius, 2.0, rtol=1e-13)
    expected = [math.log(2), math.log(0.5), math.log(1e-3)]
    np.testing.assert_allclose(jacobian.lyapunov_exponents, expected, rtol=1e-12)
    over = jacobian.over(T)
    assert np.isinf(over.value[0, 0])
    assert over.log10[0, 0] == pytest.approx(T * math.log10(2), rel=1e-13)
    assert over.sign[0, 0] == 1


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_exponents_add_up_to_the_determinant_and_bound_the_singular_values(kind):
    flow = flow_of(kind, 40)
    jacobian = gf.state_jacobian(flow, 40)
    exponents = jacobian.lyapunov_exponents
    determinants = [np.linalg.slogdet(jacobian.one_step(j))[1] for j in range(1, 41)]
    assert exponents.sum() * 40 == pytest.approx(sum(determinants), rel=1e-9)
    assert (np.diff(exponents) <= 0.0).all()
    assert jacobian.log10_smallest[-1] <= jacobian.log10_largest[-1]
    rates = np.array([jacobian.log10_largest[-1], jacobian.log10_smallest[-1]]) / 40
    np.testing.assert_allclose(exponents[[0, -1]] / math.log(10), rates, atol=0.1)


def test_the_smallest_singular_value_is_that_of_the_product():
    flow = flow_of("rnn", 12, 0.7)
    jacobian = gf.state_jacobian(flow, 12)
    for k in (1, 2):
        values = np.linalg.svd(nudged(flow, 12, 12 - k), compute_uv=False)
        assert 10.0 ** jacobian.log10_smallest[k - 1] == pytest.approx(values[-1], rel=1e-9)


def test_a_dead_unit_leaves_no_smallest_singular_value():
    cell = gf.RNN([[1.0], [-1.0]], [[0.5, 0.2], [0.1, 0.5]], activation="relu")
    flow = gf.gradient_flow(cell, np.ones(5), loss=gf.UnitLoss())
    jacobian = gf.state_jacobian(flow, 5)
    assert np.isneginf(jacobian.log10_smallest).all()
    np.testing.assert_allclose(jacobian.log10_largest[0], math.log10(math.hypot(0.5, 0.2)))
    assert jacobian.lyapunov_exponents[-1] == -math.inf


@pytest.mark.slow
def test_a_driven_gaussian_rnn_decays_by_the_root_of_chi():
    # Chen, Pennington and Schoenholz (2018): chi = sigma_w^2 E[phi'(z)^2] with z of variance
    # q = sigma_w^2 E[phi(z)^2] + sigma_x^2; the squared Frobenius norm shrinks by chi a step.
    H, k, sigma_w, sigma_x = 300, 25, 0.9, 0.5
    generator = np.random.default_rng(0)
    w_s = generator.normal(size=(H, H)) * sigma_w / math.sqrt(H)
    inputs = 40
    w_x = generator.normal(size=(H, inputs)) * sigma_x / math.sqrt(inputs)
    flow_x = generator.normal(size=(80, inputs))
    cell = gf.RNN(w_x, w_s)
    readout = gf.Readout(np.eye(H)[0])
    jacobian = gf.state_jacobian(gf.gradient_flow(cell, flow_x, readout, gf.UnitLoss()), 80)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    q = 1.0
    for _ in range(500):
        q = sigma_w**2 * weights @ np.tanh(math.sqrt(q) * nodes) ** 2 + sigma_x**2
    chi = sigma_w**2 * weights @ np.cosh(math.sqrt(q) * nodes) ** -4.0
    norms = [np.linalg.norm(jacobian.over(n).value) for n in (1, k)]
    decay = (norms[1] / norms[0]) ** (1 / (k - 1))
    assert decay == pytest.approx(math.sqrt(chi), rel=0.02)


def test_the_forget_gates_are_no_stand_in_for_the_cell_state():
    generator, H = np.random.default_rng(0), 8
    shapes = (4, H, 1), (4, H, H), (4, H)
    cell = gf.LSTM(*(generator.uniform(-(H**-0.5), H**-0.5, shape) for shape in shapes))
    flow = gf.gradient_flow(cell, generator.normal(size=20), loss=gf.UnitLoss())
    over = gf.state_jacobian(flow, 20).of_cell_state().over(20)
    size = np.linalg.norm(over.value.sum(axis=0)) / math.sqrt(H)
    expected = np.linalg.norm(nudged(flow, 20, 0)[H:, H:].sum(axis=0)) / math.sqrt(H)
    assert size == pytest.approx(expected, rel=1e-10)
    gates = 10.0 ** (flow.log10_forget_row(20)[-1] + np.log10(flow.trace.gates[0, 1]).mean())
    assert size > 20 * gates


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda flow: gf.state_jacobian(flow, 7), "t must be a whole number from 1 to 6. Got 7"),
        (lambda flow: gf.state_jacobian(flow, 1, 1), "layer must be a whole number"),
        (lambda flow: gf.state_jacobian(flow, 3).over(4), "k must be a whole number from 1 to 3"),
        (lambda flow: gf.state_jacobian(flow, 3).one_step(0), "j must be a whole number from 1"),
        (lambda flow: gf.state_jacobian(flow, 3).of_cell_state(), "one LSTM. Got GRU"),
    ],
)
def test_bad_arguments_are_named(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(flow_of("gru"))


def test_a_record_prints_in_a_line_and_cannot_be_written_to():
    jacobian = gf.state_jacobian(flow_of("lstm"), 4)
    assert repr(jacobian) == "StateJacobian(t=4, states=h, c, N=6)"
    assert repr(jacobian.of_cell_state()) == "CellStateJacobian(t=4, H=3)"
    assert not jacobian.one_step(2).flags.writeable
    assert not jacobian.log10_largest.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        jacobian.t = 3


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS)
def test_the_table_of_starts_holds_for_one_more_start(start):
    table = columns(table_of(PAGE.read_text(encoding="utf-8")))
    generator = np.random.default_rng(99)
    cell = STARTS[start](generator)
    steps, inputs = 100, 32
    flow = gf.gradient_flow(cell, generator.normal(size=(steps, inputs)), loss=gf.UnitLoss())
    over = gf.state_jacobian(flow, steps).of_cell_state().over(steps)
    found = math.log10(np.linalg.norm(over.value.sum(axis=0)) / math.sqrt(cell.H))
    told = float(table["sum of c"][table["start"].index(start)])
    assert found == pytest.approx(told, abs=1.2)  # one start, beside the median of five
    assert told == pytest.approx({"PyTorch": -20.6, "Keras": -8.6, "chrono": -1.4}[start], abs=0.75)


def table_of(page):
    """The lines of the table on a page."""
    return "\n".join(line for line in page.splitlines() if line.startswith("|"))
