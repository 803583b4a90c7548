"""What the page shows of layers that read in both directions: t against j, for each direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import gradflow as gf
from gradflow.cells import Cell
from gradflow.cells.bidirectional import BidirectionalStack
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.lines_by_source import direction_line, source_profile
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.target_by_source import square_heatmap, square_panel
from gradflow.numerics.scaled import Array
from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import File, buttons
from gradflow.ui.downloads.section import copies
from gradflow.ui.model import (
    controls,
    exports,
    long_runs,
    panels,
    questions,
    run_words,
    words,
)
from gradflow.ui.model.experiment import ChosenModel
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.offered_files import term_files
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.words import blocks, one_row


def reads_both_ways(model: gf.Model) -> bool:
    """Whether a model has bidirectional layers."""
    return isinstance(model.cell, BidirectionalStack)


def forward_cells(model: gf.Model) -> tuple[Cell, ...]:
    """The forward cell of each of its layers."""
    return tuple(model.cell.directions(n)["forward"] for n in range(len(model.cell.layers)))


def draw_squares(chosen: ChosenModel, aim: Objective, settings: ModelSettings) -> None:
    """Draw the heatmap of each direction of the chosen layer, or the row of the last step alone.

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
    x, T = aim.given.x, len(aim.given.x)
    targets = (T,) if aim.last_alone else None
    run = Run("flow", words.AS_READ, run_words.AS_READ, chosen.model, x, aim.loss, key, targets)
    long_runs.ask_first(run.key, run.seconds)
    if not long_runs.has("flow", run.key):
        long_runs.forget("changed flow")
    found = run.ask("terms_0", run_words.TERMS, questions.terms_both_ways, parameter, layer)
    squares = _Squares(found, parameter, layer, aim, settings)
    spots = [] if aim.last_alone else [column.empty() for column in st.columns(len(found))]
    known = run.knows("digits_0", questions.doubtful_both_ways, parameter, layer)
    marks = _marks(run, parameter, layer) if known else dict.fromkeys(found)
    if aim.last_alone:
        st.caption(words.last_square(T))
    else:
        squares.draw(spots, marks)
        if block_size(T) > 1:
            st.caption(blocks(block_size(T), LONGEST_WHOLE))
        st.caption(words.square(layer == len(stack.layers) - 1 and parameter != "x"))
    st.subheader(one_row(squares.t), anchor=False)
    if not aim.last_alone:
        with st.columns([1, 3])[0]:
            controls.WIDGETS.target(T)
    row_spot = st.empty()
    squares.draw_row(row_spot, marks)
    st.caption(words.SQUARE_ROW)
    said = st.empty()
    st.info(words.needs_one_direction(len(stack.layers)), icon=":material/swap_horiz:")
    if not known:
        marks = _marks(run, parameter, layer)
        if any(mark is not None and mark.any() for mark in marks.values()):
            squares.draw(spots, marks, "_marked")
            squares.draw_row(row_spot, marks, "_marked")
    said.caption(words.digits(list(marks.values())))
    squares.draw_downloads(chosen, marks)


def _marks(run: Run, parameter: str, layer: int) -> dict[str, Array | None]:
    """The terms with too few digits, of each square."""
    question = questions.doubtful_both_ways
    return run.ask("digits_0", run_words.DIGITS, question, parameter, layer, runs_again=True)


@dataclass(frozen=True, eq=False)
class _Squares:
    """The terms that are shown, (n, T), by direction; "inputs" for those of the inputs."""

    log10: Mapping[str, Array]
    parameter: str
    layer: int
    aim: Objective
    settings: ModelSettings

    def draw(
        self,
        spots: Sequence[DeltaGenerator],
        marks: Mapping[str, Array | None],
        ending: str = "",
    ) -> None:
        """Draw the heatmaps in their places, if any; `ending` tells a second drawing apart."""
        if not spots:
            return
        given, quantity = self.aim.given, f"dL_t/d{self.parameter}"
        shown = {}
        for direction, log10 in self.log10.items():
            title = direction if self.parameter == "x" else f"layer {self.layer}, {direction}"
            found = square_panel(title, quantity, log10, given.x, given.words, marks[direction])
            shown[direction] = found
        relative, floor = self.settings.relative, self.settings.floor
        for spot, (direction, panel) in zip(spots, shown.items(), strict=True):
            figure = square_heatmap(panel, relative, floor, beside=list(shown.values()))
            with spot:
                chart(figure, f"model_{direction}{ending}", self.settings.camera)

    @property
    def t(self) -> int:
        """The target step of the row."""
        T = len(self.aim.given.x)
        return T if self.aim.last_alone else self.settings.target_step(T)

    def draw_row(
        self, spot: DeltaGenerator, marks: Mapping[str, Array | None], ending: str = ""
    ) -> None:
        """Draw the row of the target in its place; `ending` as in `draw`."""
        row = -1 if self.aim.last_alone else self.t - 1
        lines = [
            direction_line(way, log10[row], None if (few := marks[way]) is None else few[row])
            for way, log10 in self.log10.items()
        ]
        quantity, relative = f"dL_t/d{self.parameter}", self.settings.relative
        record = source_profile(self.t, quantity, lines, relative)
        with spot:
            figure = profile(record, self.settings.floor)
            chart(figure, f"model_profile{ending}", self.settings.camera)

    def draw_downloads(self, chosen: ChosenModel, marks: Mapping[str, Array | None]) -> None:
        """Draw the buttons of the files, and the Python to copy."""
        aim, settings, parameter, layer = self.aim, self.settings, self.parameter, self.layer
        terms = (layer, parameter)
        marked = {way: (log10, marks[way]) for way, log10 in self.log10.items()}
        code = exports.snippet_both_ways(chosen.source, chosen.model, settings, aim, terms)
        files = term_files(
            File(
                "CSV",
                lambda: exports.squares_csv(marked, layer, parameter),
                download_words.SQUARES_TABLE,
                f"_{parameter}",
            ),
            lambda: exports.squares_npz(marked, aim, settings, parameter),
            aim,
            settings,
            code,
        )
        st.subheader(download_words.DOWNLOADS, anchor=False)
        buttons(files, exports.STEM)
        section = opened_section(words.PYTHON, "model_open_python", "code")
        if section is not None:
            with section:
                copies(code)
