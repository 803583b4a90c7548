"""The page of the paths in a real browser."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from PIL import Image

from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

HEATMAPS = ("cell_path_heatmap", "detours_heatmap", "all_paths_heatmap")


# Letters of the charts, but for notes that are to be quiet, in another colour than the page's:
# that of Streamlit's charts is a little darker, or lighter on dark paper.
LETTERS = """() => {
  const context = document.createElement("canvas").getContext("2d");
  const channels = (colour) => {
    context.fillStyle = colour;
    return context.fillStyle.match(/[0-9a-f]{2}/g).map((part) => Number.parseInt(part, 16));
  };
  const page = channels(getComputedStyle(document.querySelector("[data-testid=stMain]")).color);
  return [...document.querySelectorAll(".js-plotly-plot")].flatMap((plot) => {
    const { font, xaxis, yaxis } = plot._fullLayout;
    const named = [xaxis, yaxis].flatMap((axis) => [axis.tickfont, axis.title?.font]);
    const fonts = [font, ...named.filter((one) => one !== undefined)];
    const isOther = ({ color }) => channels(color).some((c, n) => Math.abs(c - page[n]) > 20);
    return fonts.filter(isOther).map(({ color }) => color);
  });
}"""


def _query(settings):
    return "paths?" + urlencode(to_query(settings))


def _linked(tab):
    """The settings in the address bar."""
    return {name: value[-1] for name, value in parse_qs(urlsplit(tab.page.url).query).items()}


def _lit(tab):
    return {trace["name"] for trace in tab.chart("unrolled_graph").data if "lit" in trace["name"]}


def _assert_shows(tab, settings):
    flow = run(settings).lstm
    parts = (*flow.by_detours("w_xc", classes=2).log10, flow.log10("w_xc"))
    for key, log10 in zip(HEATMAPS, parts, strict=True):
        trace = tab.chart(key).data[0]
        expected = np.where(np.isfinite(log10), log10 - flow.log10("w_xc")[:, :1], np.nan)
        shown = np.asarray(trace["z"], dtype=float).reshape(expected.shape)
        np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)


def test_the_page_is_reached_by_its_tab_and_shows_what_the_library_gives(open_page):
    settings = replace(Settings(), gate="c", T=30)
    tab = open_page("?" + urlencode(to_query(settings)))
    tab.page.get_by_role("link", name="Paths").click()
    tab.eventually(_assert_shows, tab, settings)
    tab.set_slider("w_s", 0.8)
    tab.eventually(_assert_shows, tab, replace(settings, w_s=0.8))
    assert tab.page.evaluate(LETTERS) == []


def test_a_path_is_chosen_by_keyboard_and_kept_by_the_link(open_page):
    tab = open_page(_query(Settings(T=20)))
    first = tab.eventually(_lit, tab)
    tab.widget("path").locator("input[type=radio]").first.focus()
    tab.page.keyboard.press("ArrowDown")
    tab.eventually(lambda: _linked(tab)["path"] == "2" and _lit(tab) not in (set(), first))
    tab.set_slider("b_f", 1.01)
    tab.eventually(lambda: _linked(tab)["b_f"] == "1.01")
    assert _linked(tab)["path"] == "2"
    again = open_page(tab.page.url.partition("//")[2].partition("/")[2])
    again.eventually(lambda: _lit(again) == _lit(tab))
    assert again.widget("path").locator("input[type=radio]").nth(1).is_checked()


def test_nothing_is_wider_than_the_page(open_page):
    tab = open_page(_query(PRESETS[-1].settings), dark=True)
    tab.eventually(lambda: len(tab.charts()) == 6)
    tab.assert_nothing_is_wider(".js-plotly-plot", "label", "[data-testid=stMarkdown]", "svg text")


@pytest.fixture(scope="module")
def short(open_shared_page):
    """A tab for tests that change no setting."""
    return open_shared_page(_query(Settings(T=10)))


def test_the_camera_of_the_graph_makes_a_picture(short, tmp_path):
    tab = short
    chart = tab.widget("unrolled_graph")
    chart.scroll_into_view_if_needed()
    chart.locator(".nsewdrag").first.hover()
    with tab.page.expect_download() as arriving:
        chart.locator("[data-title*=Download]").click()
    path = tmp_path / arriving.value.suggested_filename
    arriving.value.save_as(path)
    assert path.name == "unrolled_graph.png"
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(2**24)) > 50


def test_heatmaps_stand_side_by_side_on_a_screen_and_one_below_the_other_on_a_phone(short):
    def tops():
        return {round(short.widget(key).bounding_box()["y"]) for key in HEATMAPS}

    short.eventually(lambda: len(tops()) == 1)
    short.page.set_viewport_size({"width": 390, "height": 900})
    short.eventually(lambda: len(tops()) == 3)
