"""The derivation in a real browser: steps that open, a quiz that keeps, nothing too wide."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from gradflow.ui.derivation.chapters import PARTS, QUESTIONS
from gradflow.ui.derivation.rnn_questions import HALVING
from gradflow.ui.shared.symbol_words import SYMBOLS

pytestmark = pytest.mark.slow

# Letters in formulas that name nothing: of derivatives, and the base of natural logarithms.
NO_SYMBOLS = {"d", "e"}

# Of every letter in a formula, what is spelled around it, itself first.
AROUND_LETTERS = """() => {
  const around = (at) => {
    if (!at) return [];
    const spelled = at.textContent.replaceAll(/[\\s\\u200b]/g, "");
    return [spelled, ...around(at.parentElement.closest(".katex-html .mord"))];
  };
  return [...document.querySelectorAll(".katex-html .mathnormal")].map(around);
}"""


def _turn_to(tab, name):
    tab.page.get_by_role("link", name=name, exact=True).first.click()


def _predict(tab, question, option):
    options = tab.widget(f"quiz_{question.key}").get_by_role("radiogroup").locator("label")
    options.nth(
        list(question.options).index(option)
    ).click()  # by its place: formulas in it are no text
    answer = tab.widget(f"answer_{question.key}").locator("button")
    expect(answer).to_be_enabled()
    answer.press("Space")
    expect(answer).to_have_count(0)


def _parts(tab):
    return tab.page.locator("[class*=st-key-step_], [class*=st-key-question_]")


def _assert_proves(tab, question):
    """The charts of an answer frame what it says."""
    drawn = [chart for chart in tab.charts() if chart.key.startswith(question.key)]
    for chart, shown in zip(drawn, question.prove().shown, strict=True):
        z = np.asarray(chart.data[0]["z"], dtype=float)
        assert z.size == shown.panel.T**2
        [frame] = chart.layout["shapes"]
        assert (frame["x0"], frame["y1"]) == (shown.outline.first - 0.5, shown.panel.T + 0.5)


@pytest.fixture
def page(open_page):
    tab = open_page("derivation")
    expect(_parts(tab)).to_have_count(1)
    return tab


def test_steps_open_a_prediction_is_proved_and_all_of_it_is_kept(page):
    for count in range(2, 8):
        page.press("derivation_next")
        expect(_parts(page)).to_have_count(count)
    expect(page.widget("derivation_next").locator("button")).to_be_disabled()
    _predict(page, HALVING, "half")
    page.eventually(_assert_proves, page, HALVING)
    page.press("derivation_next")
    expect(_parts(page)).to_have_count(8)
    _turn_to(page, "Compare")
    page.page.locator(".gradflow-heatmaps[aria-busy=false]").wait_for()
    _turn_to(page, "Derivation")
    expect(_parts(page)).to_have_count(8)
    expect(page.page.get_by_test_id("stMain")).to_contain_text("1 of 8 predicted, 0 right")
    assert "derivation" not in page.page.url.partition("?")[2]


def test_the_settings_of_an_answer_move_the_sliders(page):
    page.press("derivation_all")
    expect(_parts(page)).to_have_count(len(PARTS))
    _predict(page, HALVING, HALVING.prove().right)
    page.press("use_halving")
    slider = page.widget("w_s").locator("input[type=range]").first
    page.eventually(lambda: float(slider.input_value()) == HALVING.settings.w_s)
    page.eventually(lambda: "w_s=0.45" in page.page.url)


@pytest.fixture(scope="module")
def all_open(open_shared_page):
    query = "w_x=-12.25&w_s=-1.37&loss=squared&target=-3.25&w_o=-2.75"
    tab = open_shared_page(f"derivation?{query}", dark=True)
    tab.press("derivation_all")
    expect(_parts(tab)).to_have_count(len(PARTS))
    return tab


def _explained(letters):
    return next((said for spelled, *said in SYMBOLS if re.fullmatch(spelled, letters)), None)


def test_every_symbol_of_the_formulas_is_explained_where_it_stands(all_open):
    unknown = [
        around
        for around in all_open.page.evaluate(AROUND_LETTERS)
        if around[0] not in NO_SYMBOLS and not any(map(_explained, around))
    ]
    assert unknown == []
    symbols = all_open.page.locator(".katex-html .mord")
    symbols.filter(has_text=re.compile(r"^ws\W*$"), visible=True).first.hover()
    expect(all_open.page.get_by_role("tooltip")).to_have_text(": ".join(_explained("ws")))
    all_open.page.keyboard.press("Escape")
    expect(all_open.page.get_by_role("tooltip")).to_have_count(0)
    all_open.page.keyboard.press("Tab")
    all_open.page.locator(".katex[tabindex='0']", has_text="ds3").first.focus()
    expect(all_open.page.get_by_role("tooltip")).to_contain_text(": ".join(_explained("s3")))


def test_nothing_of_the_open_derivation_is_wider_than_the_page(all_open):
    tab = all_open
    for question in QUESTIONS[:2]:
        _predict(tab, question, question.prove().right)
        tab.eventually(_assert_proves, tab, question)
    tab.assert_nothing_is_wider(".katex .base", ".js-plotly-plot", "button", "p")
    assert tab.page.locator(".katex-error").count() == 0
