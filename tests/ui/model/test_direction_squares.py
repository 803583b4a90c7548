"""A file of bidirectional layers is shown as a whole: t against j, for each direction."""

import csv
import io

import numpy as np
import pytest
from safetensors.numpy import save
from ui.model.model_app import (
    array,
    assert_shows,
    charts,
    noise,
    opened,
    put,
    pytorch,
    quiet,
    said,
    unfolded,
    upload,
    widget,
)

import gradflow as gf
from gradflow.ui.model import exports
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared.words import beyond_last

SQUARES = ("model_forward", "model_reverse")


def bidirectional(layers):
    forward, reverse = pytorch(layers=layers), pytorch(layers=layers, seed=1)
    both = {**forward, **{f"{name}_reverse": weight for name, weight in reverse.items()}}
    generator = np.random.default_rng(2)
    for n in range(1, layers):
        for end in ("", "_reverse"):
            weight = generator.normal(size=(16, 8)).astype(np.float32)
            both[f"weight_ih_l{n}{end}"] = weight
    return both


def assert_squares(app, model, x, parameter, layer):
    flow = gf.gradient_flow(model, x)
    found = charts(app)
    assert set(found) == {"model_forward", "model_reverse", "model_profile"}
    rows = [flow.log10(parameter, layer, way)[-1] for way in ("forward", "reverse")]
    for line, row in zip(found["model_profile"]["data"], rows, strict=True):
        np.testing.assert_allclose(array(line["y"]), row - np.nanmax(rows), rtol=1e-9, atol=1e-9)
    for direction in ("forward", "reverse"):
        log10 = flow.log10(parameter, layer, direction)
        relative = log10 - np.nanmax(log10, axis=1, keepdims=True)
        shown = array(found[f"model_{direction}"]["data"][0]["z"])
        np.testing.assert_allclose(shown, relative, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_stack_shows_the_square_of_each_direction():
    tensors = bidirectional(2)
    app = quiet(upload(opened(), save(tensors)))
    model = gf.from_state_dict(tensors)
    assert_squares(app, model, noise(app, 3), "b", 0)
    ends = {chart["data"][0]["zmax"] for key, chart in charts(app).items() if key in SQUARES}
    assert len(ends) == 1
    assert "every target $t$ reaches every source step" in said(app)
    assert "another forget bias" in app.info[-1].value
    assert "All terms have 6 digits or more" in said(app)
    code = next(one.value for one in unfolded(app, "python").code if "flow.log10" in one.value)
    assert 'flow.log10("b", layer=0, direction="reverse")' in code
    app = quiet(put(app, "layer", 1))
    assert_squares(app, model, noise(app, 3), "b", 1)
    assert "LSTM, both ways, H = 4 → LSTM, both ways, H = 4" in said(app).replace("\\", "")
    app.session_state["model_open_architecture"] = True
    app = quiet(put(app, "parameter", "x"))
    assert list(app.table[1].value["Layer"])[::4] == [
        "0, forward",
        "0, reverse",
        "1, forward",
        "1, reverse",
    ]
    expected = gf.gradient_flow(model, noise(app, 3)).log10("x")
    shown = array(charts(app)["model_inputs"]["data"][0]["z"])
    np.testing.assert_allclose(shown, expected - expected.max(axis=1)[:, None], atol=1e-5)


def test_the_files_hold_the_squares():
    x = np.random.default_rng(0).normal(size=(4, 3))
    flow = gf.gradient_flow(gf.from_state_dict(bidirectional(2)), x)
    few = np.eye(4, dtype=bool)
    squares = {way: (flow.log10("b", 1, way), few) for way in ("forward", "reverse")}
    rows = list(csv.reader(io.StringIO(exports.squares_csv(squares, 1, "b").decode())))
    assert rows[0][2:] == ["direction", "parameter", "t", "j", "log10", "few_digits"]
    assert len(rows) == 1 + 2 * 10
    for _, _, way, _, t, j, log10, mark in rows[1:]:
        assert float(log10) == squares[way][0][int(t) - 1, int(j) - 1]
        assert int(mark) == (t == j)
    last = {way: (log10[-1:], few[-1:]) for way, (log10, _) in squares.items()}
    of_last = exports.squares_csv(last, 1, "b").decode().splitlines()[1:]
    assert of_last == [",".join(row) for row in rows[1:] if row[4] == "4"]
    long = {"reverse": (np.zeros((501, 501)), None)}
    rows = exports.squares_csv(long, 0, "b").decode().splitlines()
    assert (len(rows), rows[1], rows[-1]) == (
        502,
        "as_read,0,reverse,b,501,1,0,-1",
        "as_read,0,reverse,b,501,501,0,-1",
    )
    weights = np.ones(4)
    aim = Objective(Sequence(x), gf.UnitLoss(), "output", None, False, True, 8, weights)
    packed = io.BytesIO(exports.squares_npz(squares, aim, ModelSettings(), "b"))
    with np.load(packed, allow_pickle=False) as file:
        for way, (log10, _) in squares.items():
            np.testing.assert_array_equal(file[f"as_read/{way}/log10"], log10)
            np.testing.assert_array_equal(file[f"as_read/{way}/few_digits"], few)
        np.testing.assert_array_equal(file["x"], x)
        assert str(file["parameter"]) == "b"


def test_of_the_last_step_alone_its_row_is_swept():
    tensors = bidirectional(2)
    app = quiet(upload(opened(T="20", steps="last"), save(tensors)))
    assert app.session_state["model_kept_flow"][1].targets.tolist() == [20]
    x = noise(app, 3)
    found, expected = charts(app), gf.gradient_flow(gf.from_state_dict(tensors), x)
    assert set(found) == {"model_profile"}
    rows = [expected.log10("b", 0, way)[-1] for way in ("forward", "reverse")]
    for line, row in zip(found["model_profile"]["data"], rows, strict=True):
        np.testing.assert_allclose(array(line["y"]), row - np.nanmax(rows), rtol=1e-9, atol=1e-9)
    assert "Its row alone is swept instead of all 20." in said(app)
    code = next(one.value for one in unfolded(app, "python").code if "flow.log10" in one.value)
    assert 'targets="last"' in code


def test_a_target_beyond_the_last_step_says_what_is_meant():
    app = quiet(upload(opened(T="20", last="0", t="21"), save(bidirectional(1))))
    assert beyond_last(20) in said(app)


@pytest.mark.slow
def test_one_direction_of_a_layer_can_be_chosen_and_left():
    tensors = bidirectional(1)
    app = quiet(upload(opened(), save(tensors)))
    both = gf.from_state_dict(tensors)
    assert_squares(app, both, noise(app, 3), "b", 0)
    app = quiet(widget(app, "model_direction").set_value("reverse").run())
    assert_shows(app, gf.from_state_dict(tensors, direction="reverse"), noise(app, 3))
    app = quiet(widget(app, "model_direction").set_value("both").run())
    assert_squares(app, both, noise(app, 3), "b", 0)
