"""The page in a real browser: what it draws, how it moves, and what it hands out."""

import csv
import io
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from pypdf import PdfReader

from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.shared.experiment import parameter_name, run
from gradflow.ui.shared.links import to_query
from gradflow.ui.shared.presets import PRESETS
from gradflow.ui.shared.settings import Settings


def _query(settings):
    return "?" + urlencode(to_query(settings))


def _linked(tab):
    """The settings in the address bar."""
    return {name: value[-1] for name, value in parse_qs(urlsplit(tab.page.url).query).items()}


def _heatmaps(tab):
    return [tab.chart("rnn_heatmap").data[0], tab.chart("lstm_heatmap").data[0]]


def _assert_shows(tab, settings, own=None):
    experiment = run(settings, own)
    for trace, flow in zip(_heatmaps(tab), (experiment.rnn, experiment.lstm), strict=True):
        log10 = flow.log10(parameter_name(flow, settings))
        expected = relative_to_first(log10) if settings.relative else log10
        shown = np.asarray(trace["z"], dtype=float)
        expected = np.where(np.isfinite(expected), expected, np.nan)
        np.testing.assert_allclose(shown, expected, rtol=1e-6)


def test_the_sliders_give_the_librarys_heatmaps_and_leave_no_steps_for_the_way_back(open_page):
    tab = open_page()
    settings = Settings()
    tab.eventually(_assert_shows, tab, settings)
    before = tab.page.evaluate("history.length")
    for name, value in (("w_s", 0.82), ("T", 44), ("b_f", 1.2)):
        settings = replace(settings, **{name: value})
        tab.set_slider(name, value)
        tab.eventually(_assert_shows, tab, settings)
        tab.page.wait_for_url(f"**{name}={value}*")
    assert tab.page.evaluate("history.length") == before


@pytest.mark.slow
def test_the_link_in_the_address_bar_reopens_the_view(open_page):
    first = open_page()
    first.set_slider("w_s", 0.95)
    first.eventually(lambda: "w_s=0.95" in first.page.url)
    first.choose("preset", "3. Slow decay")
    settings = next(preset.settings for preset in PRESETS if preset.name == "Slow decay")
    first.eventually(lambda: _linked(first) == to_query(settings))
    second = open_page(f"?{urlsplit(first.page.url).query}")
    second.eventually(_assert_shows, second, settings)
    second.eventually(lambda: _linked(second) == to_query(settings))


@pytest.mark.slow
def test_a_bad_link_shows_a_notice_and_runs_nothing(open_page):
    tab = open_page("?T=1e9&w_s=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&b_f=2")
    notices = tab.page.get_by_test_id("stAlert")
    for said in ("T must be a whole number", "w_s must be a number from -2 to 2"):
        expect(notices.filter(has_text=said)).to_have_count(1)
    tab.eventually(_assert_shows, tab, replace(Settings(), b_f=2.0))
    assert tab.page.locator("img[src=x]").count() == 0


@pytest.mark.slow
def test_nothing_is_wider_than_the_page(open_page):
    tab = open_page(_query(PRESETS[-1].settings), dark=True)
    tab.eventually(lambda: len(tab.charts()) == 4)
    tab.assert_nothing_is_wider(".js-plotly-plot", "button", "table", "[data-testid=stMarkdown]")


@pytest.mark.slow
def test_own_numbers_from_a_file_are_drawn_and_bad_ones_leave_them(open_page, tmp_path):
    tab = open_page("?sequence=own")
    tab.unfold("Input sequence")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("day,x\nMonday,0.5\nTuesday,-1\nFriday,2\n")
    bad.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    settings = replace(Settings(), sequence="own")
    numbers = np.array([0.5, -1.0, 2.0])
    tab.upload("own_file", good)
    tab.eventually(_assert_shows, tab, settings, numbers)
    tab.upload("own_file", bad)
    expect(tab.page.get_by_test_id("stAlert").filter(has_text="must be text")).to_be_visible()
    _assert_shows(tab, settings, numbers)


@pytest.mark.slow
def test_one_visitor_does_not_see_anothers_settings(open_page):
    first, second = open_page(), open_page("?w_s=0.3&T=20")
    first.set_slider("w_s", 0.97)
    first.eventually(_assert_shows, first, replace(Settings(), w_s=0.97))
    second.eventually(_assert_shows, second, replace(Settings(), w_s=0.3, T=20))


SHOWN = replace(Settings(), w_s=0.4, T=15, b_f=2.0)


@pytest.fixture(scope="module")
def downloading(open_shared_page):
    tab = open_shared_page(_query(SHOWN))
    tab.unfold("Downloads")
    return tab


@pytest.mark.slow
def test_the_png_is_a_picture(downloading, tmp_path):
    with Image.open(downloading.download("download_png", tmp_path)) as image:
        assert image.format == "PNG"
        assert image.width >= 1400
        assert len(image.convert("RGB").getcolors(2**24)) > 100


@pytest.mark.slow
def test_the_svg_parses_and_holds_the_settings(downloading, tmp_path):
    root = ElementTree.parse(downloading.download("download_svg", tmp_path)).getroot()
    assert root.tag.endswith("svg")
    words = " ".join(root.itertext())
    assert "target step t" in words
    assert "w_s = 0.4" in words
    assert "v=2" in words


@pytest.mark.slow
def test_the_pdf_is_one_page(downloading, tmp_path):
    assert len(PdfReader(downloading.download("download_pdf", tmp_path)).pages) == 1


@pytest.mark.slow
def test_the_csv_holds_the_librarys_numbers(downloading, tmp_path):
    text = downloading.download("download_csv", tmp_path).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    experiment = run(SHOWN)
    assert {(row["cell"], row["parameter"]) for row in rows} >= {("rnn", "w_x"), ("lstm", "w_xf")}
    for row in rows:
        flow = experiment.rnn if row["cell"] == "rnn" else experiment.lstm
        place = int(row["t"]) - 1, int(row["k"]) - 1
        assert int(row["j"]) == int(row["t"]) + 1 - int(row["k"])
        assert float(row["log10"]) == flow.log10(row["parameter"])[place]
        assert float(row["value"]) == flow.value(row["parameter"])[place]
        assert int(row["sign"]) == flow.sign(row["parameter"])[place]


@pytest.mark.slow
def test_the_npz_holds_the_librarys_numbers(downloading, tmp_path):
    experiment = run(SHOWN)
    with np.load(downloading.download("download_npz", tmp_path), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["lstm/w_xf/log10"], experiment.lstm.log10("w_xf"))
        np.testing.assert_array_equal(arrays["rnn/w_s/sign"], experiment.rnn.sign("w_s"))


def test_the_settings_arrive_as_json(downloading, tmp_path):
    held = json.loads(downloading.download("download_json", tmp_path).read_text())
    assert held["settings"]["w_s"] == 0.4
    assert held["settings"]["T"] == 15


def test_the_python_snippet_makes_the_same_flow(downloading, tmp_path):
    held = {}
    exec(downloading.download("download_python", tmp_path).read_text(), held)
    expected = run(SHOWN).lstm.log10("w_x")
    flows = [value for value in held.values() if hasattr(value, "log10_forget_product")]
    assert any(
        "w_xf" in flow.parameters and np.array_equal(flow.log10("w_x"), expected, equal_nan=True)
        for flow in flows
    )


@pytest.mark.slow
def test_the_html_draws_its_plots_with_the_network_off(downloading, browser, tmp_path):
    path = downloading.download("download_html", tmp_path)
    context = browser.new_context(offline=True)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(".js-plotly-plot .heatmaplayer image")
    assert page.locator(".heatmaplayer image").count() >= 2
    assert errors == []
    context.close()


@pytest.mark.slow
def test_the_controls_work_by_keyboard_alone(open_page):
    tab = open_page()
    tab.widget("w_s").locator("input[type=range]").focus()
    tab.page.keyboard.press("ArrowLeft")
    tab.eventually(_assert_shows, tab, replace(Settings(), w_s=0.89))
    summary = tab.page.locator("[data-testid=stExpander] summary", has_text="Weights").first
    summary.focus()
    tab.page.keyboard.press("Enter")
    toggle = tab.widget("own_w_h").locator("input[type=checkbox]")
    toggle.focus()
    tab.page.keyboard.press("Space")
    expect(tab.widget("w_h").locator("input")).to_have_count(1)
