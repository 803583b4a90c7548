"""What the page of the user's own model shows of a model: heatmaps, measures, units, code."""

import numpy as np
import pytest
from safetensors.numpy import save
from support.packed import unpacked
from ui.model.model_app import (
    array,
    assert_shows,
    charts,
    example,
    first_choice,
    noise,
    opened,
    put,
    pytorch,
    query,
    quiet,
    said,
    shipped,
    unfolded,
    upload,
    widget,
)

import gradflow as gf
from gradflow.analysis.unit_signal import unit_signals
from gradflow.ui.model import model_run
from gradflow.ui.model.shipped import SHIPPED
from gradflow.ui.shared.words import beyond_last
from gradflow.ui.workers.pool import process_pool

BARS = "gradflow_colour_bars"


def test_the_page_works_before_anything_is_uploaded():
    app = opened()
    assert_shows(app, shipped("recall_learned"), example("recall_learned"))
    assert query(app) == {"v": "1", "model": "recall_learned"}
    assert "LSTM, H = 16 → linear layer readout, 4" in said(app).replace("\\", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_reads_its_own_example(name):
    assert_shows(opened(model=name), shipped(name), example(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameter", "gate", "name"),
    [
        ("w_x", "all", "w_x"),
        ("w_h", "f", "w_hf"),
        ("b", "o", "b_o"),
        ("x", "all", "x"),
        ("b", "z", "b"),
    ],
)
def test_every_parameter_can_be_chosen(parameter, gate, name):
    app = opened(parameter=parameter, gate=gate)
    assert_shows(app, shipped("recall_learned"), example("recall_learned"), name)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "added"), [("gru", 2.0), ("lstm", -1.5), ("lstm", 0.0)])
def test_another_forget_bias_is_shown_beside(kind, added):
    tensors = pytorch(kind)
    app = put(upload(opened(), save(tensors)), "added", added)
    assert_shows(quiet(app), gf.from_state_dict(tensors), noise(app, 3), added=added)


def test_the_readout_of_a_shipped_model_can_be_left_out():
    app = quiet(widget(opened(), "model_readout").set_value("sum of the hidden units").run())
    name = "recall_learned"
    assert_shows(app, shipped(name, readout=None), example(name))


def recall_flow():
    model = shipped("recall_learned")
    loss, x = first_choice(model, example("recall_learned"))
    return gf.gradient_flow(model, x, loss=loss)


@pytest.mark.slow
def test_the_measures_are_those_of_the_library():
    app = quiet(put(put(opened(), "last", False), "t", 40))
    [table] = [one.value for one in app.table if "Measure" in one.value]
    flow = recall_flow()
    seen = gf.memory.measure(flow, 40, window=20)
    as_read = dict(zip(table["Measure"], table["as read"], strict=True))
    assert as_read["Verdict"] == seen.verdict
    assert as_read["Horizon"] == f"k = {seen.horizon}"
    lags = seen.zero_lags
    expected = f"k = {lags['float16']}" if lags["float16"] else "never"
    assert as_read["Zero in float16"] == expected
    lines = {trace["name"]: trace for trace in charts(app)["model_over_targets"]["data"]}
    horizons = [gf.memory.horizon(flow, t) for t in range(1, 61)]
    np.testing.assert_array_equal(array(lines["horizon, as read"]["y"]), horizons)


def test_the_units_stand_by_their_half_life():
    app = opened(t="30", last="0")
    flow = recall_flow()
    expected = np.sort(unit_signals(flow, 30).half_life)[::-1]
    [bars] = charts(app)["model_units"]["data"]
    np.testing.assert_allclose(array(bars["y"]), expected)


@pytest.mark.slow
def test_a_view_that_changes_computes_nothing_again(monkeypatch):
    app = opened()
    calls = []
    run = gf.gradient_flow
    monkeypatch.setattr(gf, "gradient_flow", lambda *a, **b: calls.append(a) or run(*a, **b))
    for name, value in (("parameter", "w_x"), ("window", 5), ("relative", False), ("gate", "f")):
        app = quiet(put(app, name, value))
    assert not calls
    app = quiet(put(app, "added", 3.0))
    assert len(calls) == 1
    quiet(put(app, "model", "recall_not_learned"))
    assert len(calls) == 3


@pytest.mark.slow
def test_the_python_to_copy_makes_the_terms_that_are_shown(tmp_path, monkeypatch, capsys):
    app = quiet(put(put(opened(), "sequence", "noise"), "parameter", "w_x"))
    [code] = [
        block.value for block in unfolded(app, "python").code if "gradient_flow" in block.value
    ]
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "snippet", "exec"), names)
    x = noise(app, 6)
    flow = gf.gradient_flow(shipped("recall_learned"), x, loss=names["loss"])
    np.testing.assert_array_equal(names["flow"].log10("w_x"), flow.log10("w_x"))
    assert float(capsys.readouterr().out) == flow.log10("w_x")[-1, -1]
    assert_shows(app, shipped("recall_learned"), x, "w_x")
    assert names["changed"].cell.b[1] == pytest.approx(flow.cell.b[1] + 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("T", [1, 2, 450])
def test_short_and_long_sequences_are_shown(T):
    app = opened(sequence="noise", T=str(T), model="recall_not_learned")
    shown = array(charts(app)["model_as_read"]["data"][0]["z"])
    assert len(shown) == (T if T < 400 else T // 2)
    assert "all 1 " not in said(app)


@pytest.mark.parametrize(("t", "is_said"), [("20", False), ("21", True)])
def test_a_target_beyond_the_last_step_says_what_is_meant(t, is_said):
    app = opened(sequence="noise", T="20", model="recall_not_learned", last="0", t=t)
    assert (beyond_last(20) in said(app)) == is_said


def test_terms_with_few_digits_are_marked_and_never_called_exactly_zero(monkeypatch):
    values = {"weight_ih_l0": 0.5, "weight_hh_l0": -2.0, "bias_ih_l0": 0.0, "bias_hh_l0": 0.0}
    shapes = {name: (4, 1) if "weight" in name else (4,) for name in values}
    tensors = {name: np.full(shapes[name], w, np.float32) for name, w in values.items()}
    app = put(upload(opened(added="0", last="0", t="60"), save(tensors)), "sequence", "own")
    app = quiet(widget(app, "model_own_text").set_value("1\n" + "0\n" * 59).run())
    flow = gf.gradient_flow(gf.from_state_dict(tensors), np.eye(60)[0], loss=gf.UnitLoss())
    few = flow.digits("b") < 6
    assert few.sum() > 1000
    traces = {trace["name"]: trace for trace in charts(app)["model_as_read"]["data"]}
    np.testing.assert_array_equal(np.isfinite(array(traces["too few digits"]["z"])), few)
    zero = np.isneginf(flow.log10("b")) & ~few
    assert ("exactly zero" in traces) == zero.any()
    [bars] = [one for one in app.get("bidi_component") if one.proto.component_name == BARS]
    assert [bar["few"] for bar in unpacked(bars.proto.bytes)] == [True]
    assert f"{few.sum():,} terms have fewer than 6 digits" in said(app)
    assert "float64 has too few digits.** How far it reaches cannot be told" in said(app)
    monkeypatch.setattr(model_run, "HEAVY", 0.0)  # then a worker tells, and the marks come after
    app = quiet(put(app, "parameter", "w_h"))
    process_pool().close()
    marked = charts(app)["model_as_read_marked"]["data"]
    assert "too few digits" in {trace["name"] for trace in marked}
    [row] = [t for t in charts(app)["model_profile_marked"]["data"] if t["name"] == "as read"]
    assert np.isnan(array(row["y"])[flow.digits("w_h")[-1] < 6]).all()
