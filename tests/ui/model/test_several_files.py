"""Several files at once: the same sequence through each, as heatmaps and as curves."""

import csv
import io

import numpy as np
import pytest
from safetensors.numpy import save
from ui.model.model_app import (
    array,
    charts,
    noise,
    opened,
    put,
    pytorch,
    quiet,
    said,
    upload,
    widget,
)

import gradflow as gf
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.model import file_exports, several_files
from gradflow.ui.shared.markdown_text import natural_order

T = 12
CHECKPOINTS = {f"step {n}.safetensors": pytorch(seed=n) for n in (2, 9, 10)}


def bring(app, *files):
    given = [(name, data, "application/octet-stream") for name, data in files]
    return widget(app, several_files.FILES).set_value(given).run()


@pytest.fixture(scope="module")
def app():
    app = opened(added="0", sequence="noise", T=f"{T}", window="4")
    app.session_state["model_open_files"] = True
    return quiet(upload(app, save(pytorch())))


def flow_of(app, tensors, **more):
    model = gf.from_state_dict(tensors)
    return gf.gradient_flow(model, noise(app, 3), loss=gf.UnitLoss(), **more)


@pytest.mark.slow
def test_checkpoints_stand_in_the_order_of_their_names(app):
    names = ("step 10", "step 2", "step 9")
    files = [(f"{one}.safetensors", save(CHECKPOINTS[f"{one}.safetensors"])) for one in names]
    app = quiet(bring(app, *files))
    flows = [flow_of(app, tensors) for tensors in CHECKPOINTS.values()]
    found = charts(app)
    tail, horizon = found["model_files_steps"]["data"]
    assert tail["text"] == [*CHECKPOINTS]
    told = [gf.memory.fall_and_tail(flow, T).tail_half_life for flow in flows]
    np.testing.assert_allclose(array(tail["y"]), np.where(np.isfinite(told), told, np.nan))
    far = [gf.memory.horizon(flow, T) for flow in flows]
    np.testing.assert_array_equal(array(horizon["y"]), far)
    [share] = found["model_files_share"]["data"]
    beyond = [gf.memory.share_beyond(flow, T, window=4) for flow in flows]
    np.testing.assert_allclose(array(share["y"]), 100.0 * np.array(beyond))
    for side, flow in (("left", flows[0]), ("right", flows[-1])):
        shown = array(found[f"model_file_on_the_{side}"]["data"][0]["z"])
        np.testing.assert_allclose(shown, relative_to_first(flow.log10("b")), rtol=1e-5, atol=1e-5)
    assert f"the horizon is **{far[0]} step" in said(app)
    assert [one.proto.label for one in app.get("download_button") if "files_d" in one.proto.id] == [
        "CSV",
        "NPZ",
    ]


@pytest.mark.slow
def test_a_file_of_layers_that_read_both_ways_is_left_out_with_the_reason(app):
    both = pytorch() | {f"{name}_reverse": weight for name, weight in pytorch(seed=4).items()}
    bring(app, ("both.safetensors", save(both)), ("one.safetensors", save(pytorch(seed=3))))
    assert not app.exception
    [error] = app.error
    assert "read in both directions" in error.value


def test_the_measures_of_files_are_read_back_with_their_names():
    flows = [gf.gradient_flow(gf.RNN(0.5, w_s), np.ones(9), loss=gf.UnitLoss()) for w_s in (0.3, 1)]
    reach = [gf.memory.measure(flow, 9, window=4) for flow in flows]
    columns = file_exports.measures_by_file(["a, first", "b"], reach, np.array([False, True]))
    rows = list(csv.DictReader(io.StringIO(file_exports.measures_csv(columns).decode())))
    with np.load(io.BytesIO(file_exports.measures_npz(columns)), allow_pickle=False) as arrays:
        for name in arrays.files:
            assert [row[name] for row in rows] == [str(value) for value in arrays[name].tolist()]
        assert arrays["model"].tolist() == ["a, first", "b"]
        beyond = [gf.memory.share_beyond(flow, 9, window=4) for flow in flows]
        np.testing.assert_array_equal(arrays["share_beyond_window"], beyond)
        horizons = [gf.memory.horizon(flow, 9) for flow in flows]
        np.testing.assert_array_equal(arrays["horizon_in_steps"], horizons)
        assert arrays["few_digits"].tolist() == [0, 1]


def test_a_file_that_is_alone_stands_beside_the_model(app):
    app = quiet(bring(app, ("other.safetensors", save(pytorch("gru", seed=4)))))
    found = charts(app)
    assert found["model_files_steps"]["data"][0]["text"] == [
        "model.safetensors",
        "other.safetensors",
    ]
    shown = array(found["model_file_on_the_left"]["data"][0]["z"])
    expected = relative_to_first(flow_of(app, pytorch()).log10("b"))
    np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)


def test_bad_files_get_a_sentence_each_and_the_others_are_shown(app, monkeypatch):
    good = [(name, save(tensors)) for name, tensors in CHECKPOINTS.items()]
    wide = save(pytorch(D=5))
    broken = [("broken.safetensors", b"?" * 20), ("none.bin", b"?")]
    app = bring(app, *good[:2], *broken, ("wide.safetensors", wide))
    assert not app.exception
    bad, none, other = (error.value.replace("\\", "") for error in app.error)
    assert bad.startswith("broken.safetensors: ")
    assert none.endswith(", and is none that can be told.")
    assert other.startswith("wide.safetensors: It must take as many inputs a step")
    assert len(charts(app)["model_files_steps"]["data"][0]["text"]) == 2
    held = app.session_state["model_several_held"]
    monkeypatch.setattr(several_files, "MOST_FILES", 2)
    app = bring(app, *good)
    assert "at most 2, of 64 MB together. Got 3 of 0 MB" in app.error[0].value.replace("\\", "")
    assert app.session_state["model_several_held"] is held


def _of_one_unit(w_h):
    """PyTorch's names of `gf.LSTM.scalar(0.5, w_h, b_f=0.0)`."""
    numbers = {"weight_ih_l0": 0.5, "weight_hh_l0": w_h, "bias_ih_l0": 0.0, "bias_hh_l0": 0.0}
    return {
        name: np.full((4, 1) if name.startswith("weight") else 4, number)
        for name, number in numbers.items()
    }


def test_terms_with_few_digits_are_marked_on_heatmaps_and_curves(app):
    lost = gf.gradient_flow(gf.LSTM.scalar(0.5, -2.0, b_f=0.0), np.eye(30)[0], loss=gf.UnitLoss())
    few = lost.digits("b") < 6
    assert few[-1].any()
    app = put(upload(app, save(_of_one_unit(-2.0))), "sequence", "own")
    app = widget(app, "model_own_text").set_value("1" + "\n0" * 29).run()
    app = quiet(bring(app, ("sound.safetensors", save(_of_one_unit(0.1)))))
    found = charts(app)
    left, right = (
        {trace["name"]: trace for trace in found[f"model_file_on_the_{side}"]["data"]}
        for side in ("left", "right")
    )
    marks = array(left["too few digits"]["z"])
    assert np.isfinite(marks[few]).all()
    assert "too few digits" not in right
    for curves in ("model_files_steps", "model_files_share"):
        *lines, marked = found[curves]["data"]
        assert marked["name"] == "too few digits"
        assert array(marked["x"]).tolist() == [1] * len(lines)
    assert "Chequered in orange: model.safetensors" in said(app).replace("\\", "")


def test_names_sort_as_people_sort_them():
    names = ["step 10", "step 9", "a2b10", "a2b9", "a", "10", "9", "Ⅳ", "7" * 40]
    found = sorted(names, key=natural_order)
    assert found.index("9") < found.index("10")
    assert found.index("step 9") < found.index("step 10")
    assert found.index("a2b9") < found.index("a2b10")
