"""Facts that hold for every cell and sequence, checked on many small ones (hypothesis)."""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import gradflow as gf

settings.register_profile(
    "gradflow", derandomize=True, database=None, deadline=None, max_examples=40
)
settings.load_profile("gradflow")

EIGHTHS = st.integers(-16, 16).map(lambda n: n / 8)  # zeros and repeated values come up often
NOT_ZERO = EIGHTHS.filter(bool)
ACTIVATIONS = st.sampled_from(["tanh", "identity", "sigmoid", "relu"])


def numbers(*shape):
    return arrays(float, shape, elements=EIGHTHS)


def scalar_rnns():
    return st.builds(gf.RNN, EIGHTHS, EIGHTHS, EIGHTHS, ACTIVATIONS)


def scalar_lstms():
    by_gate = st.fixed_dictionaries(dict.fromkeys("ifco", EIGHTHS))
    biases = dict.fromkeys(["b_f", "b_i", "b_c", "b_o"], EIGHTHS)
    return st.builds(gf.LSTM.scalar, w_x=by_gate, w_h=by_gate, **biases)


@st.composite
def vector_cells(draw):
    H, D = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if draw(st.booleans()):
        return gf.LSTM(draw(numbers(4, H, D)), draw(numbers(4, H, H)), draw(numbers(4, H)))
    return gf.RNN(draw(numbers(H, D)), draw(numbers(H, H)), draw(numbers(H)), draw(ACTIVATIONS))


SCALAR = scalar_rnns() | scalar_lstms()
ANY = SCALAR | vector_cells()


@st.composite
def flows(draw, cells=ANY, loss=None):
    cell, T = draw(cells), draw(st.integers(1, 7))
    states = "hc" if isinstance(cell, gf.LSTM) else "s"
    return gf.gradient_flow(
        cell,
        draw(numbers(T, cell.D)),
        readout=gf.Readout(draw(EIGHTHS), draw(EIGHTHS)),
        loss=loss or gf.SquaredError(draw(EIGHTHS)),
        initial_state={name: draw(numbers(cell.H)) for name in states if draw(st.booleans())},
    )


def again(flow, **changes):
    """The flow of the same problem with some of it changed."""
    given = {
        name: getattr(flow, name) for name in ("cell", "x", "readout", "loss", "initial_state")
    }
    return gf.gradient_flow(**{**given, **changes})


def all_names(flow):
    return (*flow.parameters, *(("w_x", "w_h", "b") if isinstance(flow.cell, gf.LSTM) else ()))


def assert_same_log10(found, expected, digits=1e-11):
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=digits)


@given(flows(SCALAR))
def test_terms_add_up_to_the_total(flow):
    for name in flow.parameters:
        terms = np.nan_to_num(flow.value(name))
        error = np.abs(terms.sum(axis=1) - flow.total(name))
        assert (error <= 1e-13 * np.abs(terms).sum(axis=1)).all()


@given(flows(vector_cells()))
def test_the_total_is_no_longer_than_its_terms_together(flow):
    for name in all_names(flow):
        size = np.sqrt((flow.total(name).reshape(flow.T, -1) ** 2).sum(axis=1))
        terms = np.nan_to_num(flow.value(name))
        assert (size <= terms.sum(axis=1) * (1 + 1e-12) + 1e-300).all()
        np.testing.assert_allclose(size[0], terms[0, 0], rtol=1e-12, atol=1e-300)


@given(flows(loss=gf.UnitLoss()), NOT_ZERO)
def test_scaling_the_readout_scales_every_term(flow, factor):
    scaled = again(flow, readout=gf.Readout(flow.readout.w_o * factor, flow.readout.b_o))
    for name in all_names(flow):
        assert_same_log10(scaled.log10(name), flow.log10(name) + np.log10(abs(factor)))
        if flow.cell.signed and name in flow.parameters:
            np.testing.assert_array_equal(scaled.sign(name), flow.sign(name) * np.sign(factor))


@given(flows(), st.data())
def test_a_step_of_zero_input_has_exactly_zero_terms(flow, data):
    j = data.draw(st.integers(1, flow.T))
    x = np.array(flow.x)
    x[j - 1] = 0.0
    silent = again(flow, x=x)
    for name in [name for name in all_names(flow) if name.startswith("w_x")]:
        for t in range(j, flow.T + 1):
            assert np.isneginf(silent.log10(name)[t - 1, t - j])
            assert silent.value(name)[t - 1, t - j] == 0.0
            if flow.cell.signed and name in flow.parameters:
                assert silent.sign(name)[t - 1, t - j] == 0


@given(flows())
def test_beyond_the_first_input_there_is_no_term(flow):
    beyond = ~np.tri(flow.T, dtype=bool)
    for name in all_names(flow):
        assert flow.log10(name).shape == flow.value(name).shape == (flow.T, flow.T)
        for terms in (flow.log10(name), flow.value(name), flow.share(name)):
            assert np.isnan(terms[beyond]).all()
        assert not np.isnan(flow.log10(name)[~beyond]).any()
        assert not np.isnan(flow.value(name)[~beyond]).any()
        if flow.cell.signed and name in flow.parameters:
            assert flow.sign(name).dtype == np.int8
            assert (flow.sign(name)[beyond] == 0).all()


@given(flows())
def test_values_signs_and_logarithms_tell_the_same(flow):
    for name in all_names(flow):
        value, log10 = flow.value(name), flow.log10(name)
        np.testing.assert_allclose(np.abs(value), 10.0**log10, rtol=1e-11, atol=1e-300)
        if flow.cell.signed and name in flow.parameters:
            inside = np.tri(flow.T, dtype=bool)
            np.testing.assert_array_equal(np.sign(value)[inside], flow.sign(name)[inside])
            together = flow.signed_log10(name)
            np.testing.assert_allclose(together[0], log10, rtol=1e-15)
            np.testing.assert_array_equal(together[1], flow.sign(name))
        else:
            assert (value[np.tri(flow.T, dtype=bool)] >= 0).all()


@given(flows())
def test_a_row_is_that_of_all_rows(flow):
    for name in (*flow.parameters, *flow.cell.groups):
        for t in range(1, flow.T + 1):
            row = flow.log10(name)[t - 1, :t]
            np.testing.assert_allclose(flow.log10_row(name, t), row, rtol=1e-13, atol=1e-13)
            if flow.cell.signed:
                terms = flow.row(name, t)
                np.testing.assert_allclose(terms.log10(), row, rtol=1e-13, atol=1e-13)
                if name in flow.parameters:
                    signs = flow.sign(name)[t - 1, :t]
                    np.testing.assert_array_equal(np.sign(terms.mantissa), signs)


def test_a_row_of_numbers_is_not_to_be_had_of_a_vector_cell():
    flow = gf.gradient_flow(gf.RNN(np.ones((2, 1)), np.eye(2)), np.ones(3))
    with pytest.raises(ValueError, match=r"row must be asked of a scalar cell.* Got .* H=2, D=1"):
        flow.row("w_x", 1)


@given(flows(scalar_lstms()))
def test_a_row_of_the_forget_product_is_that_of_all_rows(flow):
    whole = flow.log10_forget_product()
    for t in range(1, flow.T + 1):
        row = flow.log10_forget_row(t)
        np.testing.assert_allclose(row, whole[t - 1, :t], rtol=1e-12, atol=1e-12)


@given(flows(scalar_lstms() | vector_cells().filter(lambda cell: isinstance(cell, gf.LSTM))))
def test_gates_together_are_the_root_of_the_sum_of_squares(flow):
    for group, stem in (("w_x", "w_x"), ("w_h", "w_h"), ("b", "b_")):
        squares = sum(10.0 ** (2 * flow.log10(stem + gate)) for gate in "ifco")
        np.testing.assert_allclose(10.0 ** (2 * flow.log10(group)), squares, rtol=1e-11)
        np.testing.assert_array_equal(
            flow.total(group), np.stack([flow.total(stem + gate) for gate in "ifco"], axis=1)
        )


@given(flows())
def test_shares_of_a_row_add_up_to_one(flow):
    for name in all_names(flow):
        share, value = flow.share(name), np.abs(flow.value(name))
        some = np.nansum(value, axis=1) > 1e-290
        np.testing.assert_allclose(np.nansum(share[some], axis=1), 1.0, rtol=1e-12)
        rows = np.nansum(value, axis=1, keepdims=True)[some]
        np.testing.assert_allclose(share[some], value[some] / rows, rtol=1e-11, atol=1e-290)


@given(flows(scalar_lstms() | vector_cells().filter(lambda cell: isinstance(cell, gf.LSTM))))
def test_the_forget_product_cumulates_log_sigmoid(flow):
    log10_f = -np.log10(1.0 + np.exp(-flow.trace.z[:, 1])).mean(axis=1)
    found = flow.log10_forget_product()
    for t in range(1, flow.T + 1):
        for k in range(1, t + 1):
            expected = log10_f[t + 1 - k : t].sum()
            np.testing.assert_allclose(found[t - 1, k - 1], expected, rtol=1e-12, atol=1e-13)


@given(flows(), st.data())
def test_a_target_does_not_depend_on_later_inputs(flow, data):
    t = data.draw(st.integers(1, flow.T))
    prefix = again(flow, x=flow.x[:t])
    for name in all_names(flow):
        assert_same_log10(prefix.log10(name), flow.log10(name)[:t, :t], digits=1e-12)
        np.testing.assert_allclose(prefix.total(name), flow.total(name)[:t], rtol=1e-9, atol=1e-13)


@given(flows(), st.data())
def test_a_run_can_be_taken_up_from_the_state_it_reached(flow, data):
    m = data.draw(st.integers(0, flow.T - 1))
    states = {name: getattr(flow.trace, name)[m] for name in flow.initial_state}
    rest = again(flow, x=flow.x[m:], initial_state=states)
    inside = np.tri(rest.T, dtype=bool)
    for name in all_names(flow):
        expected = flow.log10(name)[m:, : rest.T]
        assert_same_log10(rest.log10(name)[inside], expected[inside], digits=1e-12)


@given(flows(vector_cells()), st.randoms(use_true_random=False))
def test_the_order_of_the_hidden_units_does_not_matter(flow, random):
    order = list(range(flow.cell.H))
    random.shuffle(order)
    cell = flow.cell
    if isinstance(cell, gf.LSTM):
        w_h = cell.w_h[:, order][:, :, order]
        changed = replace(cell, w_x=cell.w_x[:, order], w_h=w_h, b=cell.b[:, order])
    else:
        w_s = cell.w_s[order][:, order]
        changed = replace(cell, w_x=cell.w_x[order], w_s=w_s, b=cell.b[order])
    start = {name: state[order] for name, state in flow.initial_state.items()}
    shuffled = again(flow, cell=changed, initial_state=start)
    for name in all_names(flow):
        found, expected = shuffled.value(name), flow.value(name)
        scale = np.nanmax(np.abs(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * scale)


@given(flows(st.builds(gf.RNN, EIGHTHS, NOT_ZERO, EIGHTHS, st.just("identity")), gf.UnitLoss()))
def test_a_linear_cell_shrinks_by_w_s_a_step(flow):
    k = np.arange(1, flow.T + 1)
    row = flow.readout.w_o * flow.cell.w_s ** (k - 1.0)
    np.testing.assert_allclose(flow.value("b")[-1], row, rtol=1e-13)


@given(scalar_lstms(), numbers(6), NOT_ZERO)
def test_without_recurrent_weights_the_cell_path_is_the_whole(cell, x, w_o):
    cell = replace(cell, w_h=np.zeros(4))
    flow = gf.gradient_flow(cell, x, gf.Readout(w_o), gf.UnitLoss())
    _, f, candidate, o = flow.trace.gates[:, :, 0].T
    to_c = w_o * o * (1 - np.tanh(flow.trace.c[1:, 0]) ** 2)
    slope = flow.trace.gates[:, 0, 0] * (1 - candidate**2)
    for t in range(6):
        path = [to_c[t] * np.prod(f[j + 1 : t + 1]) * slope[j] for j in range(t, -1, -1)]
        np.testing.assert_allclose(flow.value("b_c")[t, : t + 1], path, rtol=1e-11)


@given(flows())
def test_what_a_flow_hands_out_is_read_only_and_its_records_frozen(flow):
    names = all_names(flow)
    handed = [ask(n) for n in names for ask in (flow.log10, flow.value, flow.share, flow.total)]
    records = (flow, flow.cell, flow.trace, flow.readout, flow.loss)
    held = [getattr(r, f.name) for r in records if is_dataclass(r) for f in fields(r)]
    handed += [array for array in held if isinstance(array, np.ndarray)]
    handed += [*flow.initial_state.values(), flow.log10_total("b"), flow.total("readout.w_o")]
    for slope in (flow.loss_slope, flow.state_slope):
        handed += [slope.mantissa, slope.exponent]
    if flow.cell.signed:
        handed.append(flow.sign(flow.parameters[0]))
    assert len(handed) > 15
    for array in handed:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    for record in records:
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, None)


@pytest.mark.parametrize("cell", [gf.LSTM.scalar(0.5, -0.7), gf.RNN([[0.5], [1.0]], np.eye(2) / 3)])
def test_weights_of_the_steps_multiply_the_rows(cell):
    w = np.array([0.0, 2.0, -0.5, 1e-200, 1.0])
    x, loss = np.linspace(-1.0, 1.0, 5), gf.SquaredError(0.5)
    flow = gf.gradient_flow(cell, x, loss=loss, weights=w)
    plain = gf.gradient_flow(cell, x, loss=loss)
    np.testing.assert_array_equal(flow.weights, w)
    for name in ("b", "w_x", "readout.w_o"):
        shape = (-1, *[1] * (plain.total(name).ndim - 1))
        np.testing.assert_allclose(
            flow.total(name), w.reshape(shape) * plain.total(name), rtol=1e-14
        )
    with np.errstate(divide="ignore"):
        expected = plain.log10("b") + np.log10(np.abs(w))[:, None]
    np.testing.assert_allclose(flow.log10("b"), expected, rtol=1e-12, atol=1e-13)


def test_weights_that_are_not_one_a_step_are_refused():
    with pytest.raises(ValueError, match=r"^weights must have shape \(T,\) with T=3 "):
        gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 2.0, 3.0], weights=[1.0])
