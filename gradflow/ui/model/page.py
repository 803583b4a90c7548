"""The page of the user's own model: what is read, where its gradient goes, and what if."""

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
from gradflow.ui.downloads.buttons import File, buttons, pictures
from gradflow.ui.model import controls, exports, panels, running, sequence, uploads, words
from gradflow.ui.model.controls import HELD
from gradflow.ui.model.experiment import (
    Chosen,
    Run,
    StoppedError,
    carriers,
    chosen,
    runs,
    seen,
)
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import FORM, OWN, ModelSettings
from gradflow.ui.shared import links, state
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.settings import LONGEST_WHOLE
from gradflow.ui.shared.text import escaped
from gradflow.ui.shared.words import blocks, sentence, together


def model_page() -> None:
    """Draw the page."""
    HELD.begin("model")
    with st.sidebar:
        controls.weights()
        of = chosen(str(controls.value("model")))
        of = of.with_readout(controls.readout(of.model, of.weights))
        with st.expander("Input sequence", icon=":material/timeline:", expanded=True):
            controls.sequence(of.shipped, of.model.cell.D)
        controls.view(layers_of(of.model.cell), of.model)
    settings = HELD.settings()
    HELD.keep(settings)
    st.title("Your model", anchor=False)
    st.markdown(words.LEAD)
    with st.container():
        _notes(settings)
    _architecture(of)
    try:
        given = _sequence(of, settings)
        both = runs(of, given, settings)
        _shown(of, given, settings, both)
    except StoppedError:
        st.info(words.STOPPED, icon=":material/cancel:")
        st.button("Run it", key="model_go_on", on_click=running.go_on, type="primary")
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


def _architecture(of: Chosen) -> None:
    title = of.shipped.title if of.shipped is not None else of.name
    st.subheader(escaped(title), anchor=False)
    if of.shipped is not None:
        st.caption(words.trained(of.shipped))
    st.markdown("\n".join(f"- {escaped(line)}" for line in of.model.description))
    with st.expander("The architecture as read", icon=":material/layers:"):
        st.table(words.layers(of.model))
        st.caption(words.LOSS)


def _sequence(of: Chosen, settings: ModelSettings) -> Sequence:
    text = st.session_state.get(controls.TEXT) or ""
    given = sequence.chosen(settings, of.shipped, of.model.cell.D, text, uploads.numbers())
    if given.left_out:
        st.caption(words.left_out(given.left_out))
    return given


def _shown(of: Chosen, given: Sequence, settings: ModelSettings, both: tuple[Run, ...]) -> None:
    layers = layers_of(of.model.cell)
    layer = panels.layer_number(settings, len(layers))
    parameter = panels.parameter_name(settings, layers[layer])
    found = seen(both, settings, parameter, layer)
    t = panels.target_step(settings, len(given.x))
    shown = panels.panels(found, parameter, given)
    view = panels.view(settings, shown)
    for column, one, panel in zip(st.columns(len(found), gap="medium"), found, shown, strict=True):
        with column:
            st.markdown(sentence(words.named(one.title), one.reach[t - 1]))
            chart(heatmap(panel, view, block_size(panel.T)), _key(panel), settings.camera)
    if block_size(len(given.x)) > 1:
        st.caption(blocks(block_size(len(given.x)), LONGEST_WHOLE))
    st.caption(words.READING[settings.axis])
    row = panels.profile(settings, found, parameter, t)
    st.subheader(f"One row: target step t = {t}", anchor=False)
    with st.columns([1, 3])[0]:
        controls.target()
    chart(profile(row, settings.floor), "model_profile", settings.camera)
    st.caption(words.PROFILE)
    _measures(found, t, settings)
    _units(both[0], t, layer, settings)
    link = links.to_link(state.address(), settings, FORM)
    _downloads(of, given, settings, found, (layer, parameter, t), link)


def _measures(found: tuple[Seen, ...], t: int, settings: ModelSettings) -> None:
    reach = [one.reach[t - 1] for one in found]
    st.subheader("In numbers", anchor=False)
    st.markdown(f"{words.truncation(reach[0])} {words.precision(reach[0])}")
    st.table(words.table([one.title for one in found], reach))
    st.subheader("Every target", anchor=False)
    chart(measure_curves(panels.measures(found), t), "model_over_targets", settings.camera)
    st.caption(words.OVER_TARGETS)


def _units(run: Run, t: int, layer: int, settings: ModelSettings) -> None:
    st.subheader("Which hidden units carry the long lags", anchor=False)
    signals = carriers(run, t, layer)
    st.markdown(words.carriers(signals))
    chart(units(Units(signals.half_life, signals.share, t)), "model_units", settings.camera)
    st.caption(words.UNITS)


def _downloads(
    of: Chosen,
    given: Sequence,
    settings: ModelSettings,
    found: tuple[Seen, ...],
    terms: tuple[int, str, int],
    link: str,
) -> None:
    layer, parameter, t = terms
    title = f"gradflow: {of.name}, T = {len(given.x)}"

    def figure(labels: bool) -> go.Figure:
        shown = panels.panels(found, parameter, given)
        row = panels.profile(settings, found, parameter, t)
        footer = (*of.model.description, link)
        return sheet(shown, panels.view(settings, shown), row, title, footer, labels)

    code = exports.snippet(of.source, of.model.readout_layer, settings, given, layer, parameter)
    st.subheader("Downloads", anchor=False)
    files = (
        *pictures(figure, title, len(given.x) < LONG),
        File(
            "CSV",
            lambda: exports.terms_csv(found, layer, parameter, t),
            f"_{parameter}.csv",
            "text/csv",
            "The terms that the heatmaps show, one row a term. Beyond "
            f"{LONGEST_WHOLE} steps those of the chosen target.",
        ),
        File(
            "NPZ",
            lambda: exports.terms_npz(found, given, settings, parameter),
            ".npz",
            "application/zip",
            "For numpy.load: log10 of all terms that the heatmaps show, the inputs and the "
            "settings.",
        ),
        File(
            "JSON",
            lambda: exports.settings_json(settings, given),
            ".json",
            "application/json",
            "The settings and the inputs; not the weights.",
        ),
        File(
            "Python",
            code.encode,
            ".py",
            "text/x-python",
            "A few lines that make the same terms with the library.",
        ),
    )
    buttons(files, exports.STEM)
    with st.expander("Python and link to copy"):
        st.code(code, language="python", height=260)
        st.code(link, language=None, wrap_lines=True)
        st.caption(words.NOT_IN_LINK)


def _key(panel: Panel) -> str:
    return "model_as_read" if panel.title == words.AS_READ else "model_changed"
