"""What the charts of the main page show, made before any of it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.lag_profile import Profile
from gradflow.figures.builders.panel import Panel
from gradflow.ui.component.assets import available
from gradflow.ui.component.heatmaps import message
from gradflow.ui.shared import panels, state
from gradflow.ui.shared.experiment import Experiment, run
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True, eq=False)
class Charts:
    """Both heatmaps and the profile, and what they are of.

    Attributes
    ----------
    settings : Settings
        The page's settings.
    experiment : Experiment
        The two networks.
    panels : tuple of two Panels
        The heatmaps' contents.
    view : View
        How they are shown.
    profile : Profile
        The row of the chosen target.
    message : bytes or None
        What the component of the charts is sent; None where it cannot be shown.
    """

    settings: Settings
    experiment: Experiment
    panels: tuple[Panel, Panel]
    view: View
    profile: Profile
    message: bytes | None


def charts(settings: Settings) -> Charts:
    """The charts of the settings.

    Parameters
    ----------
    settings : Settings
        The page's settings.

    Raises
    ------
    ValueError
        If the forward pass leaves the range of float64.
    """
    experiment, linked = run(settings, state.own_numbers()), available()
    both = panels.panels(settings, experiment, shares=not linked)
    view = panels.view(settings, both)
    profile = panels.profile(settings, experiment, both)
    k = panels.lag(settings, profile.t)
    sent = message(both, view, profile, k, settings.camera) if linked else None
    return Charts(settings, experiment, both, view, profile, sent)
