"""The linked charts in a real browser: zoom, crosshair and picking."""

import io
import re
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from browser.linked_charts import LSTM, PROFILE, RNN, await_values
from PIL import Image
from playwright.sync_api import expect

from gradflow.ui.comparison import term_words
from gradflow.ui.component import chart_words
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow


def _plot(tab, key):
    return tab.page.locator(f"[data-chart={key}]")


def _ranges(tab, key):
    return _plot(tab, key).evaluate(
        "plot => [...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]"
    )


def _at(tab, key, x, y):
    """Where a point of a chart is on the screen."""
    plot = _plot(tab, key)
    plot.scroll_into_view_if_needed()
    return plot.evaluate(
        """(plot, [x, y]) => {
             const { xaxis, yaxis } = plot._fullLayout;
             const box = plot.getBoundingClientRect();
             const [left, top] = [box.left + xaxis._offset, box.top + yaxis._offset];
             return [left + xaxis.d2p(x), top + yaxis.d2p(y)];
           }""",
        [x, y],
    )


def _zoom(tab, key, start, end):
    tab.page.mouse.move(*_at(tab, key, *start))
    tab.page.mouse.down()
    tab.page.mouse.move(*_at(tab, key, *end), steps=4)
    tab.page.mouse.up()
    tab.page.wait_for_function(
        "key => document.querySelector(`[data-chart=${key}]`).zoom !== undefined", arg=key
    )


def _unzoom(tab, key):
    _plot(tab, key).locator(".modebar-btn[data-title='Reset zoom']").click()
    tab.page.wait_for_function(
        "key => document.querySelector(`[data-chart=${key}]`).zoom === undefined", arg=key
    )


def _double_click(tab, x, y):
    """Two clicks between which no time passes for the page, however busy the machine is."""
    tab.page.clock.install()
    tab.page.clock.pause_at(datetime.now() + timedelta(seconds=1))
    tab.page.mouse.dblclick(x, y)
    tab.page.clock.resume()


def _ticks(tab, key, axis):
    """What stands at the ticks of an axis that are in sight."""
    return _plot(tab, key).evaluate(
        """(plot, axis) => plot._fullLayout[axis]._vals.map(({ text }) => text)
             .filter((text) => text)""",
        axis,
    )


def _lines(tab, key):
    """Where the crosshair's lines meet the axes of a chart; None for one that is not shown."""
    return _plot(tab, key).evaluate(
        """plot => {
             const { xaxis, yaxis } = plot._fullLayout;
             const box = plot.getBoundingClientRect();
             return [...plot.parentElement.querySelectorAll("i")].map((line, index) => {
               if (getComputedStyle(line).visibility === "hidden") return null;
               const at = line.getBoundingClientRect();
               return index ? yaxis.p2d(at.top - box.top - yaxis._offset)
                            : xaxis.p2d(at.left - box.left - xaxis._offset);
             });
           }"""
    )


def _readout(tab):
    return tab.page.locator(".gradflow-heatmaps .readout").inner_text()


def _query(tab):
    return {name: value[-1] for name, value in parse_qs(urlsplit(tab.page.url).query).items()}


def _told(flow, settings, t, k):
    """What the readout says of a term."""
    name = parameter_name(flow, settings)
    row, sign = flow.log10(name)[t - 1], "−" if flow.sign(name)[t - 1, k - 1] < 0 else "+"
    shown = f"{100.0 * 10.0 ** (row[k - 1] - row[0]):.1f}% of its row's k = 1 term"
    return f"{shown}; the term is {sign}{10.0 ** row[k - 1]:.3g}"


SHOWN = replace(Settings(), w_s=0.7, last=False, t=30, lag=10)


@pytest.fixture(scope="module")
def light(open_shared_page):
    """A tab for tests that leave the settings and the zoom as they found them."""
    return open_shared_page("?w_s=0.7&last=0&t=30&lag=10")


@pytest.fixture(scope="module")
def dark(open_shared_page):
    return open_shared_page("?w_s=0.7&last=0&t=30&lag=10", dark=True)


@pytest.mark.parametrize(
    "query",
    [
        "?w_s=0.9",
        "?w_s=-0.9&signs=1&sequence=impulse",
        "?T=420&axis=source",
        "?T=420&axis=log",
    ],
)
def test_a_new_value_is_painted_before_plotly_draws_it_and_in_the_same_pixels(open_page, query):
    tab = open_page(query)
    tab.page.evaluate(
        """() => {
             window.pictures = new Map();
             for (const image of document.querySelectorAll("[data-chart$=heatmap] image")) {
               const seen = [image.href.baseVal];
               window.pictures.set(image, seen);
               new MutationObserver((changes) => {
                 const isNew = changes.some(({ attributeName }) => attributeName === "href");
                 if (isNew) seen.push(image.href.baseVal);
               }).observe(image, { attributes: true });
             }
           }"""
    )
    tab.set_slider("w_s", 0.8)

    def pictures():
        return tab.page.evaluate("() => [...window.pictures.values()]")

    # Before, painted at each value on the way, drawn by Plotly at the last.
    tab.eventually(lambda: _query(tab)["w_s"] == "0.8")
    tab.page.locator(".gradflow-heatmaps[aria-busy=false]").wait_for()
    assert len(pictures()) >= 2
    for *_, painted, drawn in pictures():
        assert painted == drawn
    assert pictures()[0][0] != pictures()[0][-1]


@pytest.fixture(scope="module")
def default(open_shared_page):
    """A tab for tests that begin with settings of their own, and pick no cell."""
    return open_shared_page()


@pytest.mark.parametrize("key", [RNN, PROFILE])
def test_zoom_and_node_survive_a_slider_and_a_double_click_ends_the_zoom(default, key):
    tab = default
    whole = _ranges(tab, key)
    _plot(tab, key).evaluate("plot => { plot.isTheSame = true; }")
    start, end = ((10, -1), (30, -4)) if key == PROFILE else ((5, 20), (15, 40))
    _zoom(tab, key, start, end)
    zoomed = _ranges(tab, key)
    assert zoomed != whole
    tab.set_slider("w_s", 0.8)
    await_values(tab, replace(Settings(), w_s=0.8))
    assert _ranges(tab, key) == zoomed
    assert _plot(tab, key).evaluate("plot => plot.isTheSame")
    middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
    _double_click(tab, *_at(tab, key, *middle))
    tab.page.wait_for_function(
        "key => document.querySelector(`[data-chart=${key}]`).zoom === undefined", arg=key
    )
    assert _ranges(tab, key)[:2] == whole[:2]
    # The two clicks picked nothing: a cell that they had picked would be in the next link too.
    tab.set_slider("w_s", 0.7)
    tab.eventually(lambda: _query(tab)["w_s"] == "0.7")
    assert "t" not in _query(tab)


def test_another_length_ends_the_zoom_and_keeps_the_node(default):
    tab = default
    _plot(tab, RNN).evaluate("plot => { plot.isTheSame = true; }")
    _zoom(tab, RNN, (5, 20), (15, 40))
    tab.set_slider("T", 60)
    tab.eventually(lambda: _ranges(tab, RNN) == [0.5, 60.5, 60.5, 0.5])
    assert _plot(tab, RNN).evaluate("plot => plot.isTheSame")


def test_the_crosshair_is_at_the_same_cell_in_both_and_at_its_lag_in_the_profile(light):
    tab, experiment = light, run(SHOWN)
    tab.page.mouse.move(*_at(tab, RNN, 7, 40))
    for key in (RNN, LSTM):
        tab.eventually(lambda key=key: _lines(tab, key) == pytest.approx([7, 40], abs=0.2))
    assert _lines(tab, PROFILE) == pytest.approx([7], abs=0.2)
    said = _readout(tab)
    assert "t = 40, k = 7, j = 34" in said
    assert f"RNN: {_told(experiment.rnn, SHOWN, 40, 7)}" in said
    assert f"LSTM: {_told(experiment.lstm, SHOWN, 40, 7)}" in said
    label = tab.page.locator(".gradflow-heatmaps output").first.inner_text()
    share = 100.0 * experiment.rnn.share("w_x")[39, 6]
    assert f"{share:.2f}% of its row's summed sizes" in label


def test_a_lag_of_the_profile_is_that_cell_in_the_heatmaps(light):
    light.page.mouse.move(*_at(light, PROFILE, 12, -2))
    light.eventually(lambda: _lines(light, PROFILE) == pytest.approx([12], abs=0.2))
    assert _lines(light, LSTM) == pytest.approx([12, 30], abs=0.2)


def test_a_click_picks_the_cell_that_is_explained(open_page):
    tab = open_page()
    tab.page.mouse.click(*_at(tab, LSTM, 9, 33))
    expect(tab.page.get_by_text(term_words.title(33, 9))).to_have_count(1)
    expect(tab.page.get_by_text("One row: target step t = 33")).to_have_count(1)
    tab.eventually(lambda: {"last": "0", "t": "33", "lag": "9"}.items() <= _query(tab).items())
    tab.page.mouse.move(0, 0)
    tab.page.get_by_role("button", name=chart_words.EXPLAINED).click()
    expect(tab.widget("lag")).to_be_in_viewport()
    expect(tab.page.get_by_text(term_words.title(33, 9))).to_be_in_viewport()


@pytest.mark.parametrize("axis", ["lag", "source", "log"])
def test_arrow_keys_move_the_crosshair_and_enter_picks(open_page, axis):
    tab = open_page(f"?axis={axis}&last=0&t=30&lag=10")
    panel = tab.page.locator(".gradflow-heatmaps [role=application]").first
    panel.focus()
    readout = tab.page.locator(".gradflow-heatmaps .readout")
    assert readout.get_attribute("aria-live") == "polite"
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("ArrowRight")
    k = 8 if axis == "source" else 11
    assert f"t = 29, k = {k}, j = {30 - k}" in _readout(tab)
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_text(term_words.title(29, k))).to_have_count(1)
    tab.page.locator(".gradflow-heatmaps[aria-busy=false]").wait_for()
    tab.page.keyboard.press("Shift+ArrowDown")
    assert "t = 39" in _readout(tab)
    tab.page.keyboard.press("Escape")
    assert f"t = 29, k = {k}" in _readout(tab)
    panel.blur()
    assert readout.get_attribute("aria-live") == "off"


def test_a_zoomed_axis_has_whole_numbers_that_stay_and_go_with_the_zoom(open_page):
    tab = open_page("?T=200")
    before = {axis: _ticks(tab, RNN, axis) for axis in ("xaxis", "yaxis")}
    _zoom(tab, RNN, (21, 151), (37, 183))
    expected = {"xaxis": {"25", "30", "35"}, "yaxis": {"160", "170", "180"}}
    tab.page.wait_for_function(
        f"() => document.querySelector('[data-chart={RNN}]')._fullLayout.xaxis.tickmode == 'linear'"
    )
    for axis, least in expected.items():
        assert least <= set(_ticks(tab, RNN, axis))
    tab.set_slider("w_s", 0.7)
    await_values(tab, replace(Settings(), T=200, w_s=0.7))
    for axis, least in expected.items():
        assert least <= set(_ticks(tab, RNN, axis))
    _zoom(tab, RNN, (30, 165), (34, 169))
    tab.page.wait_for_function(
        f"() => document.querySelector('[data-chart={RNN}]')._fullLayout.xaxis.dtick == 1"
    )
    assert {"31", "32", "33"} <= set(_ticks(tab, RNN, "xaxis"))
    _unzoom(tab, RNN)
    assert {axis: _ticks(tab, RNN, axis) for axis in before} == before


def test_the_profile_numbers_its_axes_by_itself_before_and_after_a_zoom(light):
    tab = light
    before = {axis: _ticks(tab, PROFILE, axis) for axis in ("xaxis", "yaxis")}
    _zoom(tab, PROFILE, (11, -1), (24, -2))
    assert _ticks(tab, PROFILE, "xaxis") != before["xaxis"]
    _unzoom(tab, PROFILE)
    assert {axis: _ticks(tab, PROFILE, axis) for axis in before} == before


def test_the_crosshair_stays_within_the_triangle(light):
    panel = light.page.locator(".gradflow-heatmaps [role=application]").first
    panel.focus()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", *["ArrowUp"] * 3):
        light.page.keyboard.press(key)
    assert "t = 7, k = 7" in _readout(light)
    for _ in range(3):
        light.page.keyboard.press("ArrowRight")
    assert "t = 7, k = 7" in _readout(light)
    light.page.keyboard.press("Escape")
    panel.blur()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_crosshair_is_seen_where_the_page_shows_through(theme, request):
    tab = request.getfixturevalue(theme)
    tab.page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")  # clear of the header
    tab.page.mouse.move(0, 0)
    tab.eventually(lambda: _lines(tab, RNN) == pytest.approx([10, 30], abs=0.2))
    # Above the triangle of a heatmap, and between the lines of the profile's grid.
    for key, (x, y) in ((RNN, (10, 4)), (LSTM, (10, 4)), (PROFILE, (10, -0.7))):
        left, top = _at(tab, key, x, y)
        clip = {"x": round(left) - 6, "y": round(top), "width": 13, "height": 1}
        picture = Image.open(io.BytesIO(tab.page.screenshot(clip=clip))).convert("L")
        shades = [picture.getpixel((column, 0)) for column in range(picture.width)]
        assert max(shades) - min(shades) > 150, (key, shades)


def test_the_colours_of_the_text_follow_the_theme(light, dark):
    for tab, bright in ((light, False), (dark, True)):
        colour = _plot(tab, RNN).evaluate("plot => plot._fullLayout.font.color")
        red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
        assert (red + green + blue > 3 * 128) is bright


def test_the_charts_fit_again_when_the_page_becomes_narrow(dark):
    dark.page.set_viewport_size({"width": 390, "height": 900})
    dark.page.wait_for_function(
        """() => [...document.querySelectorAll("[data-chart] .main-svg")]
             .every((svg) => svg.getBoundingClientRect().right <= window.innerWidth)"""
    )


@pytest.mark.parametrize("camera", ["png", "svg"])
def test_the_camera_saves_the_heatmap(open_page, camera, tmp_path):
    tab = open_page(f"?camera={camera}")
    _plot(tab, RNN).hover()
    with tab.page.expect_download() as arriving:
        _plot(tab, RNN).locator(".modebar-btn").first.click()
    assert arriving.value.suggested_filename == f"rnn_heatmap.{camera}"
    path = tmp_path / "picture"
    arriving.value.save_as(path)
    starts = {"png": b"\x89PNG", "svg": b"<svg"}
    assert path.read_bytes().startswith(starts[camera])


def test_no_button_sends_a_chart_to_a_server_outside(light):
    buttons = light.page.locator("[data-chart] .modebar-btn").evaluate_all(
        "buttons => buttons.map((button) => button.dataset.title)"
    )
    assert "Reset zoom" in buttons
    assert not any("share" in title.lower() or "cloud" in title.lower() for title in buttons)
