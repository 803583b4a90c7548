"""The gradient of a whole loss: against the totals of the flow, known answers and brute force."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from oracles.random_cells import KINDS, H, cell_of

import gradflow as gf

T, D = 9, 2


@pytest.fixture(params=KINDS)
def case(request):
    """A cell, inputs, a readout of two outputs, a loss and weights of the steps."""
    generator = np.random.default_rng(7)
    cell = cell_of(request.param, generator, D)
    x = generator.normal(size=(T, D))
    readout = gf.Readout(generator.normal(size=(2, H)), generator.normal(size=2))
    loss = gf.SquaredError(generator.normal(size=(T, 2)))
    return cell, x, readout, loss, generator.normal(size=T)


def names_of(cell):
    return {*cell.parameters, *cell.groups}


def test_it_is_the_weighted_sum_of_the_totals_of_every_target(case):
    cell, x, readout, loss, w = case
    flow = gf.gradient_flow(cell, x, readout, loss)
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    for name in (*names_of(cell), "readout.w_o", "readout.b_o"):
        expected = np.tensordot(w, flow.total(name), axes=1)
        np.testing.assert_allclose(gradient.value(name), expected, rtol=1e-11, atol=1e-12)


def test_its_source_steps_add_up_and_have_the_norms_that_are_told(case):
    cell, x, readout, loss, w = case
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    for name in names_of(cell):
        parts = gradient.by_source(name)
        np.testing.assert_allclose(
            parts.sum(axis=0), gradient.value(name), rtol=1e-12, atol=1e-13, err_msg=name
        )
        norms = np.linalg.norm(parts.reshape(T, -1), axis=1)
        np.testing.assert_allclose(gradient.source_norms(name), norms, rtol=1e-12, err_msg=name)


def test_a_source_step_has_the_terms_of_all_its_targets():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.7), np.ones(12), loss=gf.UnitLoss())
    gradient = gf.training_gradient(flow.cell, flow.x, flow.loss)
    terms = np.nan_to_num(flow.value("w_xf"))
    for j in range(1, 13):
        expected = sum(terms[t - 1, t - j] for t in range(j, 13))
        assert gradient.by_source("w_xf")[j - 1] == pytest.approx(expected, rel=1e-12)


def test_the_sum_of_two_targets_at_one_state_of_an_identity_rnn():
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    cell = gf.RNN([[1.0], [1.0]], 0.9 * swap, activation="identity")
    gradient = gf.training_gradient(
        cell, [0.0, 0.0], gf.UnitLoss(), readout=gf.Readout([1.0, -1.0])
    )
    np.testing.assert_allclose(gradient.state_gradients["s"][0], [0.1, -0.1], rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("first", [[1], [1, 2, 5], list(range(1, T + 1)), [3, 7]])
def test_bins_of_lags_have_the_norm_and_direction_of_their_terms(case, first):
    cell, x, readout, loss, w = case
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    bins = gradient.by_lag(first)
    assert bins.last.tolist() == [*(np.array(first[1:]) - 1), T]
    kept = [np.zeros(1)] * T
    for name in cell.weights:
        by_window = [gradient.truncated(k).gradients[name] for k in range(1, T + 1)]
        by_lag = np.diff(by_window, axis=0, prepend=0.0 * by_window[0][None])
        found = [by_lag[b - 1 : e].sum(axis=0) for b, e in zip(bins.first, bins.last, strict=True)]
        whole = gradient.value(name)
        likeness = bins.by_parameter[name]
        for n, part in enumerate(found):
            norm = np.linalg.norm(part)
            assert likeness.norm[n] == pytest.approx(norm, rel=1e-9, abs=1e-13)
            if norm > 1e-4:  # the differences have as many digits
                cosine = np.vdot(part, whole) / norm / np.linalg.norm(whole)
                assert likeness.cosine[n] == pytest.approx(cosine, rel=1e-9, abs=1e-9)
            kept[n] = np.concatenate([kept[n], part.ravel()])
    together = [np.linalg.norm(part) for part in kept[: len(first)]]
    np.testing.assert_allclose(bins.together.norm, together, rtol=1e-9, atol=1e-13)


def windowed(cell, x, readout, loss, w, name, window):
    """The gradient of the terms of a window, from the flow of the last `window` steps alone."""
    whole = gf.gradient_flow(cell, x, readout, loss)
    traces = getattr(whole.trace, "layers", (whole.trace,))
    layers = whole.layers
    total = 0.0
    for t in np.flatnonzero(w) + 1:
        j = max(t - window, 0)
        start = {
            f"{n}.{state}" if len(layers) > 1 else state: getattr(traces[n], state)[j]
            for n, layer in enumerate(layers)
            for state in layer.states
        }
        some = dataclasses.replace(loss, target=loss.target[j:t])
        flow = gf.gradient_flow(cell, x[j:t], readout, some, start)
        total = total + w[t - 1] * flow.total(name)[-1]
    return total


@pytest.mark.slow
@pytest.mark.parametrize("window", [1, 4, T, T + 3])
def test_a_window_is_a_run_of_its_own_from_the_state_it_begins_with(case, window):
    cell, x, readout, loss, w = case
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    found = gradient.truncated(window)
    for name in cell.weights:
        expected = windowed(cell, x, readout, loss, w, name, window)
        np.testing.assert_allclose(found.gradients[name], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("every", "offset"), [(1, 0), (4, 0), (4, 3), (T, 0), (T + 2, 5)])
def test_chunks_are_runs_of_their_own_from_the_state_they_begin_with(case, every, offset):
    cell, x, readout, loss, w = case
    found = gf.training_gradient(cell, x, loss, w, readout=readout).chunked(every, offset)
    cuts = [0, *(s for s in range(1, T) if (s - offset) % every == 0), T]
    start, expected = None, dict.fromkeys(cell.weights, 0.0)
    for begin, end in pairwise(cuts):
        some = dataclasses.replace(loss, target=loss.target[begin:end])
        flow = gf.gradient_flow(cell, x[begin:end], readout, some, start)
        traces = getattr(flow.trace, "layers", (flow.trace,))
        start = {
            f"{n}.{state}" if len(traces) > 1 else state: getattr(traces[n], state)[-1]
            for n, layer in enumerate(flow.layers)
            for state in layer.states
        }
        for name in cell.weights:
            expected[name] = expected[name] + np.tensordot(w[begin:end], flow.total(name), axes=1)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found.gradients[name], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("t", [1, 6, T])
def test_a_single_target_loses_what_its_own_window_and_its_own_chunk_lack(case, t):
    cell, x, readout, loss, _ = case
    w = np.eye(T)[t - 1]
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    for name in cell.weights:
        windows = [windowed(cell, x, readout, loss, w, name, window) for window in (2, 5)]
        for lost, kept in zip(gradient.lost_to_windows([2, 5]), windows, strict=True):
            whole = gradient.gradients[name]
            np.testing.assert_allclose(whole - lost[name], kept, rtol=1e-10, atol=1e-12)
        # Chunks of four steps cut before steps 5 and 9.
        (lost,) = gradient.lost_to_chunks([4])
        kept = windowed(cell, x, readout, loss, w, name, (t - 1) % 4 + 1)
        np.testing.assert_allclose(whole - lost[name], kept, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("only", [None, 7])
def test_what_is_lost_is_what_a_truncated_gradient_lacks(case, only):
    cell, x, readout, loss, w = case
    w = w if only is None else np.eye(T)[only - 1]
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    lengths = [1, 3, T, T + 4]
    for lost, window in zip(gradient.lost_to_windows(lengths), lengths, strict=True):
        check_lost(gradient, lost, gradient.truncated(window))
    for lost, every in zip(gradient.lost_to_chunks(lengths), lengths, strict=True):
        check_lost(gradient, lost, gradient.chunked(every))


def check_lost(gradient, lost, truncated):
    for name, whole in truncated.gradients.items():
        np.testing.assert_allclose(lost[name], gradient.gradients[name] - whole, atol=1e-13)


def linear(w=None):
    cell = gf.RNN(1.0, 0.9, activation="identity")
    return gf.training_gradient(cell, np.zeros(20), gf.UnitLoss(), w)


def test_what_a_window_and_what_chunks_keep_of_one_target():
    gradient = linear(np.eye(20)[10])
    lags = 0.9 ** np.arange(11)
    assert gradient.truncated(10).relative_error == pytest.approx(lags[10] / lags.sum(), rel=1e-13)
    assert gradient.truncated(10).relative_error == pytest.approx(0.051, abs=5e-4)
    assert gradient.chunked(10).relative_error == pytest.approx(1 - 1 / lags.sum(), rel=1e-13)
    assert gradient.chunked(10).relative_error == pytest.approx(0.854, abs=5e-4)


def test_what_a_window_and_what_chunks_keep_of_all_targets():
    assert linear().truncated(10).relative_error == pytest.approx(0.119, abs=5e-4)
    assert linear().chunked(10).relative_error == pytest.approx(0.316, abs=5e-4)
    assert linear().truncated(10).by_parameter["b"] == pytest.approx((0.119, 1.0), abs=5e-4)
    assert np.isnan(linear().truncated(10).by_parameter["w_x"]).all()


def test_a_curve_has_what_each_length_has(case):
    cell, x, readout, loss, w = case
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    curves = gradient.truncation_curve(), gradient.chunk_curve(range(3, T + 1), offset=2)
    assert [curve.lengths.tolist() for curve in curves] == [[*range(1, 10)], [*range(3, 10)]]
    for curve, one in zip(
        curves, (gradient.truncated, lambda n: gradient.chunked(n, 2)), strict=True
    ):
        for place, length in enumerate(curve.lengths.tolist()):
            single = one(length)
            found = curve.together.relative_error[place], curve.together.cosine[place]
            assert found == pytest.approx(
                (single.relative_error, single.cosine), rel=1e-9, abs=1e-12
            )
            for name, likeness in curve.by_parameter.items():
                assert (likeness.relative_error[place], likeness.cosine[place]) == pytest.approx(
                    single.by_parameter[name], rel=1e-9, abs=1e-12
                )
    assert curves[0].together.relative_error[-1] == 0.0


def test_the_shortest_length_is_the_first_whose_error_is_below():
    curve = linear().truncation_curve()
    for error in (0.01, 0.05, 0.1):
        n = curve.shortest(error)
        assert linear().truncated(n).relative_error < error
        assert linear().truncated(n - 1).relative_error >= error
    assert linear().chunk_curve([2, 5]).shortest(0.01) is None


@pytest.mark.parametrize("split", ["by_lag", "truncation_curve", "chunk_curve"])
def test_progress_is_told_up_to_the_end(split):
    gradient = gf.training_gradient(gf.RNN(0.5, 0.9), np.ones(12), gf.UnitLoss())
    shares = []
    given = ([1, 4],) if split == "by_lag" else ()
    getattr(gradient, split)(*given, on_step=shares.append)
    np.testing.assert_allclose(shares, np.arange(1, 13) / 12)


def test_lengths_of_chunks_grow_to_the_whole_sequence():
    gradient = gf.training_gradient(gf.RNN(0.5, 0.9), np.ones(300), gf.UnitLoss())
    lengths = gradient.chunk_curve().lengths
    assert lengths[:128].tolist() == list(range(1, 129))
    assert lengths[-1] == 300
    assert len(lengths) < 140


def test_a_tail_far_below_the_whole_keeps_its_digits():
    cell = gf.RNN(1.0, 0.5, activation="identity")
    gradient = gf.training_gradient(cell, np.zeros(200), gf.UnitLoss(), np.eye(200)[199])
    error = gradient.truncation_curve().together.relative_error
    beyond = 0.5 ** np.arange(200.0) - 0.5**200
    np.testing.assert_allclose(error[:-1], beyond[1:] / beyond[0], rtol=1e-12)


@pytest.mark.parametrize("where", ["before", "behind", "between"])
def test_masked_steps_keep_the_state_and_make_no_loss(case, where):
    cell, x, readout, loss, w = case
    counts = {
        "before": [False] * 4 + [True] * T,
        "behind": [True] * T + [False] * 4,
        "between": [True, False, True, True, False, False, True, False] + [True] * (T - 4),
    }[where]
    counts = np.array(counts)[: T + 4]
    steps = np.flatnonzero(counts)
    wide = np.full((T + 4, 2), 50.0)
    wide[steps] = loss.target[: len(steps)]
    inputs, factors = np.full((T + 4, D), 9.0), np.full(T + 4, 3.0)
    inputs[steps], factors[steps] = x[: len(steps)], w[: len(steps)]
    masked = gf.training_gradient(
        cell, inputs, gf.SquaredError(wide), factors, counts, readout=readout
    )
    n = len(steps)
    plain = gf.training_gradient(
        cell, x[:n], gf.SquaredError(loss.target[:n]), w[:n], readout=readout
    )
    for name, gradient in plain.gradients.items():
        np.testing.assert_allclose(masked.gradients[name], gradient, rtol=1e-13)
    for name in cell.weights:
        by_source = masked.by_source(name)
        np.testing.assert_allclose(by_source[steps], plain.by_source(name), rtol=1e-13)
        assert not by_source[~counts].any()
    assert np.isnan(masked.state_gradients[cell.states[0]][~counts]).all()
    assert masked.chunked(3).relative_error == plain.chunked(3).relative_error


def test_global_norm_is_over_all_that_is_trained(case):
    cell, x, readout, loss, w = case
    gradient = gf.training_gradient(cell, x, loss, w, readout=readout)
    own = np.concatenate([gradient.value(name).ravel() for name in cell.weights])
    assert gradient.global_norm(readout=False) == pytest.approx(np.linalg.norm(own), rel=1e-14)
    read = np.concatenate([gradient.value(f"readout.{name}").ravel() for name in ("w_o", "b_o")])
    assert gradient.global_norm() == pytest.approx(np.hypot(*map(np.linalg.norm, (own, read))))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": np.ones(4)}, r"weights must have shape \(T,\) with T=3.*Got \(4,\)"),
        ({"weights": [1.0, np.nan, 1.0]}, "weights must be finite"),
        ({"mask": [True, False]}, r"mask must be T=3 values True or False.*shape \(2,\)"),
        ({"mask": [1, 0, 1]}, "mask must be T=3 values True or False.*int64"),
        ({"mask": [False] * 3}, "mask must be T=3 values True or False, not all of them False"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        gf.training_gradient(gf.RNN(1.0, 0.5), np.ones(3), gf.UnitLoss(), **options)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda g: g.truncated(0), "window must be a whole number from 1 on. Got 0"),
        (lambda g: g.chunked(4, 4), "offset must be a whole number from 0 to 3. Got 4"),
        (lambda g: g.chunked(True), "every must be a whole number from 1 on. Got True"),
        (lambda g: g.chunk_curve([4, 2]), "lengths must be whole numbers in ascending order"),
        (lambda g: g.chunk_curve([2, 4], 2), "offset must be a whole number from 0 to 1"),
        (lambda g: g.by_lag([]), "first must be whole numbers in ascending order"),
        (lambda g: g.by_lag([1, 21]), r"first\[1\] must be a whole number from 1 to 20. Got 21"),
        (lambda g: g.value("w_h"), "parameter must be one of"),
    ],
)
def test_bad_questions_are_named(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(linear())


def test_a_gradient_beyond_float64_is_named():
    cell = gf.RNN(1.0, 1e200, activation="identity")
    with pytest.raises(ValueError, match="must keep the gradient within float64"):
        gf.training_gradient(cell, np.zeros(9), gf.UnitLoss())


def test_a_record_prints_in_a_line_and_cannot_be_written_to():
    gradient = linear()
    assert repr(gradient) == "TrainingGradient(RNN, T=20, global_norm=122.6)"
    assert repr(gradient.truncation_curve()) == "TruncationCurve(window, 20 lengths, 1 to 20)"
    assert repr(gradient.by_lag([1, 5])) == "LagBins(2 bins, lags 1 to 20)"
    for array in (gradient.value("b"), gradient.by_source("w_x"), gradient.weights):
        assert not array.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        gradient.weights = None
