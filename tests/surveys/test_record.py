"""A survey against a plain loop over `gradient_flow` and `training_gradient`, by sequence."""

import csv
import json
import pickle
import re

import numpy as np
import pytest
from oracles.random_cells import H, cell_of

import gradflow as gf
from gradflow.numerics.falls_and_tails import LEVELS
from gradflow.surveys.counts import LIMIT
from gradflow.surveys.lag_axis import bins_of_lags, first_lags, last_lags

D = 2
LENGTHS = (1, 3, 8, 64)
LOSS = gf.SquaredError(0.5)
CASES = [("rnn", None), ("lstm", "last"), ("gru", [5, 9]), ("stack", "last")]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def case(request):
    """Flows of all sequences, their targets, and the survey of the sequences."""
    kind, targets = request.param
    generator = np.random.default_rng(3)
    cell = cell_of(kind, generator, D)
    sequences = [generator.normal(size=(T, D)) for T in (9, 40, 11, 17)]
    readout = gf.Readout(generator.normal(size=(2, H)), generator.normal(size=2))
    flows = [gf.gradient_flow(cell, x, readout, LOSS) for x in sequences]
    steps = [
        [flow.T] if targets == "last" else targets or list(range(1, flow.T + 1)) for flow in flows
    ]
    seen = gf.survey(cell, sequences, LOSS, targets, readout=readout, lengths=LENGTHS)
    return flows, steps, seen


def relative_rows(flow, steps, layer):
    for t in steps:
        row = flow.log10_row("b", t, layer)
        yield row - row[np.isfinite(row)][0]


@pytest.mark.slow
def test_it_counts_every_term_at_its_lag_and_size(case):
    flows, steps, seen = case
    for layer in range(len(seen.layers)):
        found = seen.histogram(layer)
        expected = np.zeros_like(found.counts)
        for flow, targets in zip(flows, steps, strict=True):
            for row in relative_rows(flow, targets, layer):
                for k, size in enumerate(row, start=1):
                    lag = np.flatnonzero((found.first_lags <= k) & (k <= found.last_lags))
                    bins = np.flatnonzero(found.log10_edges <= np.clip(size, -LIMIT, LIMIT))
                    expected[lag, bins[-1]] += 1
        np.testing.assert_array_equal(found.counts, expected)
        assert found.zeros.sum() == 0


def test_it_counts_the_signs_of_the_last_target(case):
    flows, steps, seen = case
    for layer in range(len(seen.layers)):
        found = seen.histogram(layer)
        expected = np.zeros((3, len(found.first_lags)), int)
        for flow, targets in zip(flows, steps, strict=True):
            z = gf.signals(flow, targets[-1], layer).z.value.reshape(targets[-1], -1)
            for k, entries in enumerate(z, start=1):
                lag = np.searchsorted(found.last_lags, k)
                expected[:, lag] += [(entries < 0).sum(), (entries == 0).sum(), (entries > 0).sum()]
        signs = [found.negative, found.zero, found.positive]
        np.testing.assert_array_equal(signs, expected)


def test_bands_are_quantiles_of_the_sizes_at_each_lag(case):
    flows, steps, seen = case
    levels = [0.0, 0.05, 0.5, 0.9, 1.0]
    for layer in range(len(seen.layers)):
        bands = seen.bands(layer, levels)
        rows = [
            row
            for flow, targets in zip(flows, steps, strict=True)
            for row in relative_rows(flow, targets, layer)
        ]
        ends = zip(bands.first_lags, bands.last_lags, strict=True)
        for lag, (first, last) in enumerate(ends):
            sizes = np.concatenate([row[first - 1 : last] for row in rows])
            expected = np.quantile(sizes, levels, method="inverted_cdf")
            assert bands.counts[lag] == len(sizes)
            np.testing.assert_allclose(bands.log10[:, lag], expected, atol=0.0251)


def test_measures_are_those_of_the_last_target_of_each_sequence(case):
    flows, steps, seen = case
    for layer in range(len(seen.layers)):
        measured = [
            gf.memory.measure(flow, targets[-1], layer)
            for flow, targets in zip(flows, steps, strict=True)
        ]
        tails = [one.fall_and_tail for one in measured]
        verdicts = [one.verdict for one in measured]
        assert dict(seen.verdicts(layer)) == {
            name: verdicts.count(name) for name in ("vanishing", "stable", "exploding")
        }
        exact = {("steps", None): [tail.t for tail in tails]}
        exact["fall_steps", None] = [0 if tail.bend is None else tail.bend - 1 for tail in tails]
        for level in LEVELS:
            exact["horizon", level] = [tail.horizons[level] for tail in tails]
        for (name, at), values in exact.items():
            found = seen.distribution(name, at, layer)
            assert np.repeat(found.values, found.counts).tolist() == sorted(values)
        near = {
            ("fall", None): [10.0**tail.log10_fall for tail in tails],
            ("tail_decay", None): [tail.tail_decay for tail in tails],
            ("tail_half_life", None): [tail.tail_half_life for tail in tails],
            ("left", None): [10.0**tail.log10_left for tail in tails],
            ("first", None): [10.0 ** one.log10_signal[0] for one in measured],
        }
        for length in LENGTHS:
            near["share_beyond", length] = [
                gf.memory.share_beyond(flow, targets[-1], layer, window=length)
                for flow, targets in zip(flows, steps, strict=True)
            ]
        for (name, at), values in near.items():
            found = seen.distribution(name, at, layer)
            got = np.repeat(found.values, found.counts)
            np.testing.assert_allclose(got, np.sort(values), rtol=0.0117, err_msg=name)
            assert found.undefined == 0
            for q in (0.0, 0.3, 0.5, 1.0):
                expected = np.quantile(values, q, method="inverted_cdf")
                assert found.quantile(q) == pytest.approx(expected, rel=0.0117)


def test_the_mean_gradient_and_what_truncation_makes_of_it(case):
    flows, steps, seen = case
    gradients = []
    for flow, targets in zip(flows, steps, strict=True):
        w = np.zeros(flow.T)
        w[np.array(targets) - 1] = 1.0
        arguments = (flow.cell, flow.x, LOSS, w)
        gradients.append(gf.training_gradient(*arguments, readout=flow.readout))
    mean = {name: mean_of([one.gradients for one in gradients], name) for name in flow.cell.weights}
    for name, gradient in mean.items():
        np.testing.assert_allclose(seen.mean_gradient[name], gradient, rtol=1e-12, atol=1e-15)
    whole = vector(mean)
    for place, length in enumerate(LENGTHS):
        for curve, cut in (
            (seen.window_curve(), [one.truncated(length) for one in gradients]),
            (seen.chunk_curve(), [one.chunked(length) for one in gradients]),
        ):
            part = vector({name: mean_of([one.gradients for one in cut], name) for name in mean})
            error = np.linalg.norm(part - whole) / np.linalg.norm(whole)
            cosine = part @ whole / np.linalg.norm(part) / np.linalg.norm(whole)
            assert curve.together.relative_error[place] == pytest.approx(error, abs=1e-13)
            assert curve.together.cosine[place] == pytest.approx(cosine, abs=1e-13)
            assert curve.lengths[place] == length


def mean_of(mappings, name):
    return np.mean([mapping[name] for mapping in mappings], axis=0)


def vector(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


def parts_of_one_set():
    """Surveys of three parts of a set, of which one has failures, and of the whole."""
    generator = np.random.default_rng(5)
    cell = cell_of("lstm", generator, D)
    sequences = [generator.normal(size=(T, D)) for T in (4, 7, 33, 5, 12, 6)]
    sequences[2:2] = [gf.Sample(np.ones((4, 3)), name="wide"), np.full((4, D), np.nan)]
    options = {"loss": LOSS, "targets": "last", "lengths": LENGTHS}
    named = [
        x if isinstance(x, gf.Sample) else gf.Sample(x, name=f"number {n}")
        for n, x in enumerate(sequences)
    ]
    cuts = (slice(0, 3), slice(3, 4), slice(4, 8))
    return [gf.survey(cell, named[cut], **options) for cut in cuts], gf.survey(
        cell, named, **options
    )


def check_same(one, other, rtol=0.0):
    assert (one.count, one.failed, one.failures) == (other.count, other.failed, other.failures)
    for name in ("_terms", "_signs", "_measures"):
        for array in ("keys", "counts"):
            np.testing.assert_array_equal(
                getattr(getattr(one, name), array), getattr(getattr(other, name), array)
            )
    for name in ("whole", "windows", "chunks"):
        arrays = (getattr(one._gradients, name), getattr(other._gradients, name))
        np.testing.assert_allclose(*arrays, rtol=rtol, atol=rtol)


def test_records_add_up_in_any_order_and_grouping():
    (a, b, c), whole = parts_of_one_set()
    for total in ((a + b) + c, a + (b + c), c + a + b):
        check_same(total, whole, rtol=1e-12)
    assert (whole.count, whole.failed) == (6, 2)


def test_saved_records_are_the_same_and_add_up(tmp_path):
    (a, b, c), whole = parts_of_one_set()
    for name, part in zip("abc", (a, b, c), strict=True):
        part.save(tmp_path / name)
    loaded = [gf.Survey.load(tmp_path / name) for name in "abc"]
    check_same(loaded[0], a)
    check_same(loaded[0] + loaded[1] + loaded[2], whole, rtol=1e-12)
    check_same(pickle.loads(pickle.dumps(whole)), whole)
    with np.load(tmp_path / "a", allow_pickle=False) as held:
        assert not any(held[name].dtype.hasobject for name in held.files)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 300])
def test_a_file_that_is_no_survey_is_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="path must be a file that"):
        gf.Survey.load(path)


def test_other_arrays_are_no_survey(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(ValueError, match="path must be a file that"):
        gf.Survey.load(tmp_path / "other.npz")


def test_surveys_of_other_models_and_lengths_do_not_add_up():
    x = [[1.0, 2.0]]
    one = gf.survey(gf.RNN(0.5, 0.9), x)
    for other in (gf.survey(gf.RNN(0.5, 0.8), x), gf.survey(gf.RNN(0.5, 0.9), x, lengths=[1])):
        with pytest.raises(ValueError, match="must be of one model and of the same lengths"):
            one + other
    with pytest.raises(TypeError):
        one + 1


def test_masked_steps_and_examples_of_their_own_are_as_sequences_without_them():
    generator = np.random.default_rng(5)
    cell, x = cell_of("lstm", generator, D), generator.normal(size=(9, D))
    mask = np.arange(14) // 3 != 1
    padded = np.full((14, D), 7.0)
    padded[mask] = generator.normal(size=(11, D))
    samples = [
        gf.Sample(padded, gf.SquaredError(1.0), "last", mask),
        gf.Sample(x, gf.SquaredError(1.0), [4, 9]),
    ]
    plain = gf.survey(cell, [padded[mask]], gf.SquaredError(1.0), "last")
    plain += gf.survey(cell, [x], gf.SquaredError(1.0), [4, 9])
    check_same(gf.survey(cell, samples, gf.UnitLoss()), plain, rtol=1e-12)


def test_the_weights_of_a_sample_are_those_of_its_losses():
    generator = np.random.default_rng(6)
    cell, x, w = cell_of("lstm", generator, D), generator.normal(size=(9, D)), np.arange(9.0)
    for targets, counted in ((None, w), ("last", w * (w == 8)), ([3, 5], w * np.isin(w, (2, 4)))):
        seen = gf.survey(cell, [gf.Sample(x, LOSS, targets, weights=w)])
        expected = gf.training_gradient(cell, x, LOSS, counted).gradients
        for name, gradient in seen.mean_gradient.items():
            np.testing.assert_allclose(gradient, expected[name], rtol=1e-11, atol=1e-14)


def test_exact_zeros_are_counted_as_zeros():
    # A relu that is dead from step 1 to 3 carries nothing further back.
    rnn = gf.RNN(1.0, 1.0, activation="relu")
    seen = gf.survey(rnn, [[-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]], gf.UnitLoss(), "last")
    found = seen.histogram()
    assert found.zeros.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.zero.tolist() == found.zeros.tolist()
    assert seen.bands().log10[2].tolist() == [0.0, 0.0, 0.0, -np.inf, -np.inf, -np.inf]
    assert seen.distribution("share_beyond", 4).values.tolist() == [0.0]


def test_bins_of_lags_follow_each_other_without_gaps():
    firsts, lasts = first_lags(3000), last_lags(len(first_lags(3000)))
    assert firsts[:33].tolist() == [*range(1, 33), 34]
    np.testing.assert_array_equal(lasts[:-1] + 1, firsts[1:])
    assert lasts[-1] >= 3000
    np.testing.assert_array_equal(first_lags(50), firsts[: len(first_lags(50))])
    bins = bins_of_lags(3000)
    assert all(firsts[b] <= k <= lasts[b] for k, b in enumerate(bins, start=1))


def test_questions_that_have_no_answer_are_named():
    seen = gf.survey(gf.RNN(0.5, 0.9), [[1.0, 2.0]])
    levels = re.escape(f"at must be one of {list(LEVELS)}")
    for ask, message in (
        (lambda: seen.distribution("verdict"), "measure must be one of steps, first, .*'verdict'"),
        (lambda: seen.distribution("horizon"), f"{levels} for 'horizon'. Got None"),
        (lambda: seen.distribution("horizon", 0.3), f"{levels} for 'horizon'. Got 0.3"),
        (lambda: seen.distribution("horizon", "half"), f"{levels} for 'horizon'. Got 'half'"),
        (lambda: seen.distribution("share_beyond", 3), "one of .*512. for 'share_beyond'. Got 3"),
        (lambda: seen.distribution("fall", 0.5), "at must be None for 'fall'. Got 0.5"),
        (lambda: seen.bands(quantiles=[1.5]), "quantiles must be numbers from 0 to 1"),
        (lambda: seen.histogram(layer=1), "layer must be a whole number from 0 to 0"),
        (lambda: seen.distribution("left").quantile(2.0), "q must be from 0 to 1"),
        (lambda: gf.survey(gf.RNN(0.5, 0.9), [[np.nan]]).mean_gradient, "that went well"),
    ):
        with pytest.raises(ValueError, match=message) as raised:
            ask()
        assert len(str(raised.value)) < 150


def test_bands_are_read_back_from_files(tmp_path):
    generator = np.random.default_rng(4)
    stack = gf.Stack([gf.LSTM.scalar(0.5, 0.5), gf.RNN(0.5, 0.9)])
    seen = gf.survey(stack, generator.normal(size=(5, 40)), gf.UnitLoss(), "last")
    name = 'a "model", named so'
    for ending in ("csv", "npz"):
        seen.save_bands(tmp_path / f"bands.{ending}", name, [0.25, 0.5])
    with np.load(tmp_path / "bands.npz", allow_pickle=False) as file:
        assert (str(file["model"]), int(file["sequences"])) == (name, 5)
        assert tuple(file["layers"]) == seen.layers
        assert json.loads(str(file["units"])).keys() == {
            key.rpartition("/")[2] for key in file.files
        } - {"model", "layers", "sequences", "units"}
        arrays = dict(file)
    with (tmp_path / "bands.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for layer in (0, 1):
        bands = seen.bands(layer, [0.25, 0.5])
        ours = [row for row in rows if row["layer"] == str(layer)]
        assert {(row["model"], row["cell"]) for row in ours} == {(name, seen.layers[layer])}
        for column, array, part in (
            ("first_lag_in_steps", bands.first_lags, "first_lags"),
            ("last_lag_in_steps", bands.last_lags, "last_lags"),
            ("terms", bands.counts, "terms"),
        ):
            assert [int(row[column]) for row in ours] == array.tolist()
            np.testing.assert_array_equal(arrays[f"{layer}/{part}"], array)
        for n, quantile in enumerate(("0.25", "0.5")):
            found = [float(row[f"log10_relative_size_q{quantile}"]) for row in ours]
            np.testing.assert_array_equal(found, bands.log10[n])
        np.testing.assert_array_equal(arrays[f"{layer}/log10"], bands.log10)
    with pytest.raises(ValueError, match=r"The ending of path must be one of \.csv, \.npz\. Got"):
        seen.save_bands(tmp_path / "bands.txt")
