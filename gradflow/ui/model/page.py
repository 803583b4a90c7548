"""The page "Your model": what is read, where its gradient goes, and another forget bias."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradflow.engine.parameter_names import layers_of
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.pooling import page_block
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.figures.builders.target_curves import measure_curves
from gradflow.figures.builders.unit_bars import Units, units
from gradflow.ui import server
from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import (
    File,
    Pictures,
    buttons,
    pictures,
)
from gradflow.ui.downloads.section import copies
from gradflow.ui.model import (
    architecture_words,
    controls,
    data_set,
    exports,
    long_runs,
    panels,
    sequence,
    uploads,
    words,
)
from gradflow.ui.model.architecture import gate_weights, keeping_biases
from gradflow.ui.model.controls import HELD
from gradflow.ui.model.direction_squares import draw_squares, forward_cells, reads_both_ways
from gradflow.ui.model.experiment import (
    ChosenModel,
    chosen_model,
    know_digits,
    runs,
    seen,
    signed,
    unit_reach,
    with_digits,
)
from gradflow.ui.model.files_section import draw_files
from gradflow.ui.model.heatmap_section import draw_heatmaps, draw_sentences, make_spots
from gradflow.ui.model.long_runs import StoppedError
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.objective import Objective, chosen_objective, output_count
from gradflow.ui.model.offered_files import term_files
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import FORM, OWN, ModelSettings
from gradflow.ui.model.signed_section import draw_signed
from gradflow.ui.model.survey_section import draw_survey
from gradflow.ui.model.training_section import draw_all_steps, draw_truncation
from gradflow.ui.shared import links, state, views
from gradflow.ui.shared.folded_section import folded_text, opened_section
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.markdown_text import escaped
from gradflow.ui.shared.measures import measure_table
from gradflow.ui.shared.words import HOW_TO_READ, IN_NUMBERS, SEQUENCE, one_row, together


@server.runs.turn()
def model_page() -> None:
    """Draw the page."""
    HELD.begin("model")
    with st.sidebar:
        controls.draw_weights()
    asked = uploads.question()
    st.title(words.TITLE, anchor=False)
    st.markdown(words.LEAD)
    if asked is None:
        _model()
    else:
        controls.draw_question(asked)
    folded_text(HOW_TO_READ, "model_open_explanation", words.EXPLANATION)


def _model() -> None:
    """Draw what depends on the model that is shown."""
    chosen = chosen_model(str(HELD.value("model")))
    with st.sidebar:
        if isinstance(chosen.source, uploads.Upload):
            controls.draw_module(chosen.source, chosen.model)
            controls.draw_direction()
        chosen = chosen.with_readout(controls.draw_readout(chosen.model, chosen.weights))
        with st.expander(SEQUENCE, icon=":material/timeline:", expanded=True):
            controls.draw_sequence(chosen.shipped, chosen.model)
        if reads_both_ways(chosen.model):
            controls.draw_square_view(forward_cells(chosen.model), chosen.model)
        else:
            controls.draw_view(layers_of(chosen.model.cell), chosen.model)
    settings = HELD.settings()
    HELD.keep(settings)
    with st.container():
        _notes(settings, chosen.title)
    _architecture(chosen)
    try:
        given, said = _sequence(chosen, settings), st.empty()
        # Before the loss is made: where it cannot be, its controls are what mends it.
        controls.draw_loss(chosen.model, given)
        aim = chosen_objective(chosen.model, chosen.key, given, settings)
        said.markdown(f"**Loss.** {words.loss(aim, chosen.model.readout_layer)}")
        if reads_both_ways(chosen.model):
            draw_squares(chosen, aim, settings)
        else:
            _shown(chosen, aim, settings, runs(chosen, aim, settings))
    except StoppedError as stopped:
        st.info(escaped(str(stopped)), icon=":material/pause_circle:")
        st.button(words.RUN, key="model_go_on", on_click=long_runs.go_on, type="primary")
    except ValueError as error:
        st.error(escaped(str(error)))


def _notes(settings: ModelSettings, shown: str) -> None:
    notices = together(HELD.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    controls.draw_error(shown)
    if settings.model == OWN and uploads.uploaded() is None:
        st.info(words.NO_WEIGHTS, icon=":material/upload_file:")


def _architecture(chosen: ChosenModel) -> None:
    st.subheader(escaped(chosen.title), anchor=False)
    st.caption(escaped(architecture_words.short(chosen.model, output_count(chosen.model))))
    section = opened_section(architecture_words.ARCHITECTURE, "model_open_architecture", "layers")
    if section is None:
        return
    with section:
        if chosen.shipped is not None:
            st.caption(words.trained(chosen.shipped))
        st.markdown(architecture_words.ASSUMED)
        st.markdown("\n".join(f"- {escaped(line)}" for line in chosen.model.description))
        st.table(architecture_words.layers(chosen.model))
        cell = chosen.model.cell
        st.markdown(
            "\n".join(f"- {architecture_words.keeping_bias(one)}" for one in keeping_biases(cell))
        )
        found = long_runs.kept("gate_weights", chosen.weights, lambda: gate_weights(cell))
        st.table(architecture_words.gates(found))


def _sequence(chosen: ChosenModel, settings: ModelSettings) -> Sequence:
    text = st.session_state.get(controls.TEXT) or ""
    given = sequence.chosen(
        settings,
        chosen.shipped,
        chosen.model,
        text,
        controls.OWN_NUMBERS.numbers(),
        data_set.held(),
    )
    if given.left_out:
        st.caption(words.left_out(given.left_out))
    return given


def _shown(
    chosen: ChosenModel, aim: Objective, settings: ModelSettings, both: tuple[Run, ...]
) -> None:
    given, layers = aim.given, layers_of(chosen.model.cell)
    layer = panels.layer_number(settings, len(layers))
    parameter = panels.parameter_name(settings, layers[layer])
    found = seen(both, settings, parameter, layer)
    t = len(given.x) if aim.last_alone else settings.target_step(len(given.x))
    known = know_digits(both, parameter, layer)
    if known:
        found = with_digits(found, both, parameter, layer)
    spots = make_spots(found, side_by_side=not aim.last_alone)
    draw_sentences(spots, found, t)
    if aim.last_alone:
        st.caption(words.last_alone(t))
    else:
        draw_heatmaps(spots, found, parameter, given, settings)
        st.caption(words.READING[settings.axis])
    digits_said = st.empty()
    st.subheader(one_row(t), anchor=False)
    if not aim.last_alone:
        with st.columns([1, 3])[0]:
            controls.WIDGETS.target(len(given.x))
    row_spot = st.empty()
    _draw_row(row_spot, settings, found, (parameter, t))
    st.caption(words.PROFILE)
    many = st.container()  # filled last, because it takes longest
    draw_signed(both[0], chosen.shipped, t, layer, settings)
    _measures(both[0], found, (t, layer), settings)
    _units(both[0], t, layer, settings)
    st.subheader(words.WHOLE_LOSS if aim.last_alone else words.ALL_TARGETS, anchor=False)
    draw_all_steps(both[0], aim, t, settings)
    draw_truncation(both[0], aim, settings)
    if not aim.last_alone:
        _every_target(found, t, settings)
    draw_files(chosen, aim, t, settings)
    if not known:
        found = with_digits(found, both, parameter, layer)
        if any(one.doubtful is not None and one.doubtful.any() for one in found):
            draw_sentences(spots, found, t)
            _draw_row(row_spot, settings, found, (parameter, t), "_marked")
            if not aim.last_alone:
                draw_heatmaps(spots, found, parameter, given, settings, "_marked")
    digits_said.caption(words.digits([one.doubtful for one in found]))
    link = links.to_link(state.address(), settings, FORM)
    _downloads(chosen, aim, settings, found, (layer, parameter, t), link)
    held = data_set.held()
    if held is not None and sequence.is_survey(settings, chosen.model, held):
        with many:
            draw_survey(chosen, aim, settings, held, layer)


def _draw_row(
    spot: DeltaGenerator,
    settings: ModelSettings,
    found: tuple[Seen, ...],
    terms: tuple[str, int],
    ending: str = "",
) -> None:
    """Draw the row of a target in its place; `ending` tells a second time from the first."""
    row = panels.row_of_runs(settings, found, *terms)
    with spot:
        chart(profile(row, settings.floor), f"model_profile{ending}", settings.camera)


def _measures(
    run: Run, found: tuple[Seen, ...], place: tuple[int, int], settings: ModelSettings
) -> None:
    t, layer = place
    reach = [one.reach_at(t) for one in found]
    st.subheader(IN_NUMBERS, anchor=False)
    zeros = words.entries_zero(signed(run, t, layer), "z", words.SIGNALS)
    st.markdown(f"{words.truncation(reach[0])} {zeros}")
    st.table(measure_table({one.title: seen for one, seen in zip(found, reach, strict=True)}))


def _every_target(found: tuple[Seen, ...], t: int, settings: ModelSettings) -> None:
    curves = measure_curves(panels.target_measures(found), t)
    chart(curves, "model_over_targets", settings.camera)
    st.caption(words.OVER_TARGETS)


def _units(run: Run, t: int, layer: int, settings: ModelSettings) -> None:
    st.subheader(words.UNITS_TITLE, anchor=False)
    signals = unit_reach(run, t, layer)
    st.markdown(words.longest_units(signals))
    chart(units(Units(signals.half_life, signals.share, t)), "model_units", settings.camera)
    st.caption(words.UNITS)


def _downloads(
    chosen: ChosenModel,
    aim: Objective,
    settings: ModelSettings,
    found: tuple[Seen, ...],
    terms: tuple[int, str, int],
    link: str,
) -> None:
    layer, parameter, t = terms
    given = aim.given
    title = f"gradflow: {chosen.name}, T = {len(given.x)}"

    def figure(labels: bool) -> go.Figure:
        row = panels.row_of_runs(settings, found, parameter, t)
        if aim.last_alone:
            return on_paper(profile(row, settings.floor), False, title)
        shown = panels.run_panels(found, parameter, given)
        loss = f"Loss: {words.loss(aim, chosen.model.readout_layer)}"
        digits = words.digits([one.doubtful for one in found])
        footer = (*chosen.model.description, loss, digits, link)
        return sheet(
            shown,
            views.view(settings, shown),
            row,
            title,
            footer,
            labels,
            block=page_block(len(given.x)),
        )

    code = exports.snippet(chosen.source, chosen.model, settings, aim, (layer, parameter))
    st.subheader(download_words.DOWNLOADS, anchor=False)
    files = (
        *pictures(Pictures(lambda: figure(False), figure, title), len(given.x)),
        *term_files(
            File(
                "CSV",
                lambda: exports.terms_csv(found, layer, parameter, t),
                download_words.MODEL_TABLE,
                f"_{parameter}",
            ),
            lambda: exports.terms_npz(found, aim, settings, parameter),
            aim,
            settings,
            code,
        ),
    )
    buttons(files, exports.STEM)
    section = opened_section(words.PYTHON_AND_LINK, "model_open_python", "code")
    if section is not None:
        with section:
            copies(code, link)
            st.caption(words.NOT_IN_LINK)
