"""The settings of every page with heatmaps: how terms are shown, and of which target step."""

from __future__ import annotations

from dataclasses import dataclass

from gradflow.ui.shared.setting_fields import LONGEST, LinkedSettings, setting


@dataclass(frozen=True)
class ViewSettings(LinkedSettings):
    """How terms are shown."""

    relative: bool = setting(
        True,
        "Relative to lag 1",
        "Each row is divided by its own k = 1 term, so that rows compare. Where that term is "
        "exactly zero, by the row's largest.",
    )
    axis: str = setting(
        "lag",
        "Columns",
        "Lag k counts back from the target; source step j counts from the start. On a log scale "
        "near lags have more room.",
        choices=(("lag", "lag k"), ("source", "source step j"), ("log", "lag k, log scale")),
    )
    log_lags: bool = setting(
        False,
        "Lags of the curves on a log scale",
        "A power law is then a straight line, and near lags have more room.",
    )
    floor: int = setting(
        -4,
        "Colour floor (power of ten)",
        "Terms below this share the darkest colour. Exact zeros stay grey.",
        (-4000, -1, 1),
    )
    last: bool = setting(
        True, "The last step as target", "The row that the curves and the measures look at."
    )
    t: int = setting(
        25,
        "Target step t",
        "The row that the curves and the measures look at. Beyond the last step it means the last.",
        (1, LONGEST, 1),
    )
    window: int = setting(
        10,
        "Truncation window",
        "Backpropagation cut off after this many steps: how much would it throw away?",
        (1, LONGEST, 1),
    )
    camera: str = setting(
        "png",
        "Camera of a chart saves",
        "The camera in the bar above a chart makes a picture in the browser itself.",
        choices=(("png", "PNG"), ("svg", "SVG")),
    )

    def target_step(self, T: int) -> int:
        """The target step chosen, or the last one where the sequence is shorter."""
        return T if self.last else min(self.t, T)
