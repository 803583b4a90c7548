"""The part of the heatmaps that a zoom shows, for what is downloaded."""

import math

import pytest
import streamlit as st

from gradflow.ui.component.linked_charts import zoomed


@pytest.mark.parametrize(
    ("axis", "across"), [("lag", [5.5, 2.5]), ("log", [math.log10(5.5), math.log10(2.5)])]
)
def test_a_zoom_is_told_in_lags_whatever_the_scale(monkeypatch, axis, across):
    zoom = {"counted": str((axis, 30)), "across": across, "down": [99.0, 10.5]}
    monkeypatch.setattr(st, "session_state", {"charts": {"zoom": zoom}})
    assert zoomed(30, axis) == pytest.approx((2.5, 5.5, 10.5, 30.5))
    assert zoomed(31, axis) is None


@pytest.mark.parametrize("across", [[0.0, 1e9], ["a", 1.0], None, [0.0, math.nan]])
def test_a_zoom_that_a_browser_made_up_shows_all_or_a_part(monkeypatch, across):
    zoom = {"counted": str(("log", 30)), "across": across, "down": [10.5, 20.5]}
    monkeypatch.setattr(st, "session_state", {"charts": {"zoom": zoom}})
    found = zoomed(30, "log")
    assert found is None or 0.5 <= found[0] < found[1] <= 30.5
