"""Many sequences of the user's: one of them in the heatmaps, all of them as bands."""

import io

import numpy as np
import pytest
from safetensors.numpy import save
from ui.model.model_app import (
    array,
    assert_shows,
    charts,
    opened,
    put,
    pytorch,
    quiet,
    said,
    upload,
    widget,
)

import gradflow as gf
from gradflow.ui.model import data_set, survey_words
from gradflow.ui.workers.pool import process_pool

D = 3
TENSORS = pytorch(D=D)
X = np.random.default_rng(2).normal(size=(4, 8, D))
LENGTHS = [8, 3, 5, 6]


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def csv(x):
    return "\n".join(",".join(map(repr, row)) for row in x.tolist()).encode()


def bring(app, *files):
    given = [(name, data, "application/octet-stream") for name, data in files]
    return widget(app, data_set.FILES).set_value(given).run()


@pytest.fixture(scope="module")
def app():
    yield put(upload(opened(added="0"), save(TENSORS)), "sequence", "many")
    process_pool().close()


@pytest.mark.slow
def test_an_array_with_lengths_is_shown_as_bands(app):
    assert "a seeded sequence is shown" in said(app)
    app = quiet(bring(app, ("data.npz", npz(x=X, lengths=np.array(LENGTHS)))))
    assert "4 sequences of 3 to 8 steps." in said(app)
    model = gf.from_state_dict(TENSORS)
    samples = [x[:T] for x, T in zip(X, LENGTHS, strict=True)]
    for number in (1, 3, 9):  # beyond the last it means the last
        app = quiet(put(app, "number", number))
        assert_shows(app, model, samples[min(number, 4) - 1], added=0)
    expected = gf.survey(model, samples, gf.UnitLoss())
    *_, median = charts(app)["model_survey"]["data"]
    assert median["name"] == "median"
    np.testing.assert_array_equal(array(median["y"]), expected.bands(quantiles=[0.5]).log10[0])
    horizon = expected.distribution("horizon", 0.01).quantile(0.5)
    assert f"The median **horizon** is **{horizon:g} steps**" in said(app)
    found = app.session_state["model_kept_survey"][1][0]
    assert found.count == 4
    labels = {button.proto.id: button.proto.label for button in app.get("download_button")}
    kinds = [label for ident, label in labels.items() if "survey_download" in ident]
    assert kinds == ["CSV", "NPZ"]
    assert survey_words.READ_BACK in [caption.value for caption in app.caption]


@pytest.mark.slow
def test_targets_of_a_file_make_the_loss_of_all_its_sequences(app):
    y = np.random.default_rng(1).normal(size=(4, 8))
    mask = np.arange(8) != 1
    arrays = {"x": X, "lengths": LENGTHS, "y": y, "mask": np.tile(mask, (4, 1))}
    app = quiet(put(bring(app, ("data.npz", npz(**arrays))), "number", 2))
    app = quiet(put(put(app, "loss", "squared"), "weights", "mean"))
    model = gf.from_state_dict(TENSORS)
    assert_shows(app, model, X[1, [0, 2]], added=0, loss=gf.SquaredError(y[1, [0, 2]]))
    samples = [
        gf.Sample(
            x[:T][mask[:T]], gf.SquaredError(own[:T][mask[:T]]), weights=[1 / (T - 1)] * (T - 1)
        )
        for x, own, T in zip(X, y, LENGTHS, strict=True)
    ]
    expected = gf.survey(model, samples).window_curve().together.relative_error
    [line, *_] = charts(app)["model_survey_errors"]["data"]
    shown = np.nan_to_num(np.array(array(line["y"]), dtype=float))
    np.testing.assert_allclose(shown, expected, rtol=1e-12)
    quiet(put(put(app, "loss", "fits"), "weights", "one"))


@pytest.mark.slow
def test_bad_files_get_a_sentence_each_and_the_others_are_read(app):
    files = [("run10.csv", csv(X[0])), ("run9.csv", csv(X[1])), ("bad.npy", b"\x93NUMPY\x01")]
    app = bring(app, *files, ("wide.csv", csv(X[0].T)))
    assert not app.exception
    bad, wide = (error.value.replace("\\", "") for error in app.error)
    assert bad == "bad.npy: The .npy file cannot be read: it is damaged."
    assert wide.startswith("wide.csv: text must have 3 numbers in every row. Got 8 in row 1")
    assert data_set_of(app).names == ("run9.csv", "run10.csv")
    app = put(app, "number", 2)
    before = data_set_of(app)
    app = bring(app, ("data.npz", npz(x=X, why=X)))
    [error] = app.error
    assert "The file must hold x, and may hold lengths" in error.value.replace("\\", "")
    assert data_set_of(app) is before
    assert_shows(app, gf.from_state_dict(TENSORS), X[0], added=0)


def data_set_of(app):
    return app.session_state["model_many"]


@pytest.mark.parametrize("D", [1, 3])
def test_an_npy_is_read_in_the_shape_that_it_has(D):
    shapes = {(4, 8): 4, (4, 8, 1): 4} if D == 1 else {(8, 3): 1, (4, 8, 3): 4}
    for shape, count in shapes.items():
        file = io.BytesIO()
        np.save(file, np.ones(shape))
        found = list(data_set.sequences_in("a.npy", file.getvalue(), D))
        assert [one.x.shape for one in found] == [(8, D)] * count


def test_an_npz_brings_a_mask_and_targets():
    mask = np.arange(8) != np.array([[2], [0], [4], [7]])
    y = np.arange(32.0).reshape(4, 8)
    found = list(data_set.sequences_in("a.npz", npz(x=X, lengths=LENGTHS, mask=mask, y=y), D))
    assert [one.name for one in found] == [f"a.npz, {n}" for n in (1, 2, 3, 4)]
    for n, (_, x, target) in enumerate(found):
        kept = np.flatnonzero(mask[n, : LENGTHS[n]])
        np.testing.assert_array_equal(x, X[n, kept])
        np.testing.assert_array_equal(target, y[n, kept])
    found = list(data_set.sequences_in("a.npz", npz(x=X, lengths=LENGTHS, y=[3, 1, 2, 0]), D))
    assert [one.target.tolist() for one in found] == [[3.0] * 8, [1.0] * 3, [2.0] * 5, [0.0] * 6]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"mask": np.zeros((4, 8), bool)}, "mask must leave a step of each sequence"),
        ({"mask": np.ones((4, 7), bool)}, r"mask must have shape \(4, 8\)\. Got \(4, 7\)"),
        ({"mask": np.ones(4, bool)}, r"mask must have shape \(4, 8\)\. Got \(4,\)"),
        ({"y": np.ones((4, 7))}, r"y must have shape \(4,\) or \(4, 8\)\. Got \(4, 7\)"),
        ({"y": np.ones((4, 8, 2))}, r"y must have shape \(N,\) or \(N, T\)\. Got 3 axes"),
        ({"y": np.full(4, np.nan)}, "y must be finite"),
    ],
)
def test_a_mask_or_targets_that_do_not_fit_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        list(data_set.sequences_in("a.npz", npz(x=X, **more), D))
