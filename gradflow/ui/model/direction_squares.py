"""What the page shows of layers that read in both directions: t against j, for each direction."""

from __future__ import annotations

import streamlit as st

import gradflow as gf
from gradflow.cells import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.target_by_source import square_heatmap, square_panel
from gradflow.ui.model import exports, long_runs, panels, questions, words
from gradflow.ui.model.experiment import ChosenModel
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.words import blocks


def reads_both_ways(model: gf.Model) -> bool:
    """Whether a model has bidirectional layers."""
    return isinstance(model.cell, BidirectionalStack)


def forward_cells(model: gf.Model) -> tuple[Cell, ...]:
    """The forward cell of each of its layers."""
    return tuple(model.cell.directions(n)["forward"] for n in range(len(model.cell.layers)))


def draw_squares(chosen: ChosenModel, aim: Objective, settings: ModelSettings) -> None:
    """Draw the heatmap of each direction of the chosen layer.

    Raises
    ------
    StoppedError, ValueError
        As `Run.ask`.
    """
    stack: BidirectionalStack = chosen.model.cell
    layer = panels.layer_number(settings, len(stack.layers))
    cells = stack.directions(layer)
    parameter = panels.parameter_name(settings, next(iter(cells.values())))
    key = (*chosen.key, *aim.key)
    run = Run("flow", words.AS_READ, "The model as read", chosen.model, aim.given.x, aim.loss, key)
    long_runs.ask_first(run.key, run.seconds)
    if not long_runs.has("flow", run.key):
        long_runs.forget("changed flow")
    found = run.ask("terms_0", "The terms", questions.terms_both_ways, parameter, layer)
    for column, (direction, log10) in zip(st.columns(len(found)), found.items(), strict=True):
        with column:
            title = "inputs" if parameter == "x" else f"layer {layer}, {direction}"
            panel = square_panel(title, f"dL_t/d{parameter}", log10, aim.given.x, aim.given.words)
            figure = square_heatmap(panel, settings.relative, settings.floor)
            chart(figure, f"model_{direction}", settings.camera)
    T = len(aim.given.x)
    if block_size(T) > 1:
        st.caption(blocks(block_size(T), LONGEST_WHOLE))
    st.caption(words.square(layer == len(stack.layers) - 1 and parameter != "x"))
    st.info(words.needs_one_direction(len(stack.layers)), icon=":material/swap_horiz:")
    with st.expander("Python to copy"):
        terms = (layer, parameter)
        code = exports.snippet_both_ways(chosen.source, chosen.model, settings, aim, terms)
        st.code(code, language="python")
