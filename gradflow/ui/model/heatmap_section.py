"""The heatmaps of the runs, under a sentence on each."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui.model import panels, words
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared import views
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.words import blocks


class Spot(NamedTuple):
    """Where the sentence on a run stands, and its heatmap."""

    sentence: DeltaGenerator
    heatmap: DeltaGenerator


def make_spots(found: tuple[Seen, ...], side_by_side: bool) -> list[Spot]:
    """The places of the runs, and what is said of their heatmaps' cells where they have room."""
    if not side_by_side:
        return [Spot(st.empty(), st.empty()) for _ in found]
    spots = []
    # At the bottom, so that the heatmaps stand side by side under sentences of unlike length.
    for column in st.columns(len(found), gap="medium", vertical_alignment="bottom"):
        with column:
            spots.append(Spot(st.empty(), st.empty()))
    T = found[0].log10.shape[1]
    if block_size(T) > 1:
        st.caption(blocks(block_size(T), LONGEST_WHOLE))
    return spots


def draw_sentences(spots: list[Spot], found: tuple[Seen, ...], t: int) -> None:
    """Draw a sentence on each run in its place."""
    for spot, one in zip(spots, found, strict=True):
        spot.sentence.markdown(words.reaches(one, t))


def draw_heatmaps(
    spots: list[Spot],
    found: tuple[Seen, ...],
    parameter: str,
    given: Sequence,
    settings: ModelSettings,
    ending: str = "",
) -> None:
    """Draw the heatmaps in their places; `ending` tells a second time from the first."""
    shown = panels.run_panels(found, parameter, given)
    view = views.view(settings, shown)
    for spot, panel in zip(spots, shown, strict=True):
        with spot.heatmap:
            figure = heatmap(panel, view, block_size(panel.T))
            chart(figure, f"{_key(panel)}{ending}", settings.camera)


def _key(panel: Panel) -> str:
    return "model_as_read" if panel.title == words.AS_READ else "model_changed"
