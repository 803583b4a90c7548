"""The heatmap of the terms: what is drawn, its colours, its words."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from support.panels import X, empty_panel, panel, titles, trace

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.colours import (
    GROWN,
    NEGATIVE_GROWN,
    NEGATIVE_SHRUNK,
    PAPER,
    POSITIVE_GROWN,
    POSITIVE_SHRUNK,
    SHRUNK,
    ZERO,
    ZERO_TOO,
)
from gradflow.figures.builders.lag_profile import Line, Profile, profile
from gradflow.figures.builders.panel import Panel, by_source, relative_to_first
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.figures.builders.term_heatmap import heatmap

MAGNITUDE = tuple((n / 4, colour) for n, colour in enumerate(SHRUNK))


def test_heatmap_shows_the_relative_terms_with_step_one_at_the_top():
    found = panel()
    figure = heatmap(found, View(low=-0.5, high=0.0, floor=-0.5))
    terms = trace(figure, "terms")
    relative = relative_to_first(found.log10)
    expected = np.where(np.isfinite(relative), relative, np.nan)
    assert terms.z.dtype == np.float32
    np.testing.assert_allclose(terms.z, expected, rtol=1e-6)
    assert (terms.zmin, terms.zmax) == (-0.5, 0.0)
    assert terms.colorscale == MAGNITUDE
    assert terms.hoverongaps is False
    assert figure.layout.yaxis.range == (4.5, 0.5)
    assert figure.layout.xaxis.title.text == "lag k (k = 1: the target step itself)"
    assert figure.layout.yaxis.title.text == "target step t"
    assert titles(figure)[0] == "<b>RNN</b> · dL<sub>t</sub>/dw<sub>x</sub>"


def test_heatmap_as_it_is_and_by_source():
    found = panel()
    terms = trace(heatmap(found, View(relative=False, axis="source")), "terms")
    by_j = by_source(found.log10)
    np.testing.assert_allclose(terms.z, np.where(np.isfinite(by_j), by_j, np.nan), rtol=1e-6)


def test_exact_zeros_have_their_own_trace_and_key():
    found = panel()
    figure = heatmap(found, View())
    zeros = trace(figure, "exactly zero")
    np.testing.assert_array_equal(np.isfinite(zeros.z), np.isneginf(found.log10))
    assert zeros.colorscale == ((0.0, ZERO), (1.0, ZERO_TOO))
    below_each_other = np.isfinite(zeros.z[:-1]) & np.isfinite(zeros.z[1:])
    assert (zeros.z[:-1] != zeros.z[1:])[below_each_other].all()
    assert "exactly zero" in zeros.hovertemplate
    assert np.isnan(trace(figure, "terms").z[np.isfinite(zeros.z)]).all()
    assert "exactly zero" in trace(figure, "terms").colorbar.title.text
    plain = heatmap(panel(np.ones(4)), View())
    assert [data.name for data in plain.data] == ["terms", "no input"]
    assert "exactly zero" not in trace(plain, "terms").colorbar.title.text


@pytest.mark.parametrize("axis", ["lag", "source"])
def test_hover_holds_the_term_its_place_its_input_and_its_share(axis):
    found = panel()
    terms = trace(heatmap(found, View(axis=axis)), "terms")
    details = terms.customdata
    assert details.shape == (4, 4, 7)
    assert details.dtype == np.float32
    for t in range(1, 5):
        for k in range(1, t + 1):
            j = t + 1 - k
            told = details[t - 1, (k if axis == "lag" else j) - 1]
            np.testing.assert_array_equal(told[:4], [t, k, j, X[j - 1]])
            x_j, mantissa, exponent, share = told[3:]
            assert share == pytest.approx(100.0 * found.share[t - 1, k - 1], rel=1e-6)
            if x_j == 0.0:
                assert np.isnan(mantissa)
                continue
            exact = found.sign[t - 1, k - 1] * 10.0 ** found.log10[t - 1, k - 1]
            assert mantissa * 10.0**exponent == pytest.approx(exact, rel=5.1e-3)
    assert "k = %{customdata[1]:d}" in terms.hovertemplate
    assert "term %{customdata[4]:+.2f}e%{customdata[5]:+d}" in terms.hovertemplate


def test_a_log_axis_has_a_decade_for_each_power_of_ten_and_whole_lags():
    log10 = np.where(np.tri(30, dtype=bool), -1.0, np.nan)
    figure = heatmap(Panel("RNN", "", log10, None, None, np.ones(30)), View(axis="log"))
    edges, axis = np.asarray(trace(figure, "terms").x), figure.layout.xaxis
    assert axis.type == "log"
    np.testing.assert_allclose(np.log10(edges[[0, -1]]), axis.range)
    np.testing.assert_allclose(edges[1:-1] ** 2, [k * (k + 1) for k in range(1, 30)])
    assert axis.tickvals == (1, 2, 5, 10, 20)
    hatched = trace(figure, "no input")
    corners = list(zip(hatched.x, hatched.y, strict=True))
    assert (edges[1], 0.5) in corners
    assert (edges[30], 29.5) in corners
    assert not any("Hatched" in text for text in titles(figure))


def test_hover_reaches_beyond_float64():
    log10 = np.array([[np.log10(3.21) - 4012.0]])
    one = np.ones((1, 1))
    found = Panel("RNN", "dL_t/dw_x", log10, -one, one, np.ones(1))
    details = trace(heatmap(found, View()), "terms").customdata[0, 0]
    np.testing.assert_allclose(details[4:6], [-3.21, -4012.0], rtol=1e-6)


def test_a_product_has_no_sign_and_no_share():
    found = panel(sign=None, share=np.full((4, 4), np.nan))
    assert found.share is None
    terms = trace(heatmap(found, View(signs=True)), "terms")
    assert terms.colorscale == MAGNITUDE
    assert "of its row" not in terms.hovertemplate
    assert terms.customdata.shape == (4, 4, 6)


def test_signs_put_terms_on_a_scale_centred_on_zero():
    found = panel()
    view = View(signs=True, low=-12.0, high=1.0)
    terms = trace(heatmap(found, view), "terms")
    relative = relative_to_first(found.log10)
    finite = np.isfinite(relative)
    expected = (found.sign * (np.clip(relative, -12.0, 1.0) + 12.0))[finite]
    np.testing.assert_allclose(terms.z[finite], expected, rtol=1e-6)
    assert (terms.zmin, terms.zmax) == (-13.0, 13.0)
    assert colour_at(terms, 12.0) == POSITIVE_SHRUNK[-1]
    assert colour_at(terms, -12.0) == NEGATIVE_SHRUNK[-1]
    ticks = dict(zip(terms.colorbar.tickvals, terms.colorbar.ticktext, strict=True))
    assert ticks[0.0] == "≤ 10⁻¹²"
    assert (ticks[-12.0], ticks[12.0]) == ("−1", "+1")


def test_colour_bar_is_labelled_with_powers_and_marks_its_floor():
    bar = trace(heatmap(panel(), View()), "terms").colorbar
    assert bar.ticktext == ("≤ 10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1")
    assert bar.tickvals == (-12.0, -9.0, -6.0, -3.0, 0.0)
    assert bar.orientation == "h"


def test_words_are_escaped_in_ticks_and_hover():
    words = ("The", "<b>cat</b>", "a&b", "full")
    found = panel(words=words)
    by_lag = heatmap(found, View())
    assert by_lag.layout.yaxis.ticktext == ("full", "a&amp;b", "&lt;b&gt;cat&lt;/b&gt;", "The")
    assert by_lag.layout.xaxis.ticktext is None
    text = trace(by_lag, "terms").text
    assert text[3, 0] == "full"
    assert text[3, 2] == "&lt;b&gt;cat&lt;/b&gt;"
    by_j = heatmap(found, View(axis="source"))
    assert by_j.layout.xaxis.ticktext == by_j.layout.yaxis.ticktext
    assert trace(by_j, "terms").text[3, 2] == "a&amp;b"
    assert "“%{text}”" in trace(by_j, "terms").hovertemplate


def test_words_are_thinned_out_and_long_sentences_are_numbered():
    words = tuple(f"w{step}" for step in range(1, 37))
    ticks = heatmap(panel(np.ones(36), words=words), View()).layout.yaxis.ticktext
    assert ticks[0] == "w36"
    assert len(ticks) == 18
    many = tuple(f"w{step}" for step in range(1, 62))
    assert heatmap(panel(np.ones(61), words=many), View()).layout.yaxis.ticktext is None


def test_clip_strip_marks_the_clipped_targets():
    figure = heatmap(panel(clip=np.array([1.0, 0.031, 1.0, 0.5])), View())
    strip = trace(figure, "clipped")
    np.testing.assert_array_equal(strip.z[:, 0], [np.nan, 1.0, np.nan, 1.0])
    assert strip.customdata[1, 0] == np.float32(0.031)
    assert "clipped to %{customdata:.2~g} of its size" in strip.hovertemplate
    assert strip.xaxis == "x2"
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0] == 0.96
    assert "clipped" in titles(figure)


def test_the_empty_triangle_is_hatched_and_explained_only_where_there_is_one():
    figure = heatmap(panel(), View())
    assert sum("Hatched" in text for text in titles(figure)) == 1
    hatched = trace(figure, "no input")
    assert (hatched.x, hatched.y) == ((1.5, 4.5, 4.5), (0.5, 3.5, 0.5))
    alone = heatmap(panel(np.ones(1)), View())
    assert not any("Hatched" in text for text in titles(alone))
    assert "no input" not in [data.name for data in alone.data]


def colour_at(terms, position):
    """The colour that a scale has a stop of at a position."""
    at = (position - terms.zmin) / (terms.zmax - terms.zmin)
    return next(colour for stop, colour in terms.colorscale if stop == pytest.approx(at))


@pytest.mark.parametrize(("low", "high"), [(-4.0, 0.0), (-4.0, 1.0), (-300.0, 23.0)])
def test_the_colour_of_1_is_the_same_on_every_scale(low, high):
    assert colour_at(trace(heatmap(panel(), View(low=low, high=high)), "terms"), 0.0) == SHRUNK[-1]


def test_no_colour_of_a_scale_is_near_that_of_a_page():
    colours = (*SHRUNK, *GROWN, *NEGATIVE_SHRUNK, *NEGATIVE_GROWN, *POSITIVE_SHRUNK)
    for page in PAPER.values():
        for colour in (*colours, *POSITIVE_GROWN):
            far = sum((a - b) ** 2 for a, b in zip(rgb(page), rgb(colour), strict=True))
            assert far > 90**2


def rgb(colour):
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


@pytest.mark.parametrize("shrunk", [SHRUNK, NEGATIVE_SHRUNK, POSITIVE_SHRUNK])
def test_larger_sizes_up_to_1_are_lighter(shrunk):
    light = [np.dot(rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in shrunk]
    assert light == sorted(light)


def test_empty_input_gives_an_empty_figure_with_its_titles():
    figure = heatmap(empty_panel(), View())
    assert not figure.data
    assert figure.layout.yaxis.title.text == "target step t"
    lines = profile(Profile(0, np.arange(0), ()))
    assert not lines.data
    assert lines.layout.xaxis.title.text.startswith("lag k")
    assert len(sheet([], View(), Profile(0, np.arange(0), ()), "title", []).data) == 0
    assert sheet([empty_panel()], View(), Profile(0, np.arange(0), ()), "title", []).layout.width


def test_figures_leave_their_text_colour_to_the_page_unless_told():
    assert heatmap(panel(), View()).layout.font.color is None
    assert heatmap(panel(), View(dark=True)).layout.font.color == "#fafafa"
    assert heatmap(panel(), View()).layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_arrays_travel_as_binary():
    spec = json.loads(heatmap(panel(), View()).to_json())["data"][0]
    assert spec["z"]["dtype"] == "f4"
    assert spec["customdata"]["shape"] == "4, 4, 7"
    assert len(base64.b64decode(spec["customdata"]["bdata"])) == 4 * 4 * 7 * 4


def test_panels_of_which_one_alone_has_signs_have_a_colour_bar_each():
    view = View(signs=True, low=-4.0, high=0.0)
    log10 = np.where(np.tri(3, dtype=bool), -1.0, np.nan)
    signs = np.tri(3, dtype=np.int8)
    share = np.full((3, 3), np.nan)
    signed = Panel("RNN", "dL_t/dw_x", log10, signs, share, np.ones(3))
    norms = Panel("LSTM", "dL_t/dw_x", log10, None, share, np.ones(3))
    line = Line("RNN", np.zeros(3), "RNN")
    record = Profile(3, np.arange(1, 4), (line,))

    def bars(*panels):
        figure = sheet(panels, view, record, "title", ("footer",))
        return [trace.name for trace in figure.data if getattr(trace, "showscale", False)]

    assert len(bars(signed, norms)) == 2
    assert len(bars(signed, signed)) == 1
    assert len(bars(norms, norms)) == 1
