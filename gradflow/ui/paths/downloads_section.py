"""What the page Paths gives away: its heatmaps for print, its terms, settings and Python."""

from __future__ import annotations

import plotly.graph_objects as go

from gradflow.figures.builders.pooling import page_block, picture_block
from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import (
    File,
    Pictures,
    buttons,
    pictures,
    python_file,
    settings_button,
)
from gradflow.ui.downloads.print_options import PrintOptions, chosen_print
from gradflow.ui.downloads.python_code import paths_snippet
from gradflow.ui.downloads.section import copies
from gradflow.ui.paths import class_panels, path_words
from gradflow.ui.paths.class_panels import Taken
from gradflow.ui.shared import links, panels, state
from gradflow.ui.shared.experiment import LSTMAlone
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.setting_words import settings_said
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.words import marks_said

SECTION = "open_paths_downloads"
CSV_HEADER = ("paths", "parameter", "t", "k", "j", "sign", "log10", "few_digits")


def draw_downloads(settings: Settings, experiment: LSTMAlone, apart: Taken) -> None:
    """Draw the section, and its contents once it is open."""
    section = opened_section(download_words.SECTION, SECTION, "download")
    if section is not None:
        own = state.own_numbers()
        code = paths_snippet(settings, own, apart.parameter)
        link = links.to_link(state.address(), settings)
        with section:
            names = (class_panels.CELL, class_panels.DETOURS, class_panels.WHOLE)
            options = chosen_print("paths", names, with_profile=False)
            files = (
                *pictures(_pictures(settings, experiment, apart, link, options), experiment.T),
                File(
                    "CSV",
                    lambda: terms_csv(settings, experiment, apart),
                    download_words.PATHS_TABLE,
                    f"_{apart.parameter}",
                ),
                settings_button(settings, own),
                python_file(code),
            )
            buttons(files, f"gradflow_paths_T_{experiment.T}")
            copies(code, link)


def terms_csv(settings: Settings, experiment: LSTMAlone, apart: Taken) -> bytes:
    """The terms that the three heatmaps show, one row a term, with 1 where its digits are lost."""
    from gradflow.ui.downloads.files import csv_file, digit_marks

    tables = (
        (
            (panel.title, apart.parameter),
            (panel.sign, panel.log10, digit_marks(panel.doubtful, panel.log10)),
        )
        for panel in class_panels.three_panels(apart, experiment)
        if panel.sign is not None
    )
    return csv_file(CSV_HEADER, tables, settings.target_step(experiment.T))


def _pictures(
    settings: Settings, experiment: LSTMAlone, apart: Taken, link: str, options: PrintOptions
) -> Pictures:
    said = settings_said(settings, experiment.T)[1:]  # without the RNN
    three = class_panels.three_panels(apart, experiment)
    view = panels.view(settings, three)

    def printed() -> go.Figure:
        from gradflow.figures.builders.printed_figure import figure_for_print

        chosen = [panel for panel in three if panel.title in options.panels]
        block = picture_block(experiment.T)
        caption = " ".join((*said, *marks_said(chosen))), link
        return figure_for_print(chosen, view, None, caption, options.form, block)

    def page(labels: bool) -> go.Figure:
        from gradflow.figures.builders.printed_sheet import sheet

        row = panels.lstm_row(settings, experiment)
        block = page_block(experiment.T)
        footer = (*said, *marks_said(three), link)
        return sheet(three, view, row, path_words.FIGURE, footer, labels, block=block)

    description = " ".join((path_words.ABOUT_FIGURE, *said))
    return Pictures(printed, page, path_words.FIGURE, description, options.scale)
