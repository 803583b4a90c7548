"""The section of the downloads: figures for print, terms, settings, Python and a link to copy."""

from __future__ import annotations

import plotly.graph_objects as go

from gradflow.figures.builders.pooling import page_block, picture_block
from gradflow.numerics.scaled import Array
from gradflow.ui.comparison import words
from gradflow.ui.component.linked_charts import zoomed
from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import (
    File,
    Pictures,
    buttons,
    pictures,
    python_file,
    settings_button,
)
from gradflow.ui.downloads.print_options import PROFILE, PrintOptions, chosen_print
from gradflow.ui.downloads.python_code import snippet
from gradflow.ui.downloads.section import copies
from gradflow.ui.shared import links, panels, settings_file, state
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.setting_words import settings_said
from gradflow.ui.shared.settings import Settings
from gradflow.ui.shared.words import marks_said

# The key that holds whether the section is open.
SECTION = "open_downloads"


def draw_downloads(experiment: Experiment, settings: Settings, own: Array | None) -> None:
    """Draw the section, and its contents once it is open.

    Parameters
    ----------
    experiment : Experiment
        What the page shows.
    settings : Settings
        What made it.
    own : array of shape (n,) or None
        The user's own numbers.
    """
    section = opened_section(download_words.SECTION, SECTION, "download")
    if section is not None:
        code, link = snippet(settings, own), links.to_link(state.address(), settings)
        with section:
            zoom = zoomed(experiment.T, settings.axis)
            options = chosen_print("compare", ("RNN", "LSTM"), zoom=zoom)
            files = (
                *pictures(_pictures(experiment, settings, link, options), experiment.T),
                *_numbers(experiment, settings, own),
                python_file(code),
            )
            buttons(files, f"gradflow_w_s_{settings.w_s:g}_T_{experiment.T}")
            settings_file.draw_loader()
            copies(code, link)


def _numbers(experiment: Experiment, settings: Settings, own: Array | None) -> tuple[File, ...]:
    # This imports pyarrow. Nobody waits for it before the section is opened.
    from gradflow.ui.comparison import exports

    return (
        File(
            "CSV",
            lambda: exports.terms_csv(experiment, settings),
            download_words.TERMS_TABLE,
            f"_{settings.parameter}",
        ),
        File(
            "NPZ",
            lambda: exports.terms_npz(experiment, settings),
            download_words.TERMS_ARRAYS,
        ),
        settings_button(settings, own),
    )


def _pictures(
    experiment: Experiment, settings: Settings, link: str, options: PrintOptions
) -> Pictures:
    """What is drawn when a picture or the page of charts is asked for."""
    said = settings_said(settings, experiment.T)
    title = f"gradflow: w_s = {settings.w_s:g}, T = {experiment.T}, b_f = {settings.b_f:g}"

    def printed() -> go.Figure:
        from gradflow.figures.builders.printed_figure import figure_for_print

        both = panels.both_panels(settings, experiment, shares=False)
        return figure_for_print(
            [panel for panel in both if panel.title in options.panels],
            panels.view(settings, both),
            panels.both_rows(settings, experiment, both) if PROFILE in options.panels else None,
            (" ".join((*said, *marks_said(both))), link),
            options.form,
            picture_block(experiment.T),
        )

    def page(labels: bool) -> go.Figure:
        from gradflow.figures.builders.printed_sheet import sheet

        both = panels.both_panels(settings, experiment, shares=labels)
        return sheet(
            both,
            panels.view(settings, both),
            panels.both_rows(settings, experiment, both),
            words.TITLE,
            (*said, *marks_said(both), link),
            labels,
            block=page_block(experiment.T),
        )

    description = " ".join((words.ABOUT_FIGURE, *said))
    return Pictures(printed, page, title, description, options.scale)
