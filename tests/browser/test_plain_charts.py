"""What stands in for the linked charts where a browser cannot draw them."""

import re
from dataclasses import replace

import pytest
from browser.app_page import ARRIVES_WITHIN, AppPage
from browser.linked_charts import LSTM, PROFILE, RNN, await_values
from playwright.sync_api import expect

from gradflow.ui.comparison import words
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

PLOTLY_JS = re.compile(r"plotly-cartesian\.min\.js")


def _without_plotly_js(browser, server, answer):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(1000 * ARRIVES_WITHIN)
    context.route(PLOTLY_JS, answer)
    tab = AppPage(context.new_page())
    tab.open(server)
    expect(tab.page.get_by_text(words.UNLINKED)).to_have_count(1)
    tab.page.wait_for_selector("[data-testid=stPlotlyChart] .heatmaplayer image")
    return tab


def test_plain_charts_stand_in_where_plotly_js_never_arrives(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(1000 * ARRIVES_WITHIN)
    context.route(PLOTLY_JS, lambda route: None)
    tab = AppPage(context.new_page())
    tab.page.clock.install()
    tab.page.goto(server)
    readout = tab.page.locator(".gradflow-heatmaps .readout")
    readout.wait_for()
    assert readout.inner_text().strip() == "Loading the charts…"
    tab.page.clock.fast_forward(31_000)
    tab.page.wait_for_selector("[data-testid=stPlotlyChart] .heatmaplayer image")
    expect(tab.page.get_by_text(words.UNLINKED)).to_have_count(1)
    context.close()


@pytest.mark.parametrize("failure", ["not served", "broken"])
def test_plain_charts_stand_in_where_plotly_js_cannot_be_had(browser, server, failure):
    def answer(route):
        if failure == "broken":
            route.fulfill(body="this is no script", content_type="text/javascript")
        else:
            route.abort()

    tab = _without_plotly_js(browser, server, answer)
    expect(tab.page.locator(".gradflow-heatmaps")).to_have_count(0)
    await_values(tab, Settings())
    tab.set_slider("w_s", 0.8)
    await_values(tab, replace(Settings(), w_s=0.8))
    assert [chart.key for chart in tab.charts()][:3] == [RNN, LSTM, PROFILE]
    tab.page.context.close()
