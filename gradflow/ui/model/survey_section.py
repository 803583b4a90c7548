"""The section on many sequences: bands by lag, and what truncation makes of their mean gradient."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import plotly.graph_objects as go
import streamlit as st

import gradflow as gf
from gradflow.engine.memory_estimate import needed_bytes
from gradflow.engine.time_estimate import needed_seconds
from gradflow.figures import plot_survey, plot_survey_errors
from gradflow.surveys import Survey
from gradflow.surveys.band_files import bands_file
from gradflow.ui.downloads.button_row import File, buttons
from gradflow.ui.model import long_runs, questions, survey_words
from gradflow.ui.model.data_set import DataSet
from gradflow.ui.model.experiment import ChosenModel
from gradflow.ui.model.model_run import answer_of
from gradflow.ui.model.objective import Objective, chosen_objective
from gradflow.ui.model.sequence import one_of_many
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.shared.frame import chart
from gradflow.ui.shared.markdown_text import escaped
from gradflow.ui.workers import waiting_words
from gradflow.ui.workers.pool import process_pool
from gradflow.ui.workers.reservations import TooLargeError
from gradflow.ui.workers.worker import Job

# How many times as long as its flow a sequence takes, by which truncation is tried at all lengths;
# and seconds that it takes however short it is.
_TIMES, _LEAST = 2.0, 0.02

# Failures that are told in a sentence each.
_TOLD = 5

_KEPT = "survey"


def draw_survey(
    chosen: ChosenModel, aim: Objective, settings: ModelSettings, held: DataSet, layer: int
) -> None:
    """Draw what all sequences say together; the heatmaps are of one of them.

    Parameters
    ----------
    chosen : ChosenModel
        The model.
    aim : Objective
        The loss of the sequence that is shown, which all others get.
    settings : ModelSettings
        The page's settings.
    held : DataSet
        The sequences.
    layer : int
        The layer that is shown.
    """
    st.subheader(survey_words.all_sequences(len(held.sequences)), anchor=False)
    try:
        found, bad = _survey(chosen, aim, settings, held)
    except long_runs.StoppedError as stopped:
        st.info(escaped(str(stopped)), icon=":material/pause_circle:")
        st.button(survey_words.GO_ON, key="model_survey_go_on", on_click=long_runs.go_on)
        return
    for name, why in (*bad, *found.failures)[:_TOLD]:
        st.warning(escaped(survey_words.left_out(name, why)), icon=":material/playlist_remove:")
    if len(bad) + found.failed > _TOLD:
        st.caption(survey_words.more_left_out(len(bad) + found.failed - _TOLD))
    if found.count:
        _draw(found, layer, settings)
        _downloads(found, chosen.title)


def _downloads(found: Survey, name: str) -> None:
    """Draw the buttons of the bands' files, and how they are read back."""
    bands = [(cell, found.bands(layer)) for layer, cell in enumerate(found.layers)]
    files = (
        File(kind, partial(bands_file, f".{kind.lower()}", name, found.count, bands), said)
        for kind, said in survey_words.FILES.items()
    )
    buttons(tuple(files), survey_words.STEM, "survey_download")
    st.caption(survey_words.READ_BACK)


def _draw(found: Survey, layer: int, settings: ModelSettings) -> None:
    st.markdown(survey_words.surveyed(found, layer))
    left, right = st.columns(2, gap="medium")
    with left:
        chart(_untitled(plot_survey(found, layer, dark=None)), "model_survey", settings.camera)
        st.caption(survey_words.SURVEY)
    with right:
        errors = _untitled(plot_survey_errors(found, dark=None))
        chart(errors, "model_survey_errors", settings.camera)
        st.caption(survey_words.SURVEY_ERRORS)


def _untitled(figure: go.Figure) -> go.Figure:
    """The figure without its title, which the heading tells, and which a narrow page would cut."""
    return figure.update_layout(title=None)


def _survey(
    chosen: ChosenModel, aim: Objective, settings: ModelSettings, held: DataSet
) -> tuple[Survey, tuple[tuple[str, str], ...]]:
    """The survey, and the sequences that cannot have the loss, each with the reason.

    Raises
    ------
    StoppedError
        If the user has cancelled it.
    ValueError
        If no sequence can have the loss, or they do not fit in memory.
    """
    alike = replace(
        settings, loss=aim.kind, output=settings.output if aim.output is None else aim.output
    )
    steps = settings.steps, settings.weights, settings.skip, settings.padding
    key = (_KEPT, chosen.key, held.ident, aim.kind, aim.output, steps)

    def made(progress: long_runs.Progress) -> tuple[Survey, tuple[tuple[str, str], ...]]:
        samples, bad = _samples(chosen, aim.kind, alike, held)
        job = _job(chosen.model, samples, aim.last_alone, key)
        try:
            return answer_of(job, key, progress), tuple(bad)
        except TooLargeError:
            longest = max(len(sample.x) for sample in samples)
            free = process_pool().memory.free()
            raise ValueError(waiting_words.too_large(job.size, free, longest)) from None

    return long_runs.computed(_KEPT, key, survey_words.all_sequences(len(held.sequences)), made)


def _job(
    model: gf.Model, samples: list[gf.Sample], last_alone: bool, key: tuple[object, ...]
) -> Job:
    lengths, targets = [len(sample.x) for sample in samples], 1 if last_alone else None
    seconds = sum(_LEAST + _TIMES * needed_seconds(model.cell, T, targets) for T in lengths)
    size = 2 * needed_bytes(model.cell, max(lengths), targets)
    parts = model, tuple(samples)
    return Job(key, questions.survey, parts, questions.whole_survey, (), size, 0, seconds)


def _samples(
    chosen: ChosenModel, kind: str, settings: ModelSettings, held: DataSet
) -> tuple[list[gf.Sample], list[tuple[str, str]]]:
    """The sequences with their losses, and those that cannot have that loss."""
    samples, bad = [], []
    for name, numbers, target in zip(held.names, held.sequences, held.targets, strict=True):
        try:
            given = one_of_many(chosen.model, numbers, target)
            aim = chosen_objective(chosen.model, chosen.key, given, settings)
            if aim.kind != kind:
                raise ValueError("It cannot have the loss that is shown.")
        except ValueError as rule:
            bad.append((name, str(rule)))
            continue
        x = aim.given.x if aim.given.ids is None else aim.given.ids
        targets = "last" if aim.last_alone else None
        samples.append(gf.Sample(x, aim.loss, targets, name=name, weights=aim.weights))
    if not samples:
        raise ValueError(f"One sequence at least must be such that it has a loss. {bad[0][1]}")
    return samples, bad
