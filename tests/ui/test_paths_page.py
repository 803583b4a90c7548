"""The page of the paths without a browser: what it shows is what the library gives."""

import base64
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import gradflow as gf
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")


def opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    # AppTest.switch_page takes files only; a page that is a function is known by its address.
    app._page_hash = calc_hash("paths")
    return quiet(app.run())


def quiet(app):
    assert not app.exception
    assert not app.error
    return app


def charts(app):
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def array(packed):
    numbers = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    return numbers.reshape([int(size) for size in str(packed.get("shape", "-1")).split(",")])


def said(app):
    return " ".join(str(element.value) for element in [*app.markdown, *app.caption])


def query(app, name):
    value = app.query_params.get(name)
    return value if value is None or isinstance(value, str) else value[-1]


def number_in(text):
    """The number that a text such as −1.2 × 10⁻³ or 0.5 stands for."""
    mantissa, _, exponent = text.replace("−", "-").replace(" × ", "·").partition("·10")
    raised = exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(mantissa) * 10.0 ** int(raised or "0")


def terms(chart):
    return next(trace for trace in chart["data"] if trace.get("name") == "terms")


@pytest.mark.slow
@pytest.mark.parametrize("gate", ["all", "c", "o"])
def test_the_heatmaps_hold_the_cell_path_the_rest_and_the_whole_over_one_number(gate):
    app = opened(gate=gate, T="20", w_s="-0.8")
    flow = run(Settings(gate=gate, T=20, w_s=-0.8)).lstm
    name = "w_xf" if gate == "all" else f"w_x{gate}"
    two = flow.by_detours(name, classes=2)
    first = flow.log10(name)[:, :1]
    unit = np.where(np.isfinite(first), first, np.nanmax(flow.log10(name), axis=1, keepdims=True))
    unit = np.where(np.isfinite(unit), unit, 0.0)
    for chart, log10 in zip(charts(app)[:3], (*two.log10, flow.log10(name)), strict=True):
        trace = terms(chart)
        expected = np.where(np.isfinite(log10), log10 - unit, np.nan)
        shown = array(trace["z"])
        np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)
    ends = {(terms(chart)["zmin"], terms(chart)["zmax"]) for chart in charts(app)[:3]}
    assert len(ends) == 1


def test_without_division_the_heatmaps_hold_the_sizes_themselves():
    app = opened(relative="0", floor="-12", gate="i", T="15")
    flow = run(Settings(gate="i", T=15)).lstm
    shown = array(terms(charts(app)[1])["z"])
    expected = flow.by_detours("w_xi", classes=2).log10[1]
    finite = np.isfinite(expected)
    np.testing.assert_allclose(shown[finite], expected[finite].clip(-12.0), rtol=1e-5)
    assert np.isnan(shown[~finite]).all()


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_example_has_a_finding(preset):
    app = opened(**to_query(preset.settings))
    T = run(preset.settings).T
    assert f"Target step $t = {T}$: **" in said(app)
    assert len(charts(app)) == 6


def test_the_shares_are_of_the_target_and_the_number_of_classes_chosen():
    app = opened(last="0", t="12", gate="c", classes="5")
    flow = run(Settings()).lstm
    classes = flow.by_detours("w_xc", classes=5)
    values = (classes.sign * 10.0**classes.log10)[:, 11, :12]
    expected = values / np.abs(values).sum(axis=0) * np.sign(values.sum(axis=0))
    hover = next(trace for trace in charts(app)[3]["data"] if trace["name"] == "shares")
    np.testing.assert_allclose(array(hover["customdata"]), expected.T, rtol=1e-5, atol=1e-7)
    assert [trace["name"] for trace in charts(app)[3]["data"][:5]] == list(classes.labels)
    quiet(app.number_input(key="classes").set_value(2).run())
    assert [trace["name"] for trace in charts(app)[3]["data"][:2]] == ["cell path", "1 or more"]
    assert query(app, "classes") == "2"


def test_the_list_of_paths_adds_up_to_the_term_and_the_lit_edges_are_the_paths():
    app = opened(path="9")
    flow = run(Settings()).lstm
    found = gf.paths(flow, "w_xf", t=50, k=3)
    assert sum(path.value for path in found) == pytest.approx(flow.value("w_xf")[49, 2], rel=1e-12)
    kinds = [("w" if node.kind == "w_xf" else node.kind, node.step) for node in found[8].nodes]
    names = [f"{kind}{step - 47}" for kind, step in kinds]
    drawn = [trace["name"] for trace in charts(app)[5]["data"]]
    assert [name for name in drawn if name.startswith("lit")] == [
        f"lit {tail} {head}" for head, tail in pairwise(names)
    ]
    options = app.radio(key="path").options
    assert len(options) == len(found) == 24
    for option, path in zip(options, found, strict=True):
        assert number_in(option.split("**")[1]) == pytest.approx(path.value, rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1, 5, 24])
def test_choosing_a_path_lights_its_edges_and_writes_the_link(rank):
    app = opened()
    quiet(app.radio(key="path").set_value(rank).run())
    assert query(app, "path") == (None if rank == 1 else str(rank))
    graph = charts(app)[5]
    lit = [trace for trace in graph["data"] if trace["name"].startswith("lit")]
    factors = [note for note in graph["layout"]["annotations"] if "bgcolor" in note]
    assert len(lit) == len(factors)
    value = number_in(app.radio(key="path").options[rank - 1].split("**")[1])
    product = np.prod([number_in(note["text"]) for note in factors])
    assert product == pytest.approx(value, rel=0.2)  # of factors with two or three digits each
    quiet(app.slider(key="b_f").set_value(1.5).run())
    assert app.radio(key="path").value == rank


def test_the_counts_are_sixteen_and_four_and_four():
    text = said(opened())
    assert "24 = 16 + 4 + 4" in text
    assert "4 ways from one to the other" in text
    assert "1 with 0, 7 with 1, 16 with 2" in text


@pytest.mark.slow
def test_the_first_three_steps_start_at_zero_and_the_page_says_why_all_is_zero():
    app = opened(last="0", t="3")
    assert "All 24 paths are exactly zero" in said(app)
    assert "$c_0 = 0$" in said(app)
    assert "They add up to" in said(opened(last="0", t="3", c_0="0.5"))


def test_a_cell_state_that_stays_zero_is_named_as_the_reason():
    app = opened(w_x="0")
    assert "0 at every step" in said(app)
    assert "another target" not in said(app)


def test_a_sequence_of_two_steps_has_no_graph():
    app = opened(T="2")
    assert len(charts(app)) == 5
    assert any("needs 3 steps" in element.value for element in app.info)


def test_a_target_before_the_third_step_shows_the_first_three():
    app = opened(last="0", t="1")
    assert "One step only" in said(app)
    assert "first 3 steps of the sequence" in said(app)


@pytest.mark.slow
def test_the_extremes_run():
    extremes = {"w_s": "2.0", "T": "100", "b_f": "10.0", "w_x": "100.0", "own_gates": "1"}
    extremes |= {f"w_h{gate}": "-100.0" for gate in "ifco"} | {"loss": "softmax", "signs": "1"}
    opened(**extremes, axis="source", classes="8")
