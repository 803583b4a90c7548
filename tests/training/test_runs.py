"""A run from start to end, as a record and as a file."""

import contextlib
import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradflow as gf
from gradflow import training
from gradflow.training.checkpoints import MEASURES
from gradflow.training.run_files import run_bytes, run_from
from gradflow.training.seeds import seed_curves

SMALL = training.TrainingSettings("recall", delay=6, hidden=6, updates=30, every=20, batch=8)


@pytest.fixture(scope="module")
def run():
    return training.train(SMALL)


def test_checkpoints_come_at_the_start_every_so_many_updates_and_at_the_end(run):
    assert run.measures("update").tolist() == [0, 20, 30]
    assert np.isnan(run.measures("gradient_norm")).tolist() == [True, False, False]


def test_the_same_settings_give_the_same_bits(run):
    again = training.train(SMALL)
    for one, other in zip(run.checkpoints, again.checkpoints, strict=True):
        for name, array in one.network.weights.items():
            np.testing.assert_array_equal(array, other.network.weights[name])
        assert [getattr(one, n) for n in MEASURES[:3]] == [getattr(other, n) for n in MEASURES[:3]]


def test_another_seed_gives_another_run(run):
    other = training.train(dataclasses.replace(SMALL, seed=1))
    assert other.measures("loss")[-1] != run.measures("loss")[-1]


def test_measures_are_those_of_the_flow(run):
    flow, last = run.flow(-1), run.checkpoints[-1]
    jacobian = gf.state_jacobian(flow, 7)
    row = flow.log10_row("b", 7)
    assert last.forget_gate == pytest.approx(flow.trace.gates[:, 1].mean())
    assert last.state_radius == pytest.approx(np.median(jacobian.spectral_radius))
    assert last.cell_radius == pytest.approx(np.median(jacobian.of_cell_state().spectral_radius))
    assert last.log10_left == row[6] - row[0]
    assert last.horizon == gf.memory.horizon(flow, 7)


def test_the_loss_of_a_checkpoint_is_the_mean_over_the_held_out_flows(run):
    task = SMALL.task_made()
    x, answers = task.held_out()
    some = [run.flow(-1, n).trace.o[-1] for n in range(4)]
    last = run.checkpoints[-1].network.outputs(x)
    np.testing.assert_allclose(last[:4], some, rtol=1e-12)
    p = np.exp(last) / np.exp(last).sum(axis=1, keepdims=True)
    expected = -np.log(p[np.arange(len(p)), answers]).mean()
    assert run.checkpoints[-1].loss == pytest.approx(expected)


def test_a_run_that_diverges_keeps_what_was_recorded_and_says_where():
    settings = training.TrainingSettings(
        "adding", delay=30, cell="rnn", activation="relu", start="identity", optimiser="sgd",
        rate=1e6, clip_norm=None, updates=50, every=1,
    )  # fmt: skip
    run = training.train(settings)
    assert run.divergence is not None
    assert run.divergence.update == len(run.checkpoints)
    assert "diverged at update" in repr(run)
    for array in run.checkpoints[-1].network.weights.values():
        assert np.isfinite(array).all()
    assert run_from(run_bytes(run)).divergence.update == run.divergence.update


def test_checkpoints_are_told_as_they_are_made_and_the_listener_can_end_the_run():
    seen = []

    def listen(checkpoint):
        seen.append(checkpoint.update)
        if checkpoint.update:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(SMALL, listen)
    assert seen == [0, 20]


def test_only_the_last_chunk_of_an_lstm_is_trained_on_the_past():
    cut = training.train(dataclasses.replace(SMALL, chunk=1, clip_norm=None, updates=1))
    whole = training.train(dataclasses.replace(SMALL, clip_norm=None, updates=1))
    assert cut.measures("gradient_norm")[1] < whole.measures("gradient_norm")[1]


def test_what_are_no_settings_is_refused():
    with pytest.raises(ValueError, match=r"settings must be training.TrainingSettings. Got dict"):
        training.train({"task": "recall"})


@pytest.mark.parametrize(("checkpoint", "sequence"), [(3, 0), (-4, 0), (0, 512), ("last", 0)])
def test_a_flow_of_nothing_is_refused(run, checkpoint, sequence):
    with pytest.raises(ValueError, match=r"(checkpoint|sequence) must"):
        run.flow(checkpoint, sequence)


def test_a_measure_that_is_none_is_refused(run):
    with pytest.raises(ValueError, match="name must be one of update, loss"):
        run.measures("joy")


def test_a_file_gives_the_run_back(run, tmp_path):
    training.save_run(run, tmp_path / "run.npz")
    again = training.load_run(tmp_path / "run.npz")
    assert again.settings == run.settings
    for name in MEASURES:
        np.testing.assert_array_equal(again.measures(name), run.measures(name))
    for name, array in run.checkpoints[1].network.weights.items():
        np.testing.assert_array_equal(again.checkpoints[1].network.weights[name], array)


def changed(data, **arrays):
    """The bytes of a run with some of its arrays replaced, or taken out where None."""
    with np.load(io.BytesIO(data)) as file:
        held = {**file, **arrays}
    out = io.BytesIO()
    np.savez(out, **{name: array for name, array in held.items() if array is not None})
    return out.getvalue()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"settings": None}, "settings as JSON"),
        ({"settings": "{"}, "settings as JSON"),
        ({"settings": '{"joy": 1}'}, "settings as JSON"),
        ({"settings": '{"task": "joy"}'}, "task must be one of"),
        ({"loss": None}, "must hold 'loss'"),
        ({"loss": np.zeros(2)}, "an entry for every checkpoint"),
        ({"loss": np.array(["a", "b", "c"])}, "must hold numbers"),
        ({"weights.w_x": np.zeros((3, 4, 6, 7))}, "w_x of a run must have shape"),
        ({"weights.b": np.full((3, 4, 6), np.nan)}, "b must be finite"),
        ({"divergence": np.zeros(3)}, "divergence of a run"),
    ],
)
def test_a_file_that_is_no_run_is_refused(run, arrays, message):
    with pytest.raises(ValueError, match=message):
        run_from(changed(run_bytes(run), **arrays))


def test_a_damaged_file_is_refused_or_gives_a_run(run):
    data = run_bytes(run)
    generator = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(data)
        for place in generator.integers(len(data), size=generator.integers(1, 20)):
            damaged[place] = generator.integers(256)
        with contextlib.suppress(ValueError):
            run_from(bytes(damaged[: generator.integers(1, len(data))]))


def test_seeds_make_bands():
    settings = dataclasses.replace(SMALL, updates=4, every=2)
    with ThreadPoolExecutor(2) as executor:
        found = training.over_seeds(settings, range(3), executor)
    assert found.seeds == (0, 1, 2)
    assert found.curves["loss"].shape == (3, 3)
    expected = training.train(dataclasses.replace(settings, seed=2)).measures("loss")
    np.testing.assert_array_equal(found.curves["loss"][2], expected)
    low, middle, high = found.band("loss")
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert np.isnan(found.band("gradient_norm")[:, 0]).all()


def test_a_band_has_infinite_numbers_where_the_runs_have_them(run):
    curves = dict(seed_curves([run] * 3).curves)
    curves["log10_left"] = np.array(
        [[-np.inf, -4.0, -np.inf], [-np.inf, -2.0, -3.0], [-np.inf, np.inf, np.nan]]
    )
    found = training.SeedCurves(SMALL, (0, 1, 2), curves).band("log10_left", 0.25, 0.5)
    np.testing.assert_array_equal(found[0], [-np.inf, -3.0, -np.inf])
    np.testing.assert_array_equal(found[1:], [[-np.inf, -2.0, -np.inf]] * 2)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds must hold at least one"):
        training.over_seeds(SMALL, [])
