"""Flows of chosen targets: the rows that a flow of every target has, and no others."""

import numpy as np
import pytest
from oracles.random_cells import KINDS, H, cell_of
from support.needed import needed_module

import gradflow as gf

T, D = 9, 2
STEPS = [2, 3, 7]
SCALAR = {
    "scalar rnn": gf.RNN(0.5, -0.9, 0.1),
    "scalar lstm": gf.LSTM.scalar(0.5, -0.7),
    "scalar gru": gf.GRU.scalar(0.5, 0.8),
    "scalar stack": gf.Stack([gf.LSTM.scalar(0.5, 0.7), gf.RNN(0.8, -0.9)]),
    "saturated": gf.RNN(300.0, -2.0),
}


def flows(kind, targets=None, **options):
    """The same cell on the same sequence: every target, and some."""
    generator = np.random.default_rng(3)
    if kind in SCALAR:
        cell, x, readout = SCALAR[kind], generator.normal(size=T), gf.Readout(1.3)
    else:
        cell, x = cell_of(kind, generator, D), generator.normal(size=(T, D))
        readout = gf.Readout(generator.normal(size=(2, H)))
    every = gf.gradient_flow(cell, x, readout, gf.SquaredError(0.3), **options)
    some = gf.gradient_flow(
        cell, x, readout, gf.SquaredError(0.3), targets=targets or STEPS, **options
    )
    return every, some


@pytest.fixture(params=[*KINDS, *SCALAR])
def both(request):
    return flows(request.param)


ROWS = np.array(STEPS) - 1


def names_of(flow):
    return [*flow.cell.parameters, *flow.cell.groups]


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.slow
def test_its_rows_are_those_of_a_flow_of_every_target(both):
    every, some = both
    assert some.targets.tolist() == STEPS
    assert every.targets.tolist() == list(range(1, T + 1))
    assert [some.index_of(t) for t in STEPS] == [0, 1, 2]
    for name in [*names_of(every), "0.x" if len(every.layers) > 1 else "x"]:
        name = name.removeprefix("0.") if name == "0.x" else name
        for question in ("log10", "value", "share"):
            same(getattr(some, question)(name), getattr(every, question)(name)[ROWS])
        for t in STEPS:
            same(some.log10_row(name, t), every.log10_row(name, t))
    if every.cell.signed:
        for name in every.cell.parameters:
            np.testing.assert_array_equal(some.sign(name), every.sign(name)[ROWS])
            same(some.signed_log10(name)[0], every.log10(name)[ROWS])
            np.testing.assert_array_equal(some.signed_log10(name)[1], every.sign(name)[ROWS])
            for t in STEPS:
                same(some.row(name, t).plain(), every.row(name, t).plain())


@pytest.mark.slow
def test_its_totals_are_those_of_these_targets(both):
    every, some = both
    for name in [*every.cell.weights, "readout.w_o", "readout.b_o"]:
        same(some.total(name), every.total(name)[ROWS])
        same(some.log10_total(name), every.log10_total(name)[ROWS])
        if every.cell.signed:
            np.testing.assert_array_equal(some.sign_total(name), every.sign_total(name)[ROWS])
    found, expected = gf.analysis.log10_gradient_norm(some), gf.analysis.log10_gradient_norm(every)
    same(found, expected[ROWS])
    name = next(iter(every.cell.parameters))
    same(
        gf.analysis.log10_clipped(some, name, threshold=0.1),
        gf.analysis.log10_clipped(every, name, threshold=0.1)[ROWS],
    )


def test_its_measures_and_signals_are_those_of_these_targets(both):
    every, some = both
    layer = len(every.layers) - 1
    expected = gf.memory.over_targets(every, layer)
    for t, found in zip(STEPS, gf.memory.over_targets(some, layer), strict=True):
        assert found.t == t == expected[t - 1].t
        same(found.log10_signal, expected[t - 1].log10_signal)
        one, other = (gf.memory.measure(flow, t, layer) for flow in both)
        assert one.cancellation == pytest.approx(other.cancellation, rel=1e-10)
        assert gf.memory.verdict(some, t, layer) == gf.memory.verdict(every, t, layer)
    for t in (3, 5):  # a sweep of its own, of any step
        same(gf.signals(some, t, layer).z.log10, gf.signals(every, t, layer).z.log10)
        same(
            gf.analysis.unit_signals(some, t, layer).log10,
            gf.analysis.unit_signals(every, t, layer).log10,
        )
        found, expected_one = (gf.state_jacobian(flow, t, layer) for flow in both)
        same(found.over(2).log10, expected_one.over(2).log10)


@pytest.mark.parametrize("kind", ["lstm", "scalar lstm"])
def test_its_path_classes_are_those_of_these_targets(kind):
    every, some = flows(kind)
    for name in ("w_xf", "w_x"):
        for classes in ("by_detours", "by_first_gate"):
            found, expected = getattr(some, classes)(name), getattr(every, classes)(name)
            same(found.log10, expected.log10[:, ROWS])
            if expected.sign is not None:
                np.testing.assert_array_equal(found.sign, expected.sign[:, ROWS])
    same(some.log10_forget_product(), every.log10_forget_product()[ROWS])
    same(some.log10_forget_row(5), every.log10_forget_row(5))


def test_its_complex_step_check_is_that_of_these_targets():
    for kind in ("scalar rnn", "scalar lstm", "scalar gru"):
        every, some = flows(kind)
        same(gf.analysis.complex_step_total(some), gf.analysis.complex_step_total(every)[ROWS])
        assert (gf.analysis.residual(some) < 1e-12).all()
        assert [gf.analysis.residual_at(some, t) < 1e-12 for t in STEPS] == [True] * 3


def test_the_last_is_the_last():
    _, some = flows("scalar lstm", "last")
    assert some.targets.tolist() == [T]
    assert repr(some).endswith(f"at t={T})")
    _, some = flows("lstm", STEPS)
    assert repr(some).endswith(f"at t={STEPS[-1]})")


REFUSED = {
    "log10_row": lambda flow: flow.log10_row("b", 5),
    "row": lambda flow: flow.row("b_f", 5),
    "index_of": lambda flow: flow.index_of(5),
    "verdict": lambda flow: gf.memory.verdict(flow, 5),
    "measure": lambda flow: gf.memory.measure(flow, 5),
    "fall_and_tail": lambda flow: gf.memory.fall_and_tail(flow, 5),
    "residual_at": lambda flow: gf.analysis.residual_at(flow, 5),
    "plot_profile": lambda flow: gf.figures.plot_profile(flow, 5),
    "plot_measures": lambda flow: gf.figures.plot_measures(flow, 5),
    "plot_path_classes": lambda flow: gf.figures.plot_path_classes(flow, t=5),
    "plot_comparison": lambda flow: gf.figures.plot_comparison({"LSTM": flow}, t=5),
}


@pytest.mark.parametrize("question", REFUSED)
def test_another_target_is_refused_by_the_names_of_those_there_are(question):
    _, some = flows("scalar lstm")
    says = r"^t must be one of the targets of the flow, 2, 3, 7\. Got 5\.$"
    with pytest.raises(ValueError, match=says):
        REFUSED[question](some)


def test_many_targets_are_named_in_short():
    flow = gf.gradient_flow(SCALAR["scalar rnn"], np.ones(60), targets=range(2, 61, 2))
    says = r"targets of the flow, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, \.\., 60\. Got 3\.$"
    with pytest.raises(ValueError, match=says):
        flow.log10_row("b", 3)


@pytest.mark.parametrize(
    "targets", ["first", [], [0], [T + 1], [3, 2], [3, 3], [1.5], [[1]], 3, [True], [-1]]
)
def test_what_are_no_targets_is_refused(targets):
    with pytest.raises(ValueError, match=r"^targets must be None, \"last\", or whole numbers "):
        gf.gradient_flow(SCALAR["scalar rnn"], np.ones(T), targets=targets)


def test_progress_ends_at_one():
    seen = []
    generator = np.random.default_rng(3)
    cell = cell_of("lstm", generator, D)
    gf.gradient_flow(cell, np.ones((T, D)), on_step=seen.append, targets=STEPS)
    assert seen[-1] == 1.0
    assert (np.diff(seen) > 0.0).all()
    assert len(seen) == STEPS[-1]


def test_one_backward_pass_of_pytorch_has_the_last_target():
    torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")
    torch.manual_seed(0)
    for kind in (torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU):
        network = kind(D, H, 2, batch_first=True).double()
        x = torch.randn(1, T, D, dtype=torch.float64, requires_grad=True)
        network(x)[0][0, -1].sum().backward()
        options = {"cell": "rnn_tanh"} if kind is torch.nn.RNN else {}
        model = gf.from_state_dict(network.state_dict(), **options)
        flow = gf.gradient_flow(model, x[0].detach().numpy(), targets="last")
        inputs = np.linalg.norm(x.grad[0].numpy()[::-1], axis=1)
        same(10.0 ** flow.log10_row("x", T), inputs)
        for layer in (0, 1):
            grad = getattr(network, f"weight_ih_l{layer}").grad.numpy()
            same(flow.total("w_x", layer).reshape(grad.shape), grad)
