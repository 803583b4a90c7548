"""Layers that read in both directions, against autograd, long arithmetic and one-way layers."""

import itertools
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.engine import sweep_both_ways

T, D = 6, 2
DIRECTIONS = ("forward", "reverse")


def lstm(D, H, seed):
    generator = np.random.default_rng(seed)
    return gf.LSTM(*(generator.normal(size=(4, H, n)) for n in (D, H)), np.zeros((4, H)))


def rnn(D, H, seed, b=0.0, activation="tanh"):
    generator = np.random.default_rng(seed)
    w_x, w_s = (generator.normal(size=(H, n)) / 2 for n in (D, H))
    w_s[generator.random((H, H)) < 0.4] = 0.0
    w_x[generator.random((H, D)) < 0.3] = 0.0
    return gf.RNN(w_x, w_s, np.broadcast_to(b, (H,)), activation)


def inputs(T, D=D):
    return np.random.default_rng(5).normal(size=(T, D))


def pair(make, D, H, seed, merge="concat", **named):
    return gf.Bidirectional(make(D, H, seed, **named), make(D, H, seed + 1, **named), merge)


STACK = gf.BidirectionalStack([pair(lstm, D, 3, 0), pair(lstm, 6, 2, 2)])
X = inputs(T)
W = np.full(T, 1e-100)


@pytest.fixture(scope="module")
def flow():
    return gf.gradient_flow(STACK, X, loss=gf.UnitLoss())


CASES = [*itertools.product(("tanh", "lstm", "gru"), ("concat",), ((3,), (3, 2), (2, 3, 2)))]
CASES += [("projected", "concat", (3, 2))]
CASES += [("lstm", merge, (3, 3)) for merge in ("sum", "mul", "ave")]


@pytest.mark.parametrize(("kind", "merge", "sizes"), CASES)
def test_every_term_is_that_of_autograd(kind, merge, sizes):
    torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")
    from oracles import torch_models as models

    layers = models.network_both_ways(kind, D, sizes, merge, seed=3)
    stack = models.stack_both_ways(kind, layers, merge)
    w_o = torch.randn(stack.H, dtype=torch.float64)
    of_biases, of_inputs = models.terms_both_ways(layers, torch.from_numpy(X), merge, w_o)
    found = gf.gradient_flow(stack, X, gf.Readout(w_o.numpy()), gf.UnitLoss())
    for name, expected in models.totals_both_ways(
        kind, layers, torch.from_numpy(X), merge, w_o
    ).items():
        total = found.total(name)
        np.testing.assert_allclose(total, expected, rtol=1e-10, atol=1e-13, err_msg=name)
        norms = np.linalg.norm(expected.reshape(T, -1), axis=1)
        np.testing.assert_allclose(10.0 ** found.log10_total(name), norms, rtol=1e-10)
    of_inputs = np.linalg.norm(of_inputs, axis=2)
    np.testing.assert_allclose(found.value("x"), of_inputs, rtol=1e-10)
    for layer, both in enumerate(of_biases):
        for direction, expected in zip(DIRECTIONS, both, strict=True):
            value = np.nan_to_num(found.value("b", layer, direction))
            np.testing.assert_allclose(value, np.linalg.norm(expected, axis=2), rtol=1e-10)
            row = 10.0 ** found.log10_row("b", 4, layer, direction)
            norms = np.linalg.norm(expected[3], axis=1)
            np.testing.assert_allclose(np.nan_to_num(row), norms, rtol=1e-10)


def scalar(cell):
    """A cell of one unit and one input, given as numbers."""
    return gf.LSTM(*(weight.reshape(4) for weight in (cell.w_x, cell.w_h, cell.b)))


@pytest.mark.parametrize("merge", ["sum", "mul"])
def test_terms_of_scalar_cells_have_the_signs_of_autograd(merge):
    torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")
    from oracles import torch_models as models

    layers = models.network_both_ways("lstm", 1, (1, 1), merge, seed=1)
    cells = models.stack_both_ways("lstm", layers, merge).layers
    pairs = [gf.Bidirectional(scalar(one.forward), scalar(one.reverse), merge) for one in cells]
    x, w_o = X[:, :1], torch.tensor([-1.5], dtype=torch.float64)
    found = gf.gradient_flow(gf.BidirectionalStack(pairs), x, gf.Readout(-1.5), gf.UnitLoss())
    terms, of_inputs = models.terms_both_ways(layers, torch.from_numpy(x), merge, w_o)
    np.testing.assert_allclose(found.value("x"), of_inputs[:, :, 0], rtol=1e-10)
    np.testing.assert_array_equal(found.sign("x"), np.sign(of_inputs[:, :, 0]))
    for (layer, way), gate in itertools.product(np.ndindex(2, 2), range(4)):
        place, expected = (layer, DIRECTIONS[way]), terms[layer][way][:, :, gate]
        name = f"b_{'ifco'[gate]}"
        np.testing.assert_array_equal(found.sign(name, *place), np.sign(expected))
        value = found.value(name, *place)
        np.testing.assert_allclose(np.nan_to_num(value), expected, rtol=1e-10)
        np.testing.assert_allclose(10.0 ** found.log10(name, *place), np.abs(value), rtol=1e-12)
    expected = models.totals_both_ways("lstm", layers, torch.from_numpy(x), merge, w_o)
    for name, total in expected.items():
        total = total.reshape(T, 4)
        np.testing.assert_allclose(found.total(name), total, rtol=1e-10)
        np.testing.assert_array_equal(found.sign_total(name), np.sign(total))
        parts = [np.nansum(found.value(part), axis=1) for part in parts_of(name)]
        np.testing.assert_allclose(total, np.transpose(parts), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("targets", [None, [2, 5]])
def test_a_row_is_that_of_the_square(targets):
    flow = gf.gradient_flow(STACK, X, loss=gf.UnitLoss(), targets=targets)
    names = [("x", None, None), ("0.reverse.w_hf", None, None)]
    names += [("w_x", layer, way) for layer in (0, 1) for way in DIRECTIONS]
    for index, t in enumerate(flow.targets.tolist()):
        for name, *place in names:
            row = flow.log10_row(name, t, *place)  # of the inputs first without the square
            np.testing.assert_array_equal(
                np.isfinite(row), np.isfinite(flow.log10(name, *place)[index])
            )
            np.testing.assert_allclose(row, flow.log10(name, *place)[index], rtol=1e-12)
    with pytest.raises(ValueError, match=r"row must be asked of a scalar cell"):
        flow.row("b", 2, 0, "forward")
    if targets:
        with pytest.raises(ValueError, match=r"one of the targets of the flow, 2, 5. Got 3"):
            flow.log10_row("x", 3)


def test_a_row_of_scalar_cells_has_signs():
    cells = [scalar(lstm(1, 1, seed)) for seed in (1, 2)]
    stack = gf.BidirectionalStack(
        [gf.Bidirectional(*cells, "sum"), gf.Bidirectional(*cells, "sum")]
    )
    flow = gf.gradient_flow(stack, X[:, 0], loss=gf.UnitLoss())
    for t, (layer, way) in itertools.product((1, 3, T), itertools.product((0, 1), DIRECTIONS)):
        for name in ("w_xf", "w_x"):
            row = flow.row(name, t, layer, way)
            value = np.nan_to_num(flow.value(name, layer, way)[t - 1])
            np.testing.assert_allclose(row.plain(), value, rtol=1e-12)
    np.testing.assert_allclose(flow.row("x", 3).plain(), flow.value("x")[2], rtol=1e-12)


def parts_of(group):
    """The parameters that stand for a weight of an LSTM's gates together."""
    return [f"{group}_{gate}" if group[-1] == "b" else f"{group}{gate}" for gate in "ifco"]


def test_the_readout_has_totals_with_one_term(flow):
    w_o = flow.trace.hidden[1:].sum(axis=1)  # one number multiplies them all
    np.testing.assert_allclose(flow.total("readout.w_o"), w_o, rtol=1e-13)
    np.testing.assert_array_equal(flow.sign_total("readout.w_o"), np.sign(w_o))
    assert flow.total("readout.b_o").tolist() == [1.0] * T


def test_totals_of_blocks_and_of_chosen_targets_are_those_of_all(flow, monkeypatch):
    monkeypatch.setattr(sweep_both_ways, "KEPT", 2 * T * 6)
    some = gf.gradient_flow(STACK, X, loss=gf.UnitLoss(), targets=[1, 2, 5])
    for name in ("0.reverse.w_h", "1.forward.w_x", "1.reverse.b"):
        np.testing.assert_allclose(some.total(name), flow.total(name)[[0, 1, 4]], rtol=1e-12)


def test_totals_are_right_far_below_float64():
    stack = gf.BidirectionalStack([pair(lstm, D, 3, 0), pair(lstm, 6, 3, 2)])
    plain = gf.gradient_flow(stack, X, loss=gf.UnitLoss())
    tiny = gf.gradient_flow(stack, X, gf.Readout(np.full(6, 1e-300)), gf.UnitLoss(), weights=W)
    for name in ("0.forward.w_x", "0.reverse.w_h", "1.reverse.b"):
        expected = plain.log10_total(name) - 300 + np.log10(W)
        np.testing.assert_allclose(tiny.log10_total(name), expected, rtol=1e-13)


def long_terms(stack, x, w_o):
    """log10 of the norms of dL_t/db_j of tanh layers, in 60 digits from the explicit chain rule."""
    T = len(x)
    flow_in = [[mp.mpf(float(v)) for v in row] for row in x]
    runs = []
    for number in range(len(stack.layers)):
        cells = stack.directions(number).values()
        run = []
        for way, cell in enumerate(cells):
            w_x, w_s = (mp.matrix(w.tolist()) for w in (cell.w_x, cell.w_s))
            s, slopes, states = mp.matrix(cell.H, 1), [None] * T, [None] * T
            for j in range(T)[:: -1 if way else 1]:
                z = w_x * mp.matrix(flow_in[j]) + w_s * s + mp.matrix(cell.b.tolist())
                s = z.apply(mp.tanh)
                slopes[j], states[j] = z.apply(lambda v: 1 / mp.cosh(v) ** 2), list(s)
            run.append((w_x, w_s, slopes, states))
        runs.append(run)
        flow_in = [a + b for a, b in zip(run[0][3], run[1][3], strict=True)]
    found = np.full((len(runs), 2, T, T), -np.inf)
    for t in range(T):
        above = [mp.matrix(stack.H, 1) for _ in range(T)]
        above[t] = mp.matrix(w_o.tolist())
        for layer in reversed(range(len(runs))):
            below = [mp.matrix(runs[layer][0][0].cols, 1) for _ in range(T)]
            H = len(above[0]) // 2
            for way, (w_x, w_s, slopes, _) in enumerate(runs[layer]):
                carried = mp.matrix(H, 1)
                for j in range(T)[:: 1 if way else -1]:
                    own = mp.matrix(list(above[j])[H:] if way else list(above[j])[:H])
                    signal = own + carried
                    delta = mp.matrix([a * b for a, b in zip(signal, slopes[j], strict=True)])
                    if any(delta):
                        found[layer, way, t, j] = float(mp.log10(mp.norm(delta)))
                    carried = w_s.T * delta
                    below[j] += w_x.T * delta
            above = below
    return found


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_terms_are_right_far_below_float64(seed):
    generator = np.random.default_rng(seed)
    H, T = 3, 5

    def saturated(D, seed):
        return pair(rnn, D, H, seed, b=generator.choice([0.5, 40.0, -300.0, 900.0, 5000.0], H))

    stack = gf.BidirectionalStack([saturated(D, 10 * seed), saturated(2 * H, 10 * seed + 5)])
    w_o = generator.choice([0.0, 1.0, 1e-200], 2 * H)
    w_o[seed] = 1.0
    found = gf.gradient_flow(stack, inputs(T), gf.Readout(w_o), gf.UnitLoss())
    with mp.workdps(60):
        expected = long_terms(stack, inputs(T), w_o)
    assert expected[np.isfinite(expected)].min() < -308
    for layer, way in np.ndindex(2, 2):
        log10 = found.log10("b", layer, DIRECTIONS[way])
        log10 = np.where(np.isnan(log10), -np.inf, log10)
        # 1e-10 of the term, beside the spacing of float64 at its logarithm.
        np.testing.assert_allclose(log10, expected[layer, way], rtol=1e-15, atol=5e-11)


def test_one_layer_is_each_direction_by_itself():
    forward, reverse = lstm(D, 3, 0), lstm(D, 3, 1)
    w_o = np.random.default_rng(0).normal(size=6)
    stack = gf.BidirectionalStack([gf.Bidirectional(forward, reverse)])
    found = gf.gradient_flow(stack, X, gf.Readout(w_o), gf.UnitLoss())
    alone = {
        "forward": gf.gradient_flow(forward, X, gf.Readout(w_o[:3]), gf.UnitLoss()),
        "reverse": gf.gradient_flow(reverse, X[::-1], gf.Readout(w_o[3:]), gf.UnitLoss()),
    }
    for direction, one in alone.items():
        log10 = found.log10("w_xf", direction=direction)
        for t in range(1, T + 1):
            row = log10[t - 1] if direction == "forward" else log10[t - 1, ::-1]
            own = t if direction == "forward" else T + 1 - t
            np.testing.assert_allclose(row[:own], one.log10_row("w_xf", own)[::-1], rtol=1e-12)
            assert np.isnan(row[own:]).all()


def test_under_a_bidirectional_layer_every_step_has_a_term(flow):
    for direction in DIRECTIONS:
        assert np.isfinite(flow.log10("b", 0, direction)).all()
        assert np.isnan(flow.log10("b", 1, direction)).sum() == T * (T - 1) // 2


def test_a_layer_above_may_read_one_way():
    below = pair(rnn, D, 3, 0, merge="ave")
    above = rnn(3, 2, 7)
    found = gf.gradient_flow(gf.BidirectionalStack([below, above]), X, loss=gf.UnitLoss())
    read = found.trace.layers[1]["forward"].x
    alone = gf.gradient_flow(above, read, loss=gf.UnitLoss())
    for t in range(1, T + 1):
        np.testing.assert_allclose(found.log10("b", 1)[t - 1, :t], alone.log10_row("b", t)[::-1])
    np.testing.assert_allclose(found.value("x"), nudged_inputs(found.cell, X), rtol=1e-7)


def nudged_inputs(stack, x):
    """Norms of dL_t/dx_j of the sum of the hidden units, by central differences."""

    def o(x):
        start = dict(zip(stack.states, map(np.zeros, stack.widths), strict=True))
        return stack.run(x, start, stack.weights)[1][1:]

    step, found = 1e-6, np.zeros((T, T, D))
    for j, d in np.ndindex(T, D):
        nudge = np.zeros_like(x)
        nudge[j, d] = step
        found[:, j, d] = (o(x + nudge).sum(axis=1) - o(x - nudge).sum(axis=1)) / (2 * step)
    return np.linalg.norm(found, axis=2)


def test_blocks_of_targets_change_nothing(flow, monkeypatch):
    monkeypatch.setattr(sweep_both_ways, "KEPT", 2 * T * 6)
    seen = []
    again = gf.gradient_flow(STACK, X, loss=gf.UnitLoss(), on_step=seen.append)
    for name in flow.parameters:
        np.testing.assert_allclose(again.log10(name), flow.log10(name), rtol=1e-13)
    np.testing.assert_allclose(again.log10("x"), flow.log10("x"), rtol=1e-13)
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1


def test_chosen_targets_have_their_rows_of_all(flow):
    some = gf.gradient_flow(STACK, X, loss=gf.UnitLoss(), targets=[2, 5])
    assert some.index_of(5) == 1
    for name in ("0.forward.w_xf", "1.reverse.b_i", "x"):
        np.testing.assert_allclose(some.log10(name), flow.log10(name)[[1, 4]], rtol=1e-12)


def test_digits_of_one_layer_are_those_of_each_direction_by_itself():
    rnn, x = gf.RNN(0.5, 1.0, activation="identity"), gf.sequences.sine(40)
    both = gf.BidirectionalStack([gf.Bidirectional(rnn, rnn, merge="sum")])
    found = gf.gradient_flow(both, x, loss=gf.UnitLoss())
    for direction, read in (("forward", x), ("reverse", x[::-1])):
        alone = gf.gradient_flow(rnn, read, loss=gf.UnitLoss()).digits("w_s")
        digits = found.digits("w_s", direction=direction)
        assert np.nanmin(digits) < 1
        for t in range(1, 41):
            row = digits[t - 1] if direction == "forward" else digits[40 - t, ::-1]
            # Of more digits than twelve, how both are told apart is rounded itself.
            few, own = (np.minimum(digits, 12) for digits in (row[:t], alone[t - 1, :t][::-1]))
            np.testing.assert_allclose(few, own, atol=1e-3)
            assert np.isnan(row[t:]).all()


def test_a_sum_of_both_directions_that_cancels_has_no_digits():
    rnn, x = gf.RNN(1.0, 1.0, activation="identity"), [0.64, 0.1, -1.38]
    stack = gf.BidirectionalStack([gf.Bidirectional(rnn, rnn, merge="sum"), rnn])
    found = gf.gradient_flow(stack, x, loss=gf.UnitLoss())
    exact = [sum(map(Fraction, x)) + Fraction(x_j) for x_j in x]
    assert 0 < abs(exact[0]) < 1e-15
    digits = found.digits("w_x", 1)
    assert digits[:, 0].max() < 1
    assert min(digits[1, 1], digits[2, 1], digits[2, 2]) > 15
    for t, j in zip(*np.tril_indices(3), strict=True):
        log10 = found.refined().log10("w_x", 1)[t, j]
        assert log10 == pytest.approx(np.log10(float(abs(exact[j]))), abs=1e-12)


def test_a_zero_has_its_digits_unless_it_is_for_the_want_of_smaller_numbers():
    both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
    stack = gf.BidirectionalStack([both, both])
    found = gf.gradient_flow(stack, [1.0, 0.0, 0.5], loss=gf.UnitLoss())
    assert np.isneginf(found.log10("w_x", 0, "forward")[:, 1]).all()
    assert found.digits("w_x", 0, "forward")[:, 1].min() > 15
    shut = gf.LSTM.scalar(0.5, 0.5, b_i=-800.0)  # i is below the least of float64
    stack = gf.BidirectionalStack([gf.Bidirectional(shut, shut, merge="sum")] * 2)
    found = gf.gradient_flow(stack, [1.0, 0.0, 0.5], loss=gf.UnitLoss())
    log10 = found.log10("w_hf", 0, "forward")
    assert np.isneginf(log10[:, 1:]).all()
    assert found.digits("w_hf", 0, "forward")[:, 1:].max() == 0
    assert found.digits("w_xf", 0, "reverse")[:, 1].min() > 15  # the input is 0


def test_vector_layers_have_the_digits_of_their_states(flow):
    if np.finfo(np.longdouble).eps >= np.finfo(float).eps:
        pytest.skip("longdouble is no wider than float64 on this machine")
    for name in ("0.reverse.w_h", "1.forward.b", "x"):
        digits = flow.digits(name)
        assert digits[np.isfinite(flow.log10(name))].min() > 12
        np.testing.assert_array_equal(np.isnan(digits), np.isnan(flow.log10(name)))


def test_a_masked_step_is_as_if_it_were_not_there(flow):
    x = np.insert(X, 3, 9.0, axis=0)
    masked = gf.gradient_flow(STACK, x, loss=gf.UnitLoss(), mask=np.arange(T + 1) != 3)
    assert masked.steps.tolist() == [1, 2, 3, 5, 6, 7]
    np.testing.assert_array_equal(
        masked.log10("w_h", 0, "reverse"), flow.log10("w_h", 0, "reverse")
    )


def test_shares_add_up_and_groups_are_norms(flow):
    assert flow.share("w_x", 0, "reverse").sum(axis=1) == pytest.approx(np.ones(T))
    parts = [flow.value(f"w_x{gate}", 0, "forward") for gate in "ifco"]
    np.testing.assert_allclose(flow.value("w_x", 0, "forward"), np.linalg.norm(parts, axis=0))


def test_the_sweep_takes_at_most_four_times_the_rows_of_one_direction():
    rows = []

    class Counted(gf.LSTM):
        def back(self, moves, carried, out=None):
            rows.append(len(carried[0]))
            return super().back(moves, carried, out)

    def counted(D, seed):
        cell = lstm(D, 3, seed)
        return Counted(cell.w_x, cell.w_h, cell.b)

    x, work = inputs(40), []
    layers = [[counted(D, 0), counted(3, 1)], [pair(lambda D, H, s: counted(D, s), D, 3, 0),
              pair(lambda D, H, s: counted(D, s), 6, 3, 4)]]  # fmt: skip
    for make, given in zip((gf.Stack, gf.BidirectionalStack), layers, strict=True):
        rows.clear()
        gf.gradient_flow(make(given), x)
        work.append(sum(rows))
    assert work[1] <= 4 * work[0]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda flow: flow.log10("b", 0), "direction must be one of forward, reverse. Got None"),
        (lambda flow: flow.log10("b", direction="forward"), "layer must be a whole number"),
        (lambda flow: flow.log10("w_s", 0, "forward"), "parameter must be one of w_xi"),
        (lambda flow: flow.log10("2.forward.b"), "parameter must be one of 0.forward, 0.reverse"),
        (lambda flow: flow.log10("x", 0, "forward"), "must be left out for 'x'"),
        (lambda flow: flow.sign("b_i", 0, "forward"), "sign must be asked of a scalar cell"),
        (lambda flow: flow.sign("w_x", 0, "forward"), "a norm over the gates has no sign"),
        (lambda flow: flow.sign("x"), "sign must be asked of a scalar cell"),
        (lambda flow: flow.sign_total("b", 1, "reverse"), "sign_total must be asked of a scalar"),
        (lambda flow: flow.total("x"), "the inputs have no total"),
        (lambda flow: flow.total("readout.w_o", 1, "reverse"), "parameter must be one of w_xi"),
        (lambda flow: flow.index_of(T + 1), "t must be a whole number from 1 to 6"),
        (lambda flow: gf.memory.half_life(flow, 3), "flow must run in one direction"),
        (lambda flow: gf.paths(flow, "b", 3, 1), "flow must run in one direction"),
        (
            lambda flow: gf.training_gradient(STACK, X, gf.UnitLoss()),
            "model must run in one direction",
        ),
        (lambda flow: gf.survey(STACK, [X]), "model must run in one direction"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(flow, ask, said):
    with pytest.raises(ValueError, match=said):
        ask(flow)


def test_what_counts_lags_is_not_there(flow):
    with pytest.raises(
        AttributeError, match="by_detours is not there for layers that read in both"
    ):
        flow.by_detours("b")
    with pytest.raises(AttributeError, match="has no attribute 'colour'"):
        flow.colour  # noqa: B018


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: gf.Bidirectional(1, lstm(2, 3, 0)), "forward must be a cell"),
        (lambda: gf.Bidirectional(lstm(2, 3, 0), lstm(3, 3, 0)), "reverse must have D=2"),
        (lambda: gf.Bidirectional(lstm(2, 3, 0), lstm(2, 2, 0), "sum"), "reverse must have H=3"),
        (lambda: gf.Bidirectional(lstm(2, 3, 0), lstm(2, 3, 0), "max"), "merge must be one of"),
        (lambda: gf.BidirectionalStack([]), "layers must have a Bidirectional"),
        (lambda: gf.BidirectionalStack([lstm(2, 3, 0)]), "others make a Stack"),
        (lambda: gf.BidirectionalStack(3), "layers must be a list"),
        (lambda: gf.BidirectionalStack([3]), "layers must be Bidirectional or cells"),
        (lambda: gf.BidirectionalStack([*STACK.layers, lstm(2, 3, 0)]), "D=4 for layer 2"),
    ],
)
def test_layers_that_do_not_fit_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
