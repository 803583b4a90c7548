"""The page Learning in a real browser: the film's slider, and a training that goes on by itself."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

# A click near the end of the film's slider.
AT_THE_END = 0.985


def heatmaps(tab):
    """The terms that the film shows of each network, nan above the diagonal."""
    traces = [trace for trace in tab.chart("training_film").data if trace["type"] == "heatmap"]
    return [np.array(trace["z"], float) for trace in traces]


def curve(tab, axis, name):
    """The curve of a network in one of the film's plots."""
    [found] = [
        trace
        for trace in tab.chart("training_film").data
        if trace.get("name") == name and trace["xaxis"] == axis
    ]
    return np.array(found["y"], float)


def test_the_slider_moves_both_heatmaps_and_the_link_keeps_its_place(open_page):
    tab = open_page("learning")
    before = tab.eventually(heatmaps, tab)
    rail = tab.page.locator(".slider-rail-touch-rect").bounding_box()
    tab.page.mouse.click(rail["x"] + AT_THE_END * rail["width"], rail["y"] + rail["height"] / 2)

    def moved():
        pairs = zip(before, heatmaps(tab), strict=True)
        return all(not np.array_equal(*pair, equal_nan=True) for pair in pairs)

    tab.eventually(moved)
    tab.page.wait_for_url("**checkpoint=300**")

    # The network that has learned holds dc_t/dc_(t-1) near 1, in the curve and in words.
    accuracy, radius = (curve(tab, axis, "LSTM") for axis in ("x4", "x6"))
    assert accuracy[-1] > 0.9
    assert radius[-1] == pytest.approx(1.0, abs=0.15)
    tab.page.get_by_text(f"to {radius[-1]:.2f}.").wait_for()


def test_a_training_goes_on_by_itself_and_is_shown_when_it_ends(open_page):
    tab = open_page("learning?task=agreement&delay=4&hidden=4&updates=10")
    tab.unfold("Train an RNN and an LSTM")
    tab.press("learning_train")
    tab.page.get_by_role("heading", name="Your run").wait_for()
    tab.eventually(lambda: len(heatmaps(tab)[0]) == 6)
