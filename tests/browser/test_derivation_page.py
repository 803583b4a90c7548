"""The derivation in a real browser: steps that open, a quiz that keeps, nothing too wide."""

import numpy as np
import pytest

from gradflow.ui.derivation.outline import PARTS, QUESTIONS
from gradflow.ui.derivation.rnn_questions import HALVING

TOO_WIDE = """() => [...document.querySelectorAll(
    "[data-testid=stMain] .katex .base, [data-testid=stMain] .js-plotly-plot, "
    + "[data-testid=stMain] button, [data-testid=stMain] p")]
  .map((e) => e.getBoundingClientRect())
  .filter((box) => box.width > 0 && box.right > window.innerWidth + 1).length"""


def _turn_to(tab, name):
    tab.page.get_by_role("link", name=name, exact=True).first.click()
    tab.wait_until_still()


def _predict(tab, question, option):
    tab.choose(f"quiz_{question.key}", question.options[option])
    tab.press(f"answer_{question.key}")


def _parts(tab):
    return tab.page.locator("[class*=st-key-step_], [class*=st-key-question_]").count()


def test_steps_open_a_prediction_is_proved_and_all_of_it_is_kept(page):
    _turn_to(page, "Derivation")
    assert _parts(page) == 1
    for _ in range(6):
        page.press("derivation_next")
    assert _parts(page) == 7
    assert page.widget("derivation_next").locator("button").is_disabled()
    _predict(page, HALVING, "half")
    drawn = [chart for chart in page.charts() if chart.key.startswith("halving")]
    for chart, shown in zip(drawn, HALVING.prove().shown, strict=True):
        z = np.asarray(chart.data[0]["z"], dtype=float)
        assert z.size == shown.panel.T**2
        [frame] = chart.layout["shapes"]
        assert (frame["x0"], frame["y1"]) == (shown.outline.first - 0.5, shown.panel.T + 0.5)
    page.press("derivation_next")
    _turn_to(page, "Compare")
    _turn_to(page, "Derivation")
    assert _parts(page) == 8
    assert "1 of 8 predicted, 0 right" in page.page.get_by_test_id("stMain").inner_text()
    assert "derivation" not in page.page.url.partition("?")[2]


def test_the_settings_of_an_answer_move_the_sliders(page):
    _turn_to(page, "Derivation")
    page.press("derivation_all")
    _predict(page, HALVING, HALVING.prove().right)
    page.press("use_halving")
    slider = page.widget("w_s").locator("input[type=range]").first
    assert float(slider.input_value()) == HALVING.settings.w_s
    assert "w_s=0.45" in page.page.url


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_of_the_open_derivation_is_wider_than_the_page(open_page, width, dark):
    tab = open_page("?w_x=-12.25&w_s=-1.37&loss=squared&target=-3.25&w_o=-2.75", 1440, dark=dark)
    _turn_to(tab, "Derivation")
    tab.page.set_viewport_size({"width": width, "height": 900})
    tab.wait_until_still()
    tab.press("derivation_all")
    assert _parts(tab) == len(PARTS)
    for question in QUESTIONS[:2]:
        _predict(tab, question, question.prove().right)
    assert tab.page.evaluate(TOO_WIDE) == 0
    assert tab.page.locator(".katex-error").count() == 0
