"""The contents of the charts of the page Compare, made before any of it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gradflow.analysis.memory import Reach
from gradflow.figures.builders.colour_scale import View
from gradflow.figures.builders.lag_profile import Profile
from gradflow.figures.builders.panel import Panel
from gradflow.numerics.scaled import Array
from gradflow.ui.comparison import previews, words
from gradflow.ui.comparison.shown_rows import findings, measured
from gradflow.ui.component.linked_charts import Moving, message
from gradflow.ui.shared import panels
from gradflow.ui.shared.experiment import Experiment, run
from gradflow.ui.shared.settings import Settings


@dataclass(frozen=True, eq=False)
class Charts:
    """Both heatmaps and the profile, with the settings and the networks behind them.

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
    seen : mapping of str to Reach
        The measures of that row, by network.
    message : bytes or None
        What the component of the charts is sent; None where it cannot be shown.
    """

    settings: Settings
    experiment: Experiment
    panels: tuple[Panel, Panel]
    view: View
    profile: Profile
    seen: Mapping[str, Reach]
    message: bytes | None

    @property
    def unsure(self) -> tuple[str, ...]:
        """The networks whose row has terms with too few digits."""
        t = self.profile.t
        return tuple(panel.title for panel in self.panels if panel.is_doubtful_at(t))


def charts(settings: Settings, own: Array | None, address: str | None) -> Charts:
    """Compute the contents of all charts.

    Parameters
    ----------
    settings : Settings
        The page's settings.
    own : array of shape (n,) or None
        The user's own numbers.
    address : str or None
        Where the component of the charts asks for other values; None where it cannot be shown.

    Raises
    ------
    ValueError
        If the forward pass leaves the range of float64.
    """
    experiment = run(settings, own)
    both = panels.both_panels(settings, experiment, shares=address is None)
    view = panels.view(settings, both)
    profile = panels.both_rows(settings, experiment, both)
    k = settings.lag_within(profile.t)
    seen = measured(settings, experiment)
    said = findings(seen, both)
    sent = None
    if address is not None:
        values = {name: getattr(settings, name) for name in previews.MOVED}
        moving = Moving(address, values, settings.shared_w_h, words.PENDING)
        sent = message(both, view, profile, k, settings.camera, said, moving)
    return Charts(settings, experiment, both, view, profile, seen, sent)
