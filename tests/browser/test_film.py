"""The film and the pulse in a browser: played, gone through by hand, and without a network."""

from pathlib import Path

import numpy as np
import pytest
from support.needed import go_without

from gradflow.ui.comparison.film_files import film_page
from gradflow.ui.comparison.pulse import pulse_of
from gradflow.ui.component.film import film_message
from gradflow.ui.shared.experiment import run
from gradflow.ui.shared.settings import Settings

pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

T = 12
LABEL = ".gradflow-film output"
THERE = ".gradflow-film[aria-busy=false]"

# The colours of the cells of the first heatmap, row by row.
PIXELS = """() => {
  const canvas = document.querySelector(".gradflow-film .triangle canvas");
  const { width, height } = canvas;
  return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
}"""


VIOLATIONS = """async () => {
  const { violations } = await axe.run(".gradflow-film", { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}"""


@pytest.fixture
def downloaded(browser, tmp_path):
    """A tab without a network that shows the file of a pulse, and the pulse."""
    settings = Settings(T=T)
    film = pulse_of(settings, run(settings))
    file = tmp_path / "pulse.html"
    file.write_bytes(film_page(film.title, film_message(film), "read", "made of"))
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector(THERE)
    yield page, film
    context.close()


def test_a_downloaded_film_shows_each_picture_in_its_colours(downloaded):
    page, film = downloaded
    slider = page.get_by_role("slider", name=film.counted)
    for number, key in ((T, "End"), (T - 1, "ArrowLeft"), (0, "Home"), (1, "ArrowRight")):
        slider.press(key)
        assert page.inner_text(LABEL) == film.labels[number]
        assert slider.get_attribute("aria-valuetext") == film.labels[number]
        shown = np.array(page.evaluate(PIXELS), np.uint8).reshape(T, T, 4)
        expected = film.colours[film.panels[0].triangles[number]]
        np.testing.assert_array_equal(shown[np.tril_indices(T)], expected)
    assert page.locator("canvas").count() == 5
    assert all(one.get_attribute("aria-label") for one in page.locator("canvas").all())


def test_a_film_plays_from_its_first_picture_to_its_last(downloaded):
    page, film = downloaded
    page.evaluate(
        """() => {
          window.seen = [];
          const film = document.querySelector(".gradflow-film");
          const tell = () => seen.push(film.querySelector("output").textContent);
          new MutationObserver(tell).observe(film, { attributeFilter: ["data-picture"] });
        }"""
    )
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    stopped = int(page.get_attribute(".gradflow-film", "data-picture"))
    assert stopped < T
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector(f".gradflow-film[data-picture='{T}']")
    page.get_by_role("button", name="Play").wait_for()
    seen = page.evaluate("() => seen")
    assert seen[-1] == film.labels[-1]
    assert seen == sorted(seen, key=film.labels.index)


def test_whoever_wants_no_motion_goes_from_picture_to_picture(downloaded):
    page, film = downloaded
    page.emulate_media(reduced_motion="reduce")
    assert page.get_by_role("button", name="Play").count() == 0
    page.get_by_role("button", name="One picture back").click()
    assert page.inner_text(LABEL) == film.labels[-2]
    page.get_by_role("button", name="One picture on").click()
    assert page.inner_text(LABEL) == film.labels[-1]


def test_the_page_shows_the_pulse_of_its_settings_once_it_is_open(open_page):
    tab = open_page(f"?T={T}")
    assert tab.page.locator(".gradflow-film").count() == 0
    tab.unfold("Pulse: send the gradient back")
    tab.page.wait_for_selector(THERE)
    tab.page.get_by_role("button", name="One picture back").click()
    settings = Settings(T=T)
    assert tab.page.inner_text(LABEL) == pulse_of(settings, run(settings)).labels[-2]
    if not AXE.exists():
        go_without("needs axe-core")
    tab.page.add_script_tag(path=AXE)
    assert tab.page.evaluate(VIOLATIONS) == []
