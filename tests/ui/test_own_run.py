"""Your own run on the page Learning: the record that is uploaded is drawn and said."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gradflow.ui.learning import own_run_words
from gradflow.ui.learning.own_run import FILE
from gradflow.watching import LayerMeasures
from gradflow.watching.watch_record import record_of

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")


SEEN = LayerMeasures(7.5, 19, 0.125, 0.5, np.inf, 1.01, 2e-7, np.linspace(0.0, -3.0, 25))


def saved(folder):
    other = LayerMeasures(np.inf, 25, 0.5, 0.5, np.inf, np.nan, np.nan, np.zeros(25))
    passes = [(0, {"lstm": SEEN}), (100, {"lstm": SEEN, "<b>_gru": other})]
    record_of(["lstm", "<b>_gru"], 8, passes).save(folder / "run.npz")
    return (folder / "run.npz").read_bytes()


@pytest.fixture(scope="module")
def page():
    app = AppTest.from_file(APP, default_timeout=60)
    app._page_hash = calc_hash("learning")
    app.run()
    assert not app.exception
    return app


def upload(app, data):
    [field] = [one for one in app.file_uploader if one.key == FILE]
    app = field.set_value(("run.npz", data, "application/octet-stream")).run()
    assert not app.exception
    return app


@pytest.mark.slow
def test_a_record_is_drawn_and_said_and_stays_when_a_file_is_refused(page, tmp_path):
    app = upload(page, saved(tmp_path))
    assert not app.error
    said = " ".join(str(element.value) for element in app.markdown)
    assert "2 passes, after 0 to 100 updates" in said
    assert "tail half-life 7.5 steps, horizon 19 steps, 12.5% beyond 8 steps" in said
    assert "$dc_t/dc_{t-1}$ 1.01" in said
    assert "relative error of 2e-07" in said
    assert "\\<b\\>" in said
    assert "tail half-life without end, horizon 25 steps" in said
    assert "Its weights get no gradient" in said
    charts = len(app.get("plotly_chart"))
    drawn = json.loads(app.get("plotly_chart")[-1].proto.spec)
    assert drawn["data"][0]["type"] == "heatmap"
    app = upload(app, b"PK no record")
    assert "must be an .npz" in app.error[0].value.replace("\\", "")
    assert len(app.get("plotly_chart")) == charts


@pytest.mark.slow
def test_of_more_layers_than_have_room_some_are_chosen(page, tmp_path):
    layers = [f"layer{n}" for n in range(6)]
    passes = [(0, dict.fromkeys(layers, SEEN))]
    record_of(layers, 8, passes).save(tmp_path / "run.npz")
    app = upload(page, (tmp_path / "run.npz").read_bytes())
    [choice] = app.multiselect
    assert choice.value == layers[:4]
    app = choice.set_value(layers[4:]).run()
    assert not app.exception
    said = " ".join(one.value for one in app.markdown)
    assert [f"**{layer}**" in said for layer in layers] == [False] * 4 + [True] * 2


def test_one_step_is_said_in_the_singular():
    seen = LayerMeasures(1.0, 1, 0.25, 0.5, np.inf, np.nan, np.nan, np.zeros(3))
    said = own_run_words.summary(record_of(["gru"], 1, [(0, {"gru": seen})]), ["gru"])
    assert "tail half-life 1 step, horizon 1 step, 25.0% beyond 1 step." in said


def test_a_pass_that_did_not_measure_a_layer_says_so():
    record = record_of(["a", "b"], 8, [(30, {"a": SEEN})])
    said = own_run_words.summary(record, record.layers)
    assert said.startswith("One pass, after 30 updates:")
    assert said.endswith("- **b**: not measured at this pass.")
