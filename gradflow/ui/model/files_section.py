"""The section on several files: two of them side by side, and all as curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from gradflow.analysis.memory import Reach
from gradflow.engine.parameter_names import layers_of
from gradflow.figures.builders.curves_by_file import file_curves
from gradflow.figures.builders.pooling import block_size
from gradflow.figures.builders.target_curves import Measure
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.numerics.scaled import Array
from gradflow.ui.component.assets import available
from gradflow.ui.component.colour_bars import draw_bars
from gradflow.ui.downloads.button_row import File, buttons
from gradflow.ui.model import (
    file_exports,
    file_words,
    panels,
    questions,
    run_words,
    several_files,
)
from gradflow.ui.model.direction_squares import reads_both_ways
from gradflow.ui.model.experiment import ChosenModel
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.several_files import NamedModel
from gradflow.ui.model.uploads import LARGEST_WEIGHTS, Upload
from gradflow.ui.shared import views, words
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.markdown_text import escaped


@dataclass(frozen=True, eq=False)
class _Beside:
    """What all the files are asked: one loss on one sequence, and one target of it."""

    aim: Objective
    settings: ModelSettings
    t: int

    def run(self, name: str, one: NamedModel, targets: tuple[int, ...] | None) -> Run:
        """The run of a file; ValueError if it cannot stand beside the others."""
        if reads_both_ways(one.model):
            raise ValueError(file_words.BOTH_WAYS)
        ids, x = self.aim.given.ids, self.aim.given.x
        if ids is not None and one.model.embedding is not None:
            x = one.model.looked_up(ids)
        if x.shape[1] != one.model.cell.D:
            raise ValueError(file_words.other_inputs(one.model.cell.D, x.shape[1]))
        key = ("file", one.ident, *self.aim.key, targets)
        label = run_words.GRADIENT_OF_FILE.format(name=escaped(one.name))
        return Run(f"flow {name}", one.name, label, one.model, x, self.aim.loss, key, targets)

    def place(self, one: NamedModel) -> tuple[str, int]:
        """Parameter and layer that are shown of a file."""
        layers = layers_of(one.model.cell)
        layer = panels.layer_number(self.settings, len(layers))
        return panels.parameter_name(self.settings, layers[layer]), layer

    def reach(self, number: int, one: NamedModel) -> Reach:
        """The measures of the target."""
        run, label = (
            self.run("of a file", one, (self.t,)),
            run_words.MEASURES_OF_FILE.format(name=escaped(one.name)),
        )
        place = (*self.place(one), self.settings.window)
        return run.ask(f"file_{number}", label, questions.reach, *place)[0]

    def is_doubtful(self, number: int, one: NamedModel) -> bool:
        """Whether a term of the target has too few digits."""
        marks = self._digits(f"digits_of_file_{number}", self.run("of a file", one, (self.t,)), one)
        return marks is not None and bool(marks.any())

    def seen(self, side: str, one: NamedModel) -> Seen:
        """The terms of every target."""
        run, place = self.run(side, one, None), self.place(one)
        label = run_words.TERMS_OF_FILE.format(name=escaped(one.name))
        window = (*place, self.settings.window)
        return Seen(
            one.name,
            run.ask(f"terms_{side}", label, questions.terms, *place),
            run.ask(f"reach_{side}", label, questions.reach, *window),
            self._digits(f"digits_{side}", run, one),
        )

    def _digits(self, name: str, run: Run, one: NamedModel) -> Array | None:
        """Which terms of a run have too few digits."""
        label = run_words.DIGITS_OF_FILE.format(name=escaped(one.name))
        return run.ask(name, label, questions.doubtful, *self.place(one), runs_again=True)


def draw_files(chosen: ChosenModel, aim: Objective, t: int, settings: ModelSettings) -> None:
    """Draw the section, folded.

    Parameters
    ----------
    chosen : ChosenModel
        The model that is shown; it stands beside a file that is alone.
    aim : Objective
        The loss, and the sequence.
    t : int
        The target step.
    settings : ModelSettings
        The page's settings.
    """
    section = opened_section(file_words.SEVERAL, "model_open_files", "difference")
    if section is None:
        return
    with section:
        _draw_uploader(chosen)
        found = several_files.held()
        if not found:
            st.caption(file_words.NO_FILES)
            return
        shown = (
            (NamedModel(chosen.title, chosen.model, chosen.key), *found)
            if len(found) == 1
            else found
        )
        beside = _Beside(aim, settings, t)
        with_reach = _with_reach(shown, beside)
        if len(with_reach) > 1:
            _draw(with_reach, beside)


def _draw_uploader(chosen: ChosenModel) -> None:
    like = chosen.source if isinstance(chosen.source, Upload) else None
    st.file_uploader(
        file_words.FILES,
        accept_multiple_files=True,
        key=several_files.FILES,
        on_change=several_files.read,
        args=(like, chosen.model.readout_layer),
        max_upload_size=LARGEST_WEIGHTS,
        help=file_words.SEVERAL_FILES,
    )
    for error in several_files.errors():
        st.error(escaped(error))


def _with_reach(
    shown: tuple[NamedModel, ...], beside: _Beside
) -> tuple[tuple[NamedModel, Reach], ...]:
    """The files that can be asked; of each other one a sentence says why not."""
    found = []
    for number, one in enumerate(shown):
        try:
            found.append((one, beside.reach(number, one)))
        except ValueError as rule:
            st.error(escaped(f"{one.name}: {rule}"))
    return tuple(found)


def _draw(found: tuple[tuple[NamedModel, Reach], ...], beside: _Beside) -> None:
    files = [one for one, _ in found]
    names = [one.name for one in files]
    if not beside.aim.last_alone:
        _draw_side_by_side(files, beside)
    told, window = [reach.fall_and_tail for _, reach in found], beside.settings.window
    steps = (
        Measure(
            file_words.TAIL_HALF_LIFE, np.array([one.tail_half_life for one in told]), "LSTM", "dot"
        ),
        Measure(file_words.HORIZON, np.array([reach.horizon for _, reach in found]), "LSTM"),
    )
    few = np.array([beside.is_doubtful(number, one) for number, one in enumerate(files)])
    beyond = 100.0 * np.array([reach.share_beyond for _, reach in found])
    shares = Measure(file_words.share_beyond(window), beyond, "RNN")
    st.markdown(file_words.over_files(names, [reach for _, reach in found]))
    left, right = st.columns(2, gap="medium")
    with left:
        chart(file_curves(names, steps, "steps", few), "model_files_steps", beside.settings.camera)
    with right:
        chart(file_curves(names, [shares], "%", few), "model_files_share", beside.settings.camera)
    st.caption(file_words.OVER_FILES)
    if few.any():
        st.caption(file_words.few_digits(np.array(names)[few].tolist()))
    _downloads(names, [reach for _, reach in found], few)


def _downloads(names: list[str], reach: list[Reach], few: Array) -> None:
    columns = file_exports.measures_by_file(names, reach, few)
    files = (
        File("CSV", lambda: file_exports.measures_csv(columns), file_words.CSV_FILE),
        File("NPZ", lambda: file_exports.measures_npz(columns), file_words.NPZ_FILE),
    )
    buttons(files, file_exports.STEM, "files_download")


def _draw_side_by_side(files: list[NamedModel], beside: _Beside) -> None:
    columns = st.columns(2, gap="medium")
    chosen = []
    for column, side, first in zip(columns, file_words.SIDES, (0, len(files) - 1), strict=True):
        with column:
            place = st.selectbox(
                file_words.SIDES[side],
                range(len(files)),
                index=first,
                format_func=lambda place: files[place].name,
                key=f"model_file_{side}_{files[-1].ident}_{len(files)}",  # other files begin anew
            )
            chosen.append(files[place])
    seen = [beside.seen(side, one) for side, one in zip(file_words.SIDES, chosen, strict=True)]
    parameter = beside.place(chosen[0])[0]
    shown = panels.run_panels(tuple(seen), parameter, beside.aim.given)
    view = views.view(beside.settings, shown)
    for column, side, panel, one in zip(columns, file_words.SIDES, shown, seen, strict=True):
        with column:
            figure = heatmap(panel, view, block_size(panel.T), barred=not available())
            chart(figure, f"model_file_on_the_{side}", beside.settings.camera)
            st.caption(file_words.reach_of_file(one.reach_at(beside.t)))
    draw_bars(shown, view, "model_files_bars")
    marked = words.few_digits(*(one.doubtful for one in seen))
    if marked:
        st.caption(marked)
