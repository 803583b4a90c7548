import csv
import html
import io
import json
import os
import re
import signal
import sys
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pypdf
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import gradflow as gf
from gradflow.figures.builders.print_format import PrintFormat
from gradflow.figures.builders.text import escaped
from gradflow.ui import vendor_internals
from gradflow.ui.comparison import downloads_section, exports
from gradflow.ui.comparison.downloads_section import SECTION
from gradflow.ui.downloads import download_words, images, python_code
from gradflow.ui.downloads.file_titles import titled
from gradflow.ui.downloads.files import html_file
from gradflow.ui.downloads.print_options import PrintOptions
from gradflow.ui.shared import settings_file
from gradflow.ui.shared.experiment import Experiment, run
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.settings_file import read_settings

OWN = np.array([0.1 + 0.2, -1e-5, 0.0, 5000.0, -0.0, 3.0, -2.5e-17])

SETTINGS = {
    "default": Settings(),
    "longest": Settings(T=exports.LONGEST_WHOLE, parameter="b", gate="product"),
    "shortest": Settings(T=2, parameter="w_h"),
    "dead relu": Settings(activation="relu", b=-100.0),
    "ones": Settings(sequence="ones", b=0.3, loss="squared", target=0.7, w_o=-2.0),
    "impulse": Settings(sequence="impulse", w_s=-1.3, s_0=0.4, h_0=-0.2, c_0=1.5, t=7),
    "sine": Settings(sequence="sine", period=7.5, loss="binary", label="0", readout_b_o=0.1),
    "sentence": Settings(sequence="sentence", clause=9, plural=True, loss="softmax", label="1"),
    "own weights": Settings(own_w_h=True, w_h=0.1 + 0.2, b_i=-1.0, b_c=0.25, b_o=2.0, seed=9),
    "own gates": Settings(own_gates=True, w_xi=1e-5, w_xf=-0.5, w_hf=2.0, w_hc=-1.5, w_ho=0.75),
    "own numbers": Settings(sequence="own", loss="softmax", label="0"),
}

each_settings = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())


def flows(experiment: Experiment) -> dict[str, gf.GradientFlow]:
    return {"rnn": experiment.rnn, "lstm": experiment.lstm}


def rows(experiment: Experiment, settings: Settings) -> list[dict[str, str]]:
    text = exports.terms_csv(experiment, settings).decode()
    assert text.startswith("cell,parameter,t,k,j,sign,log10,value,few_digits\n")
    return list(csv.DictReader(io.StringIO(text)))


@each_settings
def test_csv_holds_the_numbers_of_the_library(settings):
    experiment = run(settings, OWN)
    T = experiment.T
    names = {
        "w_x": ["w_x", "w_xi", "w_xf", "w_xc", "w_xo"],
        "w_h": ["w_s", "w_hi", "w_hf", "w_hc", "w_ho"],
        "b": ["b", "b_i", "b_f", "b_c", "b_o"],
    }[settings.parameter]
    found = rows(experiment, settings)
    assert len(found) == 5 * T * (T + 1) // 2
    given: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in found:
        given.setdefault((row["cell"], row["parameter"]), []).append(row)
    assert list(given) == [("rnn", names[0]), *(("lstm", name) for name in names[1:])]
    for (cell, parameter), terms in given.items():
        flow = flows(experiment)[cell]
        t = np.array([int(row["t"]) for row in terms])
        k = np.array([int(row["k"]) for row in terms])
        assert len(set(zip(t, k, strict=True))) == len(terms)
        np.testing.assert_array_equal([int(row["j"]) for row in terms], t + 1 - k)
        for part in ("sign", "log10", "value"):
            expected = getattr(flow, part)(parameter)[t - 1, k - 1]
            np.testing.assert_array_equal([float(row[part]) for row in terms], expected)


@pytest.mark.slow
@pytest.mark.parametrize(("last", "t"), [(True, 501), (False, 40)])
def test_csv_of_a_longer_sequence_holds_the_chosen_target(last, t):
    settings = Settings(T=exports.LONGEST_WHOLE + 1, last=last, t=t, parameter="w_h")
    experiment = run(settings)
    found = rows(experiment, settings)
    assert len(found) == 5 * t
    assert {row["t"] for row in found} == {str(t)}
    named = sorted({(row["cell"], row["parameter"]) for row in found})
    terms = {name: flows(experiment)[name[0]].log10(name[1]) for name in named}
    for row in found:
        row_of_target = terms[row["cell"], row["parameter"]][t - 1]
        assert float(row["log10"]) == row_of_target[int(row["k"]) - 1]


def test_npz_of_a_longer_sequence_gives_the_chosen_parameter_back():
    settings = Settings(T=exports.LONGEST_WHOLE + 1, parameter="w_h", sequence="impulse", w_h=0.3)
    experiment = run(settings)
    file = exports.terms_npz(experiment, settings)
    assert len(file) < 0.8e6  # 10 MB at T = 2000
    with np.load(io.BytesIO(file)) as arrays:
        kept = {name.rpartition("/")[0] for name in arrays.files if name.endswith("/sign")}
        assert kept == {"rnn/w_s", *(f"lstm/w_h{gate}" for gate in "ifco"), "lstm/forget_product"}
        reader: dict[str, Any] = {}
        exec(str(arrays["how_to_read"]), reader)
        expected = {
            "rnn/w_s": experiment.rnn.log10("w_s"),
            "lstm/w_hf": experiment.lstm.log10("w_hf"),
            "lstm/forget_product": experiment.lstm.log10_forget_product(),
        }
        for name, log10 in expected.items():
            found = reader["log10_of"](arrays, name)
            np.testing.assert_array_equal(np.isneginf(found), np.isneginf(log10))
            np.testing.assert_allclose(found, log10, rtol=0.0, atol=2.0**-41 + 1e-13)
        np.testing.assert_array_equal(arrays["lstm/w_hf/sign"], experiment.lstm.sign("w_hf"))


# The cell state cancels and underflows.
UNDERFLOWS = Settings(sequence="impulse", w_s=-2.0, b_f=0.0, parameter="w_h", T=20)


def test_files_mark_what_has_too_few_digits():
    experiment = run(UNDERFLOWS)
    lower = np.tril_indices(20)
    found = rows(experiment, UNDERFLOWS)
    file = io.BytesIO(exports.terms_npz(experiment, UNDERFLOWS))
    with np.load(file, allow_pickle=False) as arrays:
        for cell, name in (("rnn", "w_s"), ("lstm", "w_hf"), ("lstm", "w_hc")):
            few = flows(experiment)[cell].digits(name) < 6
            assert few.any() == (cell == "lstm")
            np.testing.assert_array_equal(arrays[f"{cell}/{name}/few_digits"], few)
            column = [row["few_digits"] for row in found if row["parameter"] == name]
            np.testing.assert_array_equal(column, few[lower].astype(int).astype(str))


def test_pictures_and_pages_mark_what_has_too_few_digits():
    experiment = run(UNDERFLOWS)
    options = PrintOptions(("RNN", "LSTM", "profile"), PrintFormat("columns", 8.0))
    made = downloads_section._pictures(experiment, UNDERFLOWS, "link", options)
    few = experiment.lstm.digits("w_h") < 6
    for figure in (made.printed(), made.page(True)):
        marks = [trace for trace in figure.data if trace.name == "too few digits"]
        [shown] = marks  # the RNN has none
        np.testing.assert_array_equal(np.isfinite(shown.z), few)
        keys = figure.data[0].colorbar.title.text
        assert "too few digits" in keys
        said = " ".join(note.text.replace("<br>", " ") for note in figure.layout.annotations)
        assert f"{few.sum()} terms have fewer than 6 digits" in said
        [curve] = [trace for trace in figure.data if trace.name == "LSTM"]
        assert few[-1, 0]  # and the row is shown over that term
        assert np.isnan(curve.y).all()


def test_csv_writes_exact_zeros_as_minus_infinity():
    settings = Settings(sequence="impulse", T=3)
    zeros = [row for row in rows(run(settings), settings) if row["sign"] == "0"]
    assert zeros
    assert {row["log10"] for row in zeros} == {"-inf"}
    assert {float(row["value"]) for row in zeros} == {0.0}


@pytest.mark.slow
@each_settings
def test_npz_holds_the_numbers_of_the_library(settings):
    experiment = run(settings, OWN)
    file = io.BytesIO(exports.terms_npz(experiment, settings))
    with np.load(file, allow_pickle=False) as arrays:
        assert len(arrays.files) == 3 * (3 + 12) + 3
        for cell, flow in flows(experiment).items():
            for parameter in flow.parameters:
                for part in ("log10", "sign"):
                    found = arrays[f"{cell}/{parameter}/{part}"]
                    expected = getattr(flow, part)(parameter)
                    assert found.dtype == expected.dtype
                    np.testing.assert_array_equal(found, expected)
                assert not arrays[f"{cell}/{parameter}/few_digits"].any()
        product = experiment.lstm.log10_forget_product()
        np.testing.assert_array_equal(arrays["lstm/forget_product/log10"], product)
        np.testing.assert_array_equal(arrays["x"], experiment.inputs.x)
        assert Settings(**json.loads(str(arrays["settings"]))) == settings


@each_settings
def test_json_gives_the_settings_back(settings):
    content = json.loads(settings_file.settings_json(settings, OWN))
    assert content["version"] == Settings.link_version
    read, own, notices = read_settings(settings_file.settings_json(settings, OWN))
    assert (read, notices) == (settings, ())
    assert own == content.get("own")
    assert Settings(**content["settings"]) == settings
    assert ("own" in content) == (settings.sequence == "own")
    if "own" in content:
        assert content["own"] == OWN.tolist()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"settings": 3, "version": "2"}', b"\xff"])
def test_other_files_are_no_settings(data):
    with pytest.raises(ValueError, match="must be the JSON of settings"):
        read_settings(data)


def test_settings_of_a_file_are_checked_like_those_of_a_link():
    content = {"version": "2", "settings": {"w_s": 99, "T": 30, "x": 1}}
    settings, _, notices = read_settings(json.dumps(content).encode())
    assert settings == Settings(T=30)
    assert len(notices) == 2
    assert not any("link" in notice for notice in notices)


def test_json_leaves_own_numbers_out_where_there_are_none():
    assert "own" not in json.loads(settings_file.settings_json(Settings(sequence="own"), None))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "own"),
    [
        *(pytest.param(settings, OWN, id=name) for name, settings in SETTINGS.items()),
        pytest.param(Settings(sequence="own"), None, id="no own numbers yet"),
        pytest.param(Settings(sequence="own"), np.linspace(-1, 1, 600), id="too many numbers"),
    ],
)
def test_snippet_makes_the_same_flows(settings, own, capsys):
    made: dict[str, gf.GradientFlow] = {}
    exec(python_code.snippet(settings, own), made)
    experiment = run(settings, own)
    for cell, flow in flows(experiment).items():
        np.testing.assert_array_equal(made[cell].x, flow.x)
        assert made[cell].parameters == flow.parameters
        for parameter in flow.parameters:
            for part in ("sign", "log10", "value", "total"):
                found, expected = (getattr(f, part)(parameter) for f in (made[cell], flow))
                np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(made[cell].trace.o, flow.trace.o)
    t = experiment.T if settings.last else min(settings.t, experiment.T)
    name = "w_s" if settings.parameter == "w_h" else settings.parameter
    assert float(capsys.readouterr().out) == experiment.rnn.log10(name)[t - 1, t - 1]


@each_settings
def test_snippet_has_no_long_lines(settings):
    lines = python_code.snippet(settings, np.linspace(-1, 1, 500)).splitlines()
    assert max(map(len, lines)) <= 100


def test_snippet_writes_numpy_numbers_as_plain_ones():
    assert "np.float64(" not in python_code.snippet(replace(Settings(), w_s=np.float64(0.3)), None)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_html_needs_nothing_from_outside():
    page = html_file(small_figure()).decode()
    parser = _Tags()
    parser.feed(page)
    scripts = [attributes for tag, attributes in parser.tags if tag == "script"]
    assert scripts
    assert not any("src" in attributes for attributes in scripts)
    assert not any(tag in ("link", "iframe", "img") for tag, _ in parser.tags)
    assert "plotly.js v" in page


def test_html_escapes_what_was_typed():
    typed = "</title></script><script>alert('typed')</script>"
    page = html_file(small_figure(typed), typed).decode()
    assert "<script>alert(" not in page
    head = page[: page.index("<body>")]
    assert re.findall("<title>(.*?)</title>", head) == [html.escape(typed)]


def small_figure(title: str = "two", width: int = 320) -> go.Figure:
    figure = go.Figure(go.Heatmap(z=[[0.0, 1.0], [2.0, 3.0]]))
    return figure.update_layout(title=title, width=width, height=240)


@pytest.fixture(scope="module")
def browser():
    """A browser that kaleido finds; closed after the last test."""
    if not images.browser_available():
        if os.environ.get("CI") == "true":
            pytest.fail(download_words.NO_BROWSER)
        pytest.skip(download_words.NO_BROWSER)
    yield
    images.close()


TITLES = ("a < b & c − d", "what is shown (1)")
SVG = "{http://www.w3.org/2000/svg}"


def test_png_has_a_title_and_a_description():
    file = io.BytesIO()
    Image.new("L", (3, 2)).save(file, "png")
    picture = Image.open(io.BytesIO(titled(file.getvalue(), "png", *TITLES)))
    picture.load()
    assert (picture.text["Title"], picture.text["Description"]) == TITLES


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_png_is_not_blank_and_has_two_pixels_for_one():
    picture = Image.open(io.BytesIO(images.image(small_figure(), "png")))
    assert picture.format == "PNG"
    assert picture.size == (640, 480)
    assert len(np.unique(np.asarray(picture.convert("L")))) > 20


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_svg_parses_and_holds_its_text():
    picture = images.image(small_figure("a < b & c"), "svg")
    root = ElementTree.fromstring(titled(picture, "svg", *TITLES))
    assert tuple(root.findtext(f"{SVG}{name}") for name in ("title", "desc")) == TITLES
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("320", "240")
    assert "a < b & c" in "".join(root.itertext())


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_pdf_has_one_page_of_the_figure_s_shape():
    picture = titled(images.image(small_figure(), "pdf"), "pdf", *TITLES)
    document = pypdf.PdfReader(io.BytesIO(picture), strict=True)
    assert (document.metadata.title, document.metadata.subject) == TITLES
    assert b"Kaleido" not in str(document.metadata).encode()
    assert len(document.pages) == 1
    box = document.pages[0].mediabox
    assert float(box.width) / float(box.height) == pytest.approx(320 / 240, rel=0.02)
    assert "two" in document.pages[0].extract_text()


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_a_text_that_no_file_can_hold_ends_no_browser():
    def process() -> int:
        return vendor_internals.browser_process(images._browser._kaleido).pid

    images.image(small_figure(), "png")
    before = process()
    for format_ in images.FORMATS:
        assert images.image(small_figure(escaped("a\0\x1b\x85\ud800\uffffb")), format_)
    assert process() == before


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_each_thread_gets_its_own_image():
    def size(width: int) -> tuple[int, int]:
        return Image.open(io.BytesIO(images.image(small_figure(width=width), "png"))).size

    widths = [200 + 10 * i for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(size, widths)) == [(2 * width, 480) for width in widths]


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
@pytest.mark.skipif(sys.platform == "win32", reason="kills by process group")
def test_a_browser_that_died_is_started_again():
    images.image(small_figure(), "png")
    assert images._browser is not None
    os.killpg(images._browser._kaleido.subprocess.pid, signal.SIGKILL)
    assert images.image(small_figure(), "png").startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_browser_steps_back_for_the_page_with_all_its_processes():
    images.image(small_figure(), "png")
    group = images._browser._kaleido.subprocess.pid
    # Of a process the thread that began it: Chromium sets others' niceness itself where it may.
    states = [
        path.read_text().rsplit(")", 1)[1].split()
        for path in Path("/proc").glob("[0-9]*/stat")
        if int(path.parts[2]) >= group and os.path.exists(path)
    ]
    nice = [int(state[16]) for state in states if int(state[2]) == group]
    assert len(nice) > 3
    assert set(nice) == {10}
    shared = Path("/proc/self/autogroup")  # where the kernel can part cores between sessions
    if shared.exists() and shared.read_text():
        assert Path(f"/proc/{group}/autogroup").read_text().split()[1:] == ["nice", "10"]


@pytest.mark.usefixtures("browser")
def test_closing_leaves_no_thread():
    images.image(small_figure(), "png")
    images.close()
    assert "images" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("format_", ["PNG", "gif", "", None])
def test_other_formats_are_refused(format_):
    with pytest.raises(ValueError, match="format_ must be one of png, svg, pdf"):
        images.image(small_figure(), format_)


def test_a_missing_browser_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(vendor_internals, "browser_path", lambda: None)
    assert not images.browser_available()
    with pytest.raises(images.ImageError, match="need Chrome or Chromium"):
        images.image(small_figure(), "png")


@pytest.mark.slow
def test_a_browser_that_does_not_start_is_said_in_a_sentence(monkeypatch, tmp_path):
    images.close()
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with pytest.raises(images.ImageError, match="camera"):
        images.image(small_figure(), "png")


def section() -> None:
    from gradflow.ui.comparison.downloads_section import draw_downloads
    from gradflow.ui.shared.experiment import run
    from gradflow.ui.shared.settings import Settings

    draw_downloads(run(Settings()), Settings(), None)


def opened() -> AppTest:
    app = AppTest.from_function(section, default_timeout=60)
    app.session_state[SECTION] = True
    app.run()
    assert not app.exception
    return app


def buttons(app: AppTest) -> dict[str, bool]:
    """Whether each download button is disabled."""
    found = app.get("download_button")
    return {button.proto.label: button.proto.disabled for button in found}


NAMES = ["PNG", "SVG", "PDF", "HTML", "CSV", "NPZ", "JSON", "Python"]


def test_section_has_a_button_for_each_file(monkeypatch):
    monkeypatch.setattr(images, "browser_available", lambda: True)
    app = opened()
    assert buttons(app) == dict.fromkeys(NAMES, False)
    assert [code.value for code in app.code] == [
        python_code.snippet(Settings(), None).strip(),
        "http://localhost:8501/?v=2&w_s=0.9&T=50&b_f=1.0",
    ]


def test_a_section_that_is_folded_holds_nothing():
    app = AppTest.from_function(section, default_timeout=60).run()
    assert not app.exception
    assert not buttons(app)
    assert not app.code


def test_section_says_that_images_need_a_browser(monkeypatch):
    monkeypatch.setattr(images, "browser_available", lambda: False)
    app = opened()
    assert buttons(app) == {name: name in ("PNG", "SVG", "PDF") for name in NAMES}
    assert [caption.value for caption in app.caption] == [download_words.NO_BROWSER]
