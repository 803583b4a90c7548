"""The plots of a flow: its own numbers, with the titles that say what they are."""

import doctest
import importlib
import inspect
import math

import numpy as np
import plotly.graph_objects as go
import pytest

import gradflow as gf
from gradflow import figures, training
from gradflow.analysis import memory
from gradflow.analysis.term_factors import factors
from gradflow.figures.builders.colours import INK, PAPER
from gradflow.training import shipped
from gradflow.watching import LayerMeasures
from gradflow.watching.watch_record import record_of

X = np.random.default_rng(3).standard_normal(30)
RNN = gf.gradient_flow(gf.RNN(0.5, 0.9), X)
LSTM = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, b_f=1.0), X)
SEEN = gf.survey(gf.RNN(0.5, 0.9), [X, X[:20]], lengths=[2, 4])
TRAINED = {"LSTM": training.train(training.TrainingSettings(delay=5, hidden=3, updates=2))}
MEASURES = LayerMeasures(5.0, 12, 0.1, 0.9, np.inf, 0.87, 1e-7, np.linspace(0.0, -3.0, 20))
WATCHED = record_of(["lstm"], 20, [(0, {"lstm": MEASURES}), (100, {"lstm": MEASURES})])
PLOTS = {
    "plot_comparison": lambda **look: figures.plot_comparison({"RNN": RNN, "LSTM": LSTM}, **look),
    "plot_factors": lambda **look: figures.plot_factors(RNN, "w_x", **look),
    "plot_heatmap": lambda **look: figures.plot_heatmap(LSTM, **look),
    "plot_measures": lambda **look: figures.plot_measures(LSTM, **look),
    "plot_path_classes": lambda **look: figures.plot_path_classes(LSTM, **look),
    "plot_path_graph": lambda **look: figures.plot_path_graph(LSTM, **look),
    "plot_profile": lambda **look: figures.plot_profile(LSTM, **look),
    "plot_seed_bands": lambda **look: figures.plot_seed_bands(shipped.curves_of("recall"), **look),
    "plot_survey": lambda **look: figures.plot_survey(SEEN, **look),
    "plot_survey_errors": lambda **look: figures.plot_survey_errors(SEEN, **look),
    "plot_training_film": lambda **look: figures.plot_training_film(TRAINED, **look),
    "plot_watch": lambda **look: figures.plot_watch(WATCHED, **look),
    "plot_units": lambda **look: figures.plot_units(LSTM, **look),
}


def stack(*cells):
    return gf.gradient_flow(gf.Stack(cells), X)


def texts(figure):
    return " ".join(note.text for note in figure.layout.annotations)


@pytest.mark.slow
def test_all_that_is_exported_is_a_plot_with_examples_that_run():
    assert sorted(PLOTS) == sorted(figures.__all__)
    for name in figures.__all__:
        module = importlib.import_module(getattr(figures, name).__module__)
        ran = doctest.testmod(module)
        assert ran.attempted > 0
        assert ran.failed == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_has_its_own_paper_or_leaves_it_to_the_page(name):
    for dark in (False, True):
        layout = PLOTS[name](dark=dark).layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == PAPER[dark]
        assert layout.font.color == INK[dark]
    bare = PLOTS[name](dark=None).layout
    assert bare.paper_bgcolor == "rgba(0,0,0,0)"
    assert bare.font.color is None
    default = inspect.signature(getattr(figures, name)).parameters["dark"].default
    assert default is False


@pytest.mark.parametrize("name", sorted(set(PLOTS) - {"plot_path_graph", "plot_factors"}))
def test_axes_say_what_they_count(name):
    figure = PLOTS[name]()
    below = [axis for axis in figure.select_xaxes() if axis.showticklabels is not False]
    assert all(axis.title.text for axis in (below[0], figure.layout.yaxis))


@pytest.mark.parametrize("relative", [True, False])
def test_the_heatmap_holds_the_terms(relative):
    log10 = LSTM.log10("w_xc")
    expected = log10 - log10[:, :1] if relative else log10
    z = figures.plot_heatmap(LSTM, "w_xc", relative=relative).data[0].z
    known = np.isfinite(z)
    np.testing.assert_allclose(z[known], expected[known], rtol=1e-5, atol=1e-5)
    assert "dL<sub>t</sub>/dw<sub>xc</sub>" in texts(figures.plot_heatmap(LSTM, "w_xc"))


def test_a_long_heatmap_says_that_a_cell_is_the_largest_of_a_block():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), gf.sequences.ones(500))
    figure = figures.plot_heatmap(flow)
    assert figure.data[0].z.shape == (250, 250)
    assert "largest of 2 × 2" in texts(figure)
    both = figures.plot_comparison({"a": flow, "b": flow})
    assert both.data[0].z.shape == (250, 250)
    assert texts(both).count("largest of 2 × 2") == 2


def test_norms_have_no_signs_and_words_stand_at_the_steps():
    vector = gf.gradient_flow(gf.RNN(np.ones((2, 3)), 0.1 * np.eye(2)), np.ones((4, 3)))
    figure = figures.plot_heatmap(vector, signs=True, words=list("abcd"))
    assert figure.data[0].zmax <= 1.0
    assert list(figure.layout.yaxis.ticktext) == list("dcba")
    with pytest.raises(ValueError, match="words must have shape"):
        figures.plot_heatmap(vector, words=["a"])


@pytest.mark.parametrize("plot", [figures.plot_heatmap, figures.plot_profile, figures.plot_units])
def test_a_layer_of_a_stack_is_named_and_must_be_given_where_there_are_several(plot):
    two = stack(gf.RNN(0.5, 0.9), gf.RNN(0.7, 0.2))
    figure = plot(two, layer=1)
    assert "RNN, layer 1" in texts(figure) + str(figure.layout.title.text)
    with pytest.raises(ValueError, match="layer must be"):
        plot(two)
    assert plot(stack(gf.RNN(0.5, 0.9))).data


def test_the_profile_holds_the_row_the_forget_gates_and_the_power_of_w_s():
    row = LSTM.log10("w_x")[19, :20]
    line, product = figures.plot_profile(LSTM, 20).data[:2]
    np.testing.assert_allclose(line.y, row - row[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(product.y, LSTM.log10_forget_product()[19, :20])
    as_they_are = figures.plot_profile(LSTM, 20, relative=False)
    np.testing.assert_allclose(as_they_are.data[0].y, row)
    assert [trace.name for trace in as_they_are.data] == ["LSTM"]
    powers = figures.plot_profile(RNN, 20).data[1]
    np.testing.assert_allclose(powers.y, np.arange(20) * math.log10(0.9), atol=1e-12)
    silent = gf.gradient_flow(gf.RNN(0.5, 0.0), X)
    assert [trace.name for trace in figures.plot_profile(silent, 20).data] == ["RNN"]


def both_ways(layers=2):
    cells = [gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.7, -0.6), "sum") for _ in range(layers)]
    return gf.gradient_flow(gf.BidirectionalStack(cells), X)


def test_the_profile_of_both_directions_is_by_source_step():
    flow = both_ways()
    forward, reverse = (flow.log10("w_x", 1, way)[19] for way in ("forward", "reverse"))
    figure = figures.plot_profile(flow, 20, 1)
    lines = {trace.name: trace for trace in figure.data}
    largest = np.nanmax([forward, reverse])
    np.testing.assert_allclose(lines["forward"].y, forward - largest, rtol=1e-12)
    np.testing.assert_allclose(lines["reverse"].y, reverse - largest, rtol=1e-12)
    assert np.isnan(lines["forward"].y[20:]).all()
    assert {line.mode for line in figure.data} == {"lines"}
    assert list(lines["forward"].x) == list(range(1, 31))
    assert figure.layout.xaxis.title.text == "source step j (j = 20: the target step itself)"
    assert figure.layout.yaxis.title.text == "size relative to the largest"
    assert figure.layout.shapes[0].x0 == 20
    assert figure.layout.title.text.startswith("RNN, layer 1 · ")
    as_they_are = figures.plot_profile(flow, 20, 1, direction="reverse", relative=False)
    np.testing.assert_allclose(as_they_are.data[0].y, reverse, rtol=1e-12)
    assert as_they_are.layout.title.text.startswith("RNN, layer 1, reverse · ")
    inputs = figures.plot_profile(flow, parameter="x", relative=False)
    np.testing.assert_allclose(inputs.data[0].y, flow.log10("x")[29], rtol=1e-12)


def test_a_direction_in_the_name_is_the_one_that_is_drawn():
    flow = both_ways()
    row = flow.log10("w_s", 0, "reverse")[29]
    row = np.where(np.isfinite(row), row, np.nan)  # an exact zero is a gap
    line = figures.plot_profile(flow, parameter="0.reverse.w_s", relative=False).data
    assert [trace.name for trace in line] == ["reverse"]
    np.testing.assert_allclose(line[0].y, row, rtol=1e-12)
    assert "RNN, layer 0, reverse" in texts(figures.plot_heatmap(flow, "0.reverse.w_s"))


def test_curves_of_zeros_on_one_side_of_the_target_are_told():
    dead = gf.Bidirectional(gf.RNN(0.0, 0.9), gf.RNN(0.7, 0.0), "sum")
    flow = gf.gradient_flow(gf.BidirectionalStack([dead]), X)
    title = figures.plot_profile(flow, 20, parameter="x").layout.xaxis.title.text
    assert "gaps are exact zeros: inputs" in title
    alone = figures.plot_profile(flow, 20, parameter="w_s", direction="forward")
    assert "all exactly zero, no curve: forward" in alone.layout.xaxis.title.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"direction": "back", "layer": 0}, "direction must be one of"),
        ({}, "layer must be"),
        ({"t": 31, "layer": 0}, "t must be"),
        ({"parameter": "w_xf", "layer": 0}, "parameter must be one of"),
        ({"parameter": "x", "direction": "forward"}, "must be left out for 'x'"),
    ],
)
def test_a_profile_of_both_directions_refuses_what_is_not_there(settings, message):
    with pytest.raises(ValueError, match=message):
        figures.plot_profile(both_ways(), **settings)
    with pytest.raises(ValueError, match="direction must be left out"):
        figures.plot_profile(LSTM, direction="reverse")


def test_the_last_target_is_meant_where_none_is_given():
    last = figures.plot_profile(LSTM, LSTM.T)
    assert figures.plot_profile(LSTM).to_json() == last.to_json()
    assert "t = 30" in last.layout.title.text


def test_a_comparison_has_one_colour_scale_and_a_profile_line_each():
    figure = figures.plot_comparison({"RNN": RNN, "other": LSTM}, "w_x", 20, title="Both")
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len({(trace.zmin, trace.zmax) for trace in maps}) == 1
    lines = {trace.name: trace.y for trace in figure.data if trace.type == "scatter"}
    row = LSTM.log10("w_x")[19, :20]
    np.testing.assert_allclose(lines["other"], row - row[0], atol=1e-12)
    assert "<b>Both</b>" in texts(figure)


def test_no_flows_give_an_empty_comparison_with_its_titles():
    figure = figures.plot_comparison({})
    assert not figure.data
    assert figure.layout.xaxis.title.text.startswith("lag k")
    assert figure.layout.yaxis.title.text


def test_flows_of_different_lengths_are_refused():
    short = gf.gradient_flow(gf.RNN(0.5, 0.9), X[:7])
    with pytest.raises(ValueError, match=r"one length\. Got a: 30, b: 7"):
        figures.plot_comparison({"a": RNN, "b": short})


@pytest.mark.parametrize("by", ["detours", "first gate"])
def test_path_classes_add_up_and_work_against_the_term_where_they_are_negative(by):
    cell = gf.LSTM.scalar(0.5, {"i": 0.5, "f": -0.9, "c": -1.2, "o": 0.7}, b_f=1.0)
    flow = gf.gradient_flow(cell, X)
    found = flow.by_detours("w_xf", classes=4) if by == "detours" else flow.by_first_gate("w_xf")
    row = (slice(None), 29, slice(0, 30))
    size = found.sign[row] * 10.0 ** found.log10[row]
    with np.errstate(invalid="ignore"):
        expected = size * np.sign(size.sum(axis=0)) / np.abs(size).sum(axis=0)
    figure = figures.plot_path_classes(flow, "w_xf", 30, by=by)
    shown = next(trace for trace in figure.data if trace.name == "shares")
    known = ~np.isnan(expected).any(axis=0)
    np.testing.assert_allclose(shown.customdata, expected[:, known].T, rtol=1e-5, atol=1e-6)
    assert (expected[:, known] < 0.0).any()  # the case is one in which paths cancel


def test_path_classes_of_norms_are_all_above_the_line():
    rng = np.random.default_rng(0)
    cell = gf.LSTM(rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 3)), np.zeros((4, 3)))
    flow = gf.gradient_flow(cell, rng.normal(size=(9, 2)))
    traces = {trace.name: trace for trace in figures.plot_path_classes(flow, "w_xf", 9).data}
    shown = traces["shares"].customdata
    np.testing.assert_allclose(shown.sum(axis=1), 1.0, rtol=1e-5)
    assert (shown >= 0.0).all()


def test_the_lit_path_multiplies_to_what_the_heading_says():
    figure = figures.plot_path_graph(LSTM, "w_xc", 12, 3, rank=2)
    total = sum(trace.name.startswith("lit") for trace in figure.data)
    factors_shown = [note.text for note in figure.layout.annotations if note.bgcolor]
    product = math.prod(float(text.replace("−", "-")) for text in factors_shown)
    assert len(factors_shown) == total
    shown = figure.layout.title.text
    assert shown.startswith("Path 2 of 24 from L<sub>12</sub> to w<sub>xc</sub> at step 10: ")
    value = shown.rpartition(": ")[2].replace("−", "-")
    mantissa, _, power = value.partition(" × 10")
    digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    number = float(mantissa) * 10.0 ** int(power.translate(digits) or 0)
    assert product == pytest.approx(number, rel=0.05)
    with pytest.raises(ValueError, match="rank must be"):
        figures.plot_path_graph(LSTM, "w_xc", 12, 3, rank=25)


@pytest.mark.parametrize(("flow", "name"), [(RNN, "w_x"), (LSTM, "w_xf")])
def test_factors_are_bars_and_their_product_is_the_last(flow, name):
    found = factors(flow, parameter=name, t=20, k=7)
    [trace] = figures.plot_factors(flow, name, 20, 7).data
    np.testing.assert_allclose(trace.x[:-1], [factor.log10 for factor in found])
    assert trace.x[-1] == pytest.approx(sum(trace.x[:-1]))
    if flow is RNN:
        assert trace.x[-1] == pytest.approx(flow.log10("w_x")[19, 6], abs=1e-9)


def test_measures_are_those_of_memory():
    horizon, half_life = figures.plot_measures(LSTM, eps=0.1).data
    for t in (1, 9, 30):
        assert horizon.y[t - 1] == memory.horizon(LSTM, t, eps=0.1)
    exact = memory.half_life(LSTM, 30)
    assert half_life.y[29] == pytest.approx(exact)


@pytest.mark.parametrize("t", [0, 31, 2.5])
def test_a_target_that_is_none_is_refused(t):
    for plot in (figures.plot_profile, figures.plot_units, figures.plot_measures):
        with pytest.raises(ValueError, match="t must be"):
            plot(LSTM, t)
    for plot in (figures.plot_path_classes, figures.plot_path_graph, figures.plot_factors):
        with pytest.raises(ValueError, match="t must be"):
            plot(LSTM, "w_xf", t)


def test_plots_are_figures_and_refuse_unknown_choices():
    assert all(isinstance(plot(), go.Figure) for plot in PLOTS.values())
    with pytest.raises(ValueError, match="by must be one of detours, first gate"):
        figures.plot_path_classes(LSTM, by="gate")
    with pytest.raises(ValueError, match="classes must be a whole number from 2 to 8"):
        figures.plot_path_classes(LSTM, classes=9)
    with pytest.raises(ValueError, match="parameter must be one of"):
        figures.plot_heatmap(LSTM, "w_q")


# What each argument must be, and values that are none of it.
RULES = {
    "axis": ("one of lag, source, log", ["lags", 3, None]),
    "by": ("one of detours, first gate", ["gate", 3, None]),
    "classes": ("a whole number from 2 to 8", [1, "a", 2.5, None]),
    "dark": ("True, False or None", ["x", 1, "no"]),
    "eps": ("", ["a", 0.0, 2.0, math.nan, None]),
    "floor": ("", [math.nan, "a", 3, 0.0, None, [-1.0, -2.0]]),
    "parameter": ("one of w_x", ["w_q", 3, np.ones(3), None]),
    "rank": ("a whole number from 1 to", [0, "a", 1.5, None]),
    "relative": ("True or False", ["no", 1, None]),
    "signs": ("True or False", ["no", 0, None]),
    "title": ("a str", [3, ["a"]]),
    "words": ("", [3, [1, 2], {"a": 1}, ["one"]]),
}


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        (name, argument)
        for name in PLOTS
        for argument in inspect.signature(getattr(figures, name)).parameters
        if argument in RULES and name != "plot_factors"
    ],
)
def test_what_an_argument_cannot_be_is_refused_by_its_name(name, argument):
    rule, wrong = RULES[argument]
    for value in wrong:
        with pytest.raises(ValueError, match=rf"^{argument} must .*{rule}.*Got "):
            PLOTS[name](**{argument: value})


def test_path_classes_that_are_all_zero_say_so():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), [1.0, 1.0], readout=gf.Readout(0.0))
    assert "every path is exactly zero" in texts(figures.plot_path_classes(flow))


def test_plots_of_paths_and_factors_take_the_last_layer_of_a_stack():
    flow = stack(gf.RNN(0.5, 0.9), gf.LSTM.scalar(0.5, 0.5, b_f=1.0))
    for plot in (figures.plot_path_classes, figures.plot_path_graph, figures.plot_factors):
        assert plot(flow, "w_xf", 9, layer=1).data
        with pytest.raises(ValueError, match="layer must be"):
            plot(flow, "w_xf", 9)


def test_the_square_of_a_direction_has_t_against_j():
    both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
    flow = gf.gradient_flow(gf.BidirectionalStack([both]), [1.0, 0.0, -1.0], targets=[1, 3])
    figure = gf.figures.plot_heatmap(flow, direction="reverse", relative=False)
    expected = np.full((3, 3), np.nan)
    expected[[0, 2]] = flow.log10("w_x", direction="reverse")
    zeros = np.isneginf(expected)
    np.testing.assert_allclose(
        figure.data[0].z, np.where(zeros, np.nan, expected), rtol=1e-6, equal_nan=True
    )
    np.testing.assert_array_equal(np.isfinite(figure.data[1].z), zeros)
    assert figure.layout.xaxis.title.text.startswith("source step j")
    with pytest.raises(ValueError, match="direction must be one of forward, reverse"):
        gf.figures.plot_heatmap(flow)
    with pytest.raises(ValueError, match="direction must be left out"):
        gf.figures.plot_heatmap(gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0]), direction="forward")


def test_the_square_of_a_direction_marks_terms_with_too_few_digits():
    rnn = gf.RNN(1.0, 1.0, activation="identity")
    stack = gf.BidirectionalStack([gf.Bidirectional(rnn, rnn, merge="sum"), rnn])
    flow = gf.gradient_flow(stack, [0.64, 0.1, -1.38], loss=gf.UnitLoss())  # the first cancels
    figure = gf.figures.plot_heatmap(flow, "w_x", 1, least_digits=6)
    assert [trace.name for trace in figure.data] == ["terms", "too few digits"]
    np.testing.assert_array_equal(np.isfinite(figure.data[1].z), flow.digits("w_x", 1) < 6)
    np.testing.assert_array_equal(figure.data[1].z[:, 0], [0.0, 1.0, 0.0])
    assert "too few digits" in figure.data[0].colorbar.title.text
