"""The bars of one term's factors."""

import math

import plotly.graph_objects as go
import pytest

from gradflow.figures.builders.colours import LINES
from gradflow.figures.builders.factor_bars import (
    Bar,
    Group,
    bars_range,
    factor_parts,
)

FACTORS = (Bar("loss slope", "1", 0.0), Bar("input <x>", "-0.01", -2.0), Bar("weight", "10", 1.0))
SMALL = Group("RNN", "RNN", FACTORS, Bar("the term", "-0.1", -1.0), 1)
NOTHING = Group(
    "LSTM",
    "LSTM",
    (Bar("slope", "0.5", math.log10(0.5)), Bar("input", "0", -math.inf)),
    Bar("the term", "0", -math.inf),
    1,
)


def factor_bars(groups):
    return go.Figure(factor_parts(groups))


def annotations(figure, text):
    return [note for note in figure.layout.annotations if note.text == text]


def test_each_factor_and_the_product_has_a_bar_of_its_log10():
    figure = factor_bars((SMALL,))
    [trace] = figure.data
    assert trace.name == "RNN"
    assert trace.orientation == "h"
    assert list(trace.x) == [0.0, -2.0, 1.0, -1.0]
    assert [row[1] for row in trace.customdata] == ["1", "-0.01", "10", "-0.1"]


def test_rows_follow_one_another_from_the_top_and_stay_inside():
    figure = factor_bars((SMALL, NOTHING))
    rows = [y for trace in figure.data for y in trace.y]
    bottom, top = figure.layout.yaxis.range
    assert rows == sorted(rows)
    assert len(set(rows)) == 7
    assert top < rows[0]
    assert rows[-1] < bottom


def test_one_axis_holds_every_bar_of_all_groups():
    low, high = factor_bars((SMALL, NOTHING)).layout.xaxis.range
    assert low < -2.0
    assert high > 1.0
    assert bars_range((SMALL, NOTHING)) == (low, high)


def test_the_axis_spans_a_power_of_ten_where_all_factors_are_one():
    low, high = bars_range((SMALL._replace(bars=FACTORS[:1], whole=FACTORS[0]),))
    assert high - low >= 1.0
    assert low < 0.0 < high


def test_only_the_decisive_factor_is_in_full_colour_and_the_product_is_outlined():
    [trace] = factor_bars((SMALL,)).data
    assert list(trace.marker.opacity) == [0.5, 1.0, 0.5, 1.0]
    assert list(trace.marker.color) == [LINES["RNN"]] * 3 + ["rgba(0,0,0,0)"]
    assert list(trace.marker.line.width) == [0, 0, 0, 2]


def test_an_exact_zero_has_words_in_the_place_of_a_bar():
    figure = factor_bars((SMALL, NOTHING))
    zeros = annotations(figure, "exactly zero")
    trace = figure.data[1]
    assert list(trace.x)[1:] == [None, None]
    assert [note.y for note in zeros] == list(trace.y)[1:]
    assert annotations(factor_bars((SMALL,)), "exactly zero") == []


def test_names_and_values_stand_beside_the_bars_as_plain_text():
    figure = factor_bars((SMALL,))
    [name] = annotations(figure, "input &lt;x&gt;")
    [value] = annotations(figure, "-0.01")
    assert name.y == value.y == figure.data[0].y[1]
    assert len(annotations(figure, "<b>RNN</b>")) == 1


def test_ticks_are_powers_of_ten():
    axis = factor_bars((SMALL,)).layout.xaxis
    assert "10<sup>0</sup>" in axis.ticktext
    assert list(axis.ticktext) == [f"10<sup>{tick}</sup>" for tick in axis.tickvals]
    assert axis.title.text == "size of the factor"


def test_sizes_beyond_float64_have_bars():
    deep = SMALL._replace(whole=Bar("the term", "2.0 × 10⁻⁴⁰⁰⁰", -3999.7))
    [trace] = factor_bars((deep,)).data
    assert trace.x[3] == -3999.7
    assert bars_range((deep,))[0] < -3999.7


def test_an_unknown_colour_raises():
    with pytest.raises(ValueError, match="colour must be one of"):
        factor_bars((SMALL._replace(colour="puce"),))
