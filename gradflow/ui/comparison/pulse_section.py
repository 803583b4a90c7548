"""The section of the pulse: both networks unrolled, and the gradient on its way back."""

from __future__ import annotations

import streamlit as st

from gradflow.ui.comparison import film_words as words
from gradflow.ui.comparison.film_downloads import film_buttons
from gradflow.ui.comparison.pulse import pulse_of
from gradflow.ui.comparison.words import moved_settings
from gradflow.ui.component.film import film_message, film_player
from gradflow.ui.shared.experiment import Experiment
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.settings import Settings

# The key that holds whether the section is open.
SECTION = "open_pulse"


def draw_pulse(settings: Settings, experiment: Experiment) -> None:
    """Draw the section, and its contents once it is open.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    experiment : Experiment
        What they make.
    """
    section = opened_section(words.PULSE, SECTION, "bolt")
    if section is not None:
        with section:
            film = pulse_of(settings, experiment)
            message = film_message(film)
            film_player(message, "pulse")
            st.caption(words.PULSE_READING)
            made_of = moved_settings(settings, film.T)
            film_buttons("pulse", film, message, words.PULSE_READING, made_of)
