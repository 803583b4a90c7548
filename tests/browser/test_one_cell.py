"""The explained cell in a real browser: it follows the lag, and fits the screen."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from gradflow.ui.comparison.term_parts import term
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

PRESET = {preset.name: preset.settings for preset in PRESETS}
LONG = replace(Settings(), T=150, lag=120, w_x=40.0, sequence="ones", gate="o", loss="squared")

# How far each formula reaches beyond its element, in pixels, and what is drawn as an error.
OVERHANGS = """() => [...document.querySelectorAll("[data-testid=stMain] .katex-display")]
  .map((formula) => {
    const column = formula.closest("[data-testid=stElementContainer]").getBoundingClientRect();
    const parts = [...formula.querySelectorAll(".katex-html .base")];
    return Math.max(...parts.map((part) => part.getBoundingClientRect().right)) - column.right;
  })"""


def _query(settings):
    return "?" + urlencode(to_query(settings))


def _log10(tab):
    return [list(trace["x"]) for trace in tab.chart("factors").data]


def _expected(settings, t, k):
    cell = term(settings, run(settings), t, k)
    return [
        [*(factor.log10 for factor in product.factors), product.value.log10]
        for product in (cell.rnn, cell.cell_path)
    ]


def test_another_lag_and_another_target_give_another_cell(open_page):
    tab = open_page()
    tab.eventually(lambda: _log10(tab) == _expected(Settings(), 50, 10))
    tab.fill("lag", "3")
    tab.eventually(lambda: _log10(tab) == _expected(Settings(), 50, 3))
    heading = tab.page.get_by_text("One cell explained").first
    tab.eventually(lambda: "k\u00a0=\u00a03" in heading.inner_text())
    tab.eventually(lambda: "lag=3" in tab.page.url)
    tab.press("last")
    tab.fill("t", "20")
    tab.eventually(lambda: _log10(tab) == _expected(Settings(), 20, 3))


@pytest.mark.parametrize(
    ("settings", "width", "dark"),
    [(PRESET["Saturation"], 1440, True), (LONG, 390, False)],
    ids=["saturated", "long on a phone"],
)
def test_the_formulas_fit_their_column(open_page, settings, width, dark):
    tab = open_page(_query(settings), width=width, dark=dark)
    tab.eventually(lambda: len(tab.page.evaluate(OVERHANGS)) == 2)
    overhangs = tab.page.evaluate(OVERHANGS)
    assert max(overhangs) <= 1
    assert tab.page.locator(".katex-error").count() == 0


def test_an_input_of_zero_is_marked_as_exactly_zero(open_page):
    tab = open_page(_query(replace(Settings(), sequence="impulse")))

    def words():
        return [note["text"] for note in tab.chart("factors").layout["annotations"]]

    tab.eventually(lambda: words().count("exactly zero") == 4)
    expect(tab.page.get_by_text("Every path is exactly zero")).to_have_count(1)
