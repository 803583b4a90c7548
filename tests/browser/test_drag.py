"""Sliders that move the charts along with the hand, before it lets go."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from gradflow.ui.comparison import term_words, words
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

START = Settings(T=30)

# The curves and the pictures as they are on the screen, whatever Plotly knows of them.
PAINTED = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const pictures = all("[data-chart$=heatmap] image").map((image) => image.href.baseVal);
  const curves = all("[data-chart=profile] .js-line").map((path) => path.getAttribute("d"));
  return [...pictures, ...curves];
}"""


# Texts and middles of what a selector finds in a chart's panel.
MIDDLES = """window.middles = (key, selector) =>
  [...document.querySelectorAll(`:has(> [data-chart=${key}]) ${selector}`)].map((found) => {
    const { left, right, top, bottom } = found.getBoundingClientRect();
    return [found.textContent, (left + right) / 2, (top + bottom) / 2];
  })"""

# Keeps the last numbers that stand on axes ahead of Plotly.
KEEP = """(keys) => {
  window.ahead = {};
  new MutationObserver(() => {
    for (const key of keys) {
      const found = middles(key, ".numbers span");
      if (found.length) window.ahead[key] = found;
    }
  }).observe(document.querySelector(".gradflow-heatmaps"), { childList: true, subtree: true });
}"""


# Five keys on a slider; how many messages go to the server within a tenth of a second.
KEYS = """async (slider) => {
  const { send } = WebSocket.prototype;
  let sent = 0;
  WebSocket.prototype.send = function (message) {
    sent += 1;
    send.call(this, message);
  };
  slider.focus();
  for (let n = 0; n < 5; n += 1) {
    slider.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
    await null;
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return sent;
}"""


@pytest.fixture
def tab(open_page):
    return open_page(f"?T={START.T}")


def _value(tab, key):
    return float(tab.widget(key).locator("input[type=range]").input_value())


def _linked(tab, name):
    return float(parse_qs(urlsplit(tab.page.url).query)[name][0])


def _assert_drawn(tab, settings):
    """Plotly has drawn these settings, which it does when the hand rests."""
    experiment = run(settings)
    t = experiment.T
    profile = tab.chart("profile").data
    for key, flow, curve in (
        ("rnn_heatmap", experiment.rnn, profile[0]),
        ("lstm_heatmap", experiment.lstm, profile[1]),
    ):
        log10 = flow.log10(parameter_name(flow, settings))
        expected = np.where(np.isfinite(log10), log10 - log10[:, :1], np.nan)
        shown = np.asarray(tab.chart(key).data[0]["z"], dtype=float)
        np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(curve["y"], expected[t - 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("key", "way"), [("w_s", -40), ("T", 25)])
def test_the_charts_follow_a_slider_that_is_held(tab, key, way):
    before = tab.page.evaluate(PAINTED)
    x, y = tab.grab(key)
    tab.page.mouse.move(x + way, y)
    tab.eventually(lambda: _value(tab, key) != getattr(START, key))
    value = _value(tab, key)
    moved = replace(START, **{key: int(value) if key == "T" else value})
    tab.eventually(_assert_drawn, tab, moved)
    assert _linked(tab, key) == getattr(START, key)
    _assert_said_to_follow(tab, moved)
    # The LSTM's picture: b_f is nothing to the RNN.
    assert tab.page.evaluate(PAINTED)[1] != before[1]
    tab.page.mouse.up()
    tab.eventually(lambda: _linked(tab, key) == value)
    _assert_drawn(tab, moved)
    expect(tab.page.locator("[data-pending]")).to_have_count(0)


def test_the_numbers_of_axes_move_with_the_length_and_plotly_puts_them_there_too(tab):
    tab.page.evaluate(MIDDLES)
    tab.page.evaluate(KEEP, ["rnn_heatmap", "lstm_heatmap", "profile"])
    x, y = tab.grab("T")
    tab.page.mouse.move(x + 25, y)
    tab.eventually(lambda: _value(tab, "T") != START.T)
    tab.eventually(_assert_drawn, tab, replace(START, T=int(_value(tab, "T"))))
    ahead = tab.page.evaluate("() => window.ahead")
    assert ahead.keys() == {"rnn_heatmap", "lstm_heatmap", "profile"}
    for key, moved in ahead.items():
        drawn = tab.page.evaluate("(key) => middles(key, ':is(.xtick, .ytick) text')", key)
        drawn = [(text.replace("\u200b", "").replace("−", "-"), *at) for text, *at in drawn]
        assert [text for text, *_ in moved] == [text for text, *_ in drawn]
        for (_, across, down), (_, left, top) in zip(moved, drawn, strict=True):
            assert across == pytest.approx(left, abs=2)
            # Plotly also gives the profile's own notes the room that they need.
            assert key == "profile" or down == pytest.approx(top, abs=2)
    assert tab.page.locator(".numbers span").count() == 0


def _assert_said_to_follow(tab, moved):
    """The linked slider is where it will be, and what stands beside is said to be pending."""
    expect(tab.widget("w_h_follows").get_by_test_id("stSliderThumbValue")).to_have_text(
        f"{moved.shared_w_h:.2f}"
    )
    expect(tab.widget("beside_sliders")).to_have_attribute("data-pending", words.PENDING)


@pytest.mark.parametrize(("key", "value"), [("w_s", 0.85), ("T", 25)])
def test_the_charts_follow_keys_and_the_page_when_they_rest(tab, key, value):
    sent = tab.widget(key).locator("input[type=range]").evaluate(KEYS)
    assert sent == 0
    tab.eventually(_assert_drawn, tab, replace(START, **{key: value}))
    tab.eventually(lambda: _linked(tab, key) == value)
    expect(tab.page.locator("[data-pending]")).to_have_count(0)
    assert _value(tab, key) == value


def test_a_page_that_is_opened_right_after_keys_has_what_they_set(tab):
    tab.widget("w_s").locator("input[type=range]").evaluate(KEYS)
    tab.page.get_by_role("link", name="Paths").click()
    tab.page.get_by_role("heading", name="Paths").wait_for()
    tab.eventually(lambda: _linked(tab, "w_s") == _value(tab, "w_s") == 0.85)


def test_a_slider_that_is_brought_back_leaves_all_as_it_was(tab):
    tab.eventually(_assert_drawn, tab, START)
    before = tab.page.evaluate(PAINTED)
    x, y = tab.grab("w_s")
    tab.page.mouse.move(x - 40, y)
    tab.eventually(lambda: tab.page.evaluate(PAINTED)[:3] != before[:3])
    tab.page.mouse.move(x, y)
    tab.page.mouse.up()
    tab.eventually(lambda: _value(tab, "w_s") == START.w_s)
    tab.eventually(lambda: tab.page.evaluate(PAINTED) == before)
    tab.eventually(_assert_drawn, tab, START)
    expect(tab.page.locator("[data-pending]")).to_have_count(0)


def test_a_change_moves_nothing_and_a_click_marks_the_row_that_was_picked(tab):
    panel = tab.page.locator("[data-chart=lstm_heatmap]")
    before = panel.bounding_box()
    x, y = tab.grab("w_s")
    tab.page.mouse.move(x - 10, y)
    tab.page.mouse.up()
    tab.eventually(lambda: _linked(tab, "w_s") == _value(tab, "w_s") != START.w_s)
    tab.page.locator(".gradflow-heatmaps[aria-busy=false]").wait_for()
    assert panel.bounding_box() == before
    place = panel.evaluate(
        """plot => {
             const { xaxis, yaxis } = plot._fullLayout;
             const { left, top } = plot.getBoundingClientRect();
             return [left + xaxis._offset + xaxis.d2p(9), top + yaxis._offset + yaxis.d2p(23)];
           }"""
    )
    tab.page.mouse.click(*place)
    expect(tab.page.get_by_text(term_words.title(23, 9))).to_have_count(1)
    assert (_linked(tab, "t"), _linked(tab, "lag")) == (23, 9)
    assert panel.bounding_box() == before
