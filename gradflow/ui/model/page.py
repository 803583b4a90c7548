"""The page "Your model": what is read, where its gradient goes, and another forget bias."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from gradflow.engine.parameter_names import layers_of
from gradflow.figures.builders.lag_profile import profile
from gradflow.figures.builders.panel import Panel
from gradflow.figures.builders.pooling import LONG, block_size
from gradflow.figures.builders.printed_sheet import sheet
from gradflow.figures.builders.target_curves import measure_curves
from gradflow.figures.builders.term_heatmap import heatmap
from gradflow.figures.builders.unit_bars import Units, units
from gradflow.ui import server
from gradflow.ui.downloads.button_row import (
    File,
    buttons,
    pictures,
    python_file,
)
from gradflow.ui.model import controls, exports, long_runs, panels, sequence, uploads, words
from gradflow.ui.model.controls import HELD
from gradflow.ui.model.experiment import (
    ChosenModel,
    carriers,
    chosen_model,
    runs,
    seen,
)
from gradflow.ui.model.long_runs import StoppedError
from gradflow.ui.model.model_run import Run
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import FORM, OWN, ModelSettings
from gradflow.ui.shared import links, state, views
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.measures import measure_table, zero_words
from gradflow.ui.shared.setting_fields import LONGEST_WHOLE
from gradflow.ui.shared.text import escaped
from gradflow.ui.shared.words import blocks, sentence, together


@server.runs.turn()
def model_page() -> None:
    """Draw the page."""
    HELD.begin("model")
    with st.sidebar:
        controls.draw_weights()
        chosen = chosen_model(str(HELD.value("model")))
        chosen = chosen.with_readout(controls.draw_readout(chosen.model, chosen.weights))
        with st.expander("Input sequence", icon=":material/timeline:", expanded=True):
            controls.draw_sequence(chosen.shipped, chosen.model.cell.D)
        controls.draw_view(layers_of(chosen.model.cell), chosen.model)
    settings = HELD.settings()
    HELD.keep(settings)
    st.title("Your model", anchor=False)
    st.markdown(words.LEAD)
    with st.container():
        _notes(settings)
    _architecture(chosen)
    try:
        given = _sequence(chosen, settings)
        both = runs(chosen, given, settings)
        _shown(chosen, given, settings, both)
    except StoppedError as stopped:
        st.info(escaped(str(stopped)), icon=":material/pause_circle:")
        st.button("Run it", key="model_go_on", on_click=long_runs.go_on, type="primary")
    except ValueError as error:
        st.error(escaped(str(error)))
    with st.expander("How to read this, and what is computed", icon=":material/help:"):
        st.markdown(words.EXPLANATION)


def _notes(settings: ModelSettings) -> None:
    notices = together(HELD.notices())
    if notices:
        st.warning(notices, icon=":material/link_off:")
    if settings.model == OWN and uploads.uploaded() is None:
        st.info(words.NO_WEIGHTS, icon=":material/upload_file:")


def _architecture(chosen: ChosenModel) -> None:
    title = chosen.shipped.title if chosen.shipped is not None else chosen.name
    st.subheader(escaped(title), anchor=False)
    if chosen.shipped is not None:
        st.caption(words.trained(chosen.shipped))
    st.markdown("\n".join(f"- {escaped(line)}" for line in chosen.model.description))
    with st.expander("The architecture as read", icon=":material/layers:"):
        st.table(words.layers(chosen.model))
        st.caption(words.LOSS)


def _sequence(chosen: ChosenModel, settings: ModelSettings) -> Sequence:
    text = st.session_state.get(controls.TEXT) or ""
    given = sequence.chosen(
        settings, chosen.shipped, chosen.model.cell.D, text, controls.OWN_NUMBERS.numbers()
    )
    if given.left_out:
        st.caption(words.left_out(given.left_out))
    return given


def _shown(
    chosen: ChosenModel, given: Sequence, settings: ModelSettings, both: tuple[Run, ...]
) -> None:
    layers = layers_of(chosen.model.cell)
    layer = panels.layer_number(settings, len(layers))
    parameter = panels.parameter_name(settings, layers[layer])
    found = seen(both, settings, parameter, layer)
    t = settings.target_step(len(given.x))
    shown = panels.run_panels(found, parameter, given)
    view = views.view(settings, shown)
    for column, one, panel in zip(st.columns(len(found), gap="medium"), found, shown, strict=True):
        with column:
            st.markdown(sentence(words.named(one.title), one.reach[t - 1]))
            chart(heatmap(panel, view, block_size(panel.T)), _key(panel), settings.camera)
    if block_size(len(given.x)) > 1:
        st.caption(blocks(block_size(len(given.x)), LONGEST_WHOLE))
    st.caption(words.READING[settings.axis])
    row = panels.row_of_runs(settings, found, parameter, t)
    st.subheader(f"One row: target step t = {t}", anchor=False)
    with st.columns([1, 3])[0]:
        controls.WIDGETS.target()
    chart(profile(row, settings.floor), "model_profile", settings.camera)
    st.caption(words.PROFILE)
    _measures(found, t, settings)
    _units(both[0], t, layer, settings)
    link = links.to_link(state.address(), settings, FORM)
    _downloads(chosen, given, settings, found, (layer, parameter, t), link)


def _measures(found: tuple[Seen, ...], t: int, settings: ModelSettings) -> None:
    reach = [one.reach[t - 1] for one in found]
    st.subheader("In numbers", anchor=False)
    zeros = zero_words(reach[0], ("float16", "bfloat16"))
    st.markdown(f"{words.truncation(reach[0])} {zeros}")
    st.table(measure_table({one.title: seen for one, seen in zip(found, reach, strict=True)}))
    st.subheader("Every target", anchor=False)
    curves = measure_curves(panels.target_measures(found), t)
    chart(curves, "model_over_targets", settings.camera)
    st.caption(words.OVER_TARGETS)


def _units(run: Run, t: int, layer: int, settings: ModelSettings) -> None:
    st.subheader("Which hidden units carry the long lags", anchor=False)
    signals = carriers(run, t, layer)
    st.markdown(words.carriers(signals))
    chart(units(Units(signals.half_life, signals.share, t)), "model_units", settings.camera)
    st.caption(words.UNITS)


def _downloads(
    chosen: ChosenModel,
    given: Sequence,
    settings: ModelSettings,
    found: tuple[Seen, ...],
    terms: tuple[int, str, int],
    link: str,
) -> None:
    layer, parameter, t = terms
    title = f"gradflow: {chosen.name}, T = {len(given.x)}"

    def figure(labels: bool) -> go.Figure:
        shown = panels.run_panels(found, parameter, given)
        row = panels.row_of_runs(settings, found, parameter, t)
        footer = (*chosen.model.description, link)
        return sheet(shown, views.view(settings, shown), row, title, footer, labels)

    code = exports.snippet(
        chosen.source, chosen.model.readout_layer, settings, given, layer, parameter
    )
    st.subheader("Downloads", anchor=False)
    files = (
        *pictures(figure, title, len(given.x) < LONG),
        File(
            "CSV",
            lambda: exports.terms_csv(found, layer, parameter, t),
            "The terms that the heatmaps show, one row a term. Beyond "
            f"{LONGEST_WHOLE} steps those of the chosen target.",
            f"_{parameter}",
        ),
        File(
            "NPZ",
            lambda: exports.terms_npz(found, given, settings, parameter),
            "For numpy.load: log10 of all terms that the heatmaps show, the inputs and the "
            "settings.",
        ),
        File(
            "JSON",
            lambda: exports.settings_json(settings, given),
            "The settings and the inputs; not the weights.",
        ),
        python_file(code),
    )
    buttons(files, exports.STEM)
    with st.expander("Python and link to copy"):
        st.code(code, language="python", height=260)
        st.code(link, language=None, wrap_lines=True)
        st.caption(words.NOT_IN_LINK)


def _key(panel: Panel) -> str:
    return "model_as_read" if panel.title == words.AS_READ else "model_changed"
