"""The heatmaps of the runs, under a sentence on each."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.ui.component.assets import available
from gradflow.ui.component.colour_bars import draw_bars
from gradflow.ui.model import panels, words
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared import views
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.words import blocks


class Spots(NamedTuple):
    """Where the sentences on the runs stand, their heatmaps, and the colour bar of these."""

    sentences: list[DeltaGenerator]
    heatmaps: list[DeltaGenerator]
    bars: DeltaGenerator


def make_spots(found: tuple[Seen, ...], side_by_side: bool) -> Spots:
    """The places of the runs, and what is said of their heatmaps' cells where they have room."""
    if not side_by_side:
        return Spots([st.empty() for _ in found], [], st.empty())
    sentences, heatmaps = [], []
    # At the bottom, so that the heatmaps stand side by side under sentences of unlike length.
    for column in st.columns(len(found), gap="medium", vertical_alignment="bottom"):
        with column:
            sentences.append(st.empty())
            heatmaps.append(st.empty())
    bars = st.empty()
    T = found[0].log10.shape[1]
    if block_size(T) > 1:
        st.caption(blocks(block_size(T), LONGEST_WHOLE))
    return Spots(sentences, heatmaps, bars)


def draw_sentences(spots: Spots, found: tuple[Seen, ...], t: int) -> None:
    """Draw a sentence on each run in its place."""
    for spot, one in zip(spots.sentences, found, strict=True):
        spot.markdown(words.reaches(one, t))


def draw_heatmaps(
    spots: Spots,
    found: tuple[Seen, ...],
    parameter: str,
    given: Sequence,
    settings: ModelSettings,
    ending: str = "",
) -> None:
    """Draw the heatmaps in their places; `ending` tells a second time from the first."""
    shown = panels.run_panels(found, parameter, given)
    view = views.view(settings, shown)
    for spot, panel in zip(spots.heatmaps, shown, strict=True):
        with spot:
            figure = heatmap(panel, view, block_size(panel.T), barred=not available())
            chart(figure, f"{_key(panel)}{ending}", settings.camera)
    with spots.bars:
        draw_bars(shown, view, f"model_bars{ending}")


def _key(panel: Panel) -> str:
    return "model_as_read" if panel.title == words.AS_READ else "model_changed"
