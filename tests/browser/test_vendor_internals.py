"""Each reliance of the scripts on the insides of Plotly still holds."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from gradflow.ui.component import assets
from gradflow.ui.component.plotly_js import FILE

pytestmark = pytest.mark.slow

SHELF = Path(assets.__file__).parent / "scripts" / "vendor_internals.js"
BROKEN = "Plotly changed what {} in scripts/vendor_internals.js relies on: renew it. {}"

DRAWN = """async () => {
  const values = { z: [[0, 1, 2], [3, 4, 5]], x0: 1, dx: 1, y0: 1, dy: 1 };
  const axis = { range: [0.5, 3.5], fixedrange: true };
  window.plot = document.body.appendChild(document.createElement("div"));
  const layout = { width: 400, height: 300, xaxis: axis, yaxis: { range: [2.5, 0.5] } };
  await Plotly.react(plot, [{ type: "heatmap", ...values }], layout);
}"""

# One pixel, blue.
PICTURE = """() => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1, 1];
  const context = canvas.getContext("2d");
  context.fillStyle = "#0000ff";
  context.fillRect(0, 0, 1, 1);
  internals.showPicture(internals.heatmapImages(plot)[0].image, canvas.toDataURL("image/png"));
}"""


@pytest.fixture
def drawn(browser):
    """A page of nothing but a heatmap of two rows and three columns, and the shelf's functions."""
    page = browser.new_page()
    page.add_script_tag(path=FILE)
    source = base64.b64encode(SHELF.read_bytes()).decode()
    page.evaluate(
        """async (source) => {
             window.internals = await import(`data:text/javascript;base64,${source}`);
           }""",
        source,
    )
    page.evaluate(DRAWN)
    yield page
    page.close()


def test_a_heatmap_is_a_picture_that_knows_its_trace(drawn):
    found = drawn.evaluate(
        """() => internals.heatmapImages(plot).map(({ trace }) =>
             ({ index: trace.index, zmin: trace.zmin, zmax: trace.zmax, type: trace.type }))"""
    )
    expected = [{"index": 0, "zmin": 0, "zmax": 5, "type": "heatmap"}]
    assert found == expected, BROKEN.format("heatmapImages", "A heatmap is one picture.")


def test_another_picture_is_seen_instead(drawn):
    drawn.evaluate(PICTURE)
    left, top = drawn.evaluate(
        """() => {
             const { across, down } = internals.axesOf(plot);
             const box = plot.getBoundingClientRect();
             return [box.left + across.start + across.pixel(2), box.top + down.start + 9];
           }"""
    )
    clip = {"x": left, "y": top, "width": 3, "height": 3}
    with Image.open(io.BytesIO(drawn.screenshot(clip=clip))) as seen:
        colour = seen.convert("RGB").getpixel((1, 1))
    assert colour == (0, 0, 255), BROKEN.format("showPicture", "Its picture is what one sees.")


def test_a_curve_is_a_path_that_knows_its_trace(drawn):
    found = drawn.evaluate(
        """async () => {
             const line = { mode: "lines", x: [1, 2, 3], y: [2, 1, 2] };
             const marks = { mode: "markers+text", x: [2], y: [1], text: ["here"] };
             const traces = [line, marks, { ...line, y: [1, 2, 1] }];
             await Plotly.react(plot, traces, plot.layout);
             return internals.curvePaths(plot).map(({ path, trace }) =>
               [path.getAttribute("d")[0], trace.index, trace.mode]);
           }"""
    )
    expected = [["M", 0, "lines"], ["M", 2, "lines"]]
    assert found == expected, BROKEN.format("curvePaths", "A curve is one path.")


def test_a_filled_area_is_a_path_that_knows_its_trace(drawn):
    found = drawn.evaluate(
        """async () => {
             const line = { mode: "lines", x: [1, 2, 3], y: [2, 1, 2] };
             const area = { mode: "none", fill: "toself", x: [1, 2, 2], y: [1, 1, 2] };
             await Plotly.react(plot, [line, area], plot.layout);
             return internals.filledPaths(plot).map(({ path, trace }) =>
               [path.getAttribute("d")[0], trace.index]);
           }"""
    )
    assert found == [["M", 1]], BROKEN.format("filledPaths", "A filled area is one path.")


@pytest.mark.parametrize("title", ["alone", "first<br>second"])
def test_the_first_line_of_an_axis_s_title_has_an_element_of_its_own(drawn, title):
    found = drawn.evaluate(
        """async (title) => {
             await Plotly.relayout(plot, { "xaxis.title.text": title });
             return internals.titleLine(plot).textContent;
           }""",
        title,
    )
    assert found == title.split("<br>")[0], BROKEN.format("titleLine", "It holds one line.")


def test_axes_tell_where_a_value_stands(drawn):
    found = drawn.evaluate(
        """() => {
             const { across, down } = internals.axesOf(plot);
             const area = plot.querySelector(".nsewdrag").getBoundingClientRect();
             const box = plot.getBoundingClientRect();
             const { start, length } = across;
             return {
               area: [area.left - box.left, area.width, area.top - box.top, area.height],
               axes: [start, length, down.start, down.length],
               across: [0.5, 2, 3.5].map((value) => across.pixel(value) / length),
               down: [0.5, 1.5, 2.5].map((value) => down.pixel(value) / down.length),
             };
           }"""
    )
    broken = BROKEN.format("axesOf", "An axis begins and ends with the area of the chart.")
    assert found["axes"] == pytest.approx(found["area"], abs=1), broken
    assert found["across"] == pytest.approx([0, 0.5, 1]), broken
    assert found["down"] == pytest.approx([0, 0.5, 1]), broken


def test_before_the_first_drawing_there_are_no_axes(drawn):
    found = drawn.evaluate("() => internals.axesOf(document.createElement('div')) === undefined")
    assert found, BROKEN.format("axesOf", "It is undefined before Plotly has drawn.")
