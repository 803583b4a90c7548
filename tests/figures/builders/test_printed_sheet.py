"""The sheet that holds heatmaps and profile."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from support.panels import panel, titles

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.figures.builders.text import escaped


@pytest.mark.parametrize("view", [View(), View(signs=True, axis="source", relative=False)])
def test_sheet_draws_what_heatmap_and_profile_draw(curves, view):
    pair = [panel(), panel(w_s=0.9, title="LSTM", clip=np.array([1.0, 0.5, 1.0, 1.0]))]
    whole = sheet(pair, view, curves, "A title", ["settings"])
    parts = [*heatmap(pair[0], view).data, *heatmap(pair[1], view).data, *profile(curves).data]
    assert [drawn.name for drawn in whole.data] == [part.name for part in parts]
    for drawn, part in zip(whole.data, parts, strict=True):
        for field in ("x", "y", "z", "customdata"):
            if field in part:
                np.testing.assert_array_equal(drawn[field], part[field])
    shown = [d for d in whole.data if isinstance(d, go.Heatmap) and d.showscale]
    assert len(shown) == 1


def test_sheet_wraps_its_footer_and_grows_the_margin_for_it(curves):
    link = "http://127.0.0.1:8501/?" + "w_s=0.5&" * 80
    long = sheet([panel(), panel()], View(), curves, "A <b>title</b>", ["settings", link])
    short = sheet([panel(), panel()], View(), curves, "A title", ["settings"])
    footer = titles(long)[-1].split("<br>")
    assert "".join(footer[1:]) == escaped(link)
    assert max(len(line.replace("&amp;", "&")) for line in footer) <= 175
    assert long.layout.margin.b - short.layout.margin.b == 16 * (len(footer) - 1)
    assert "<b>A &lt;b&gt;title&lt;/b&gt;</b>" in titles(long)
    assert (long.layout.width, long.layout.height) == (1400, 1150)


def test_sheet_is_white_unless_the_view_is_dark(curves):
    assert sheet([panel()], View(), curves, "", []).layout.paper_bgcolor == "#ffffff"
    assert sheet([panel()], View(dark=True), curves, "", []).layout.paper_bgcolor == "#0e1117"
