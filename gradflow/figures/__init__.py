"""Plots of a flow: records of the library in, `plotly.graph_objects.Figure` out, a module each.

Terms are of w_x unless a parameter is named, and along paths of w_xf; `memory` measures b.
What they are built from, and the page too, is in `builders`. Imports plotly and the core.
"""

from gradflow.figures._comparison import plot_comparison
from gradflow.figures._factors import plot_factors
from gradflow.figures._heatmap import plot_heatmap
from gradflow.figures._measures import plot_measures
from gradflow.figures._path_classes import plot_path_classes
from gradflow.figures._path_graph import plot_path_graph
from gradflow.figures._profile import plot_profile
from gradflow.figures._seed_bands import plot_seed_bands
from gradflow.figures._survey import plot_survey, plot_survey_errors
from gradflow.figures._training_film import plot_training_film
from gradflow.figures._units import plot_units
from gradflow.figures._watch import plot_watch

__all__ = [
    "plot_comparison",
    "plot_factors",
    "plot_heatmap",
    "plot_measures",
    "plot_path_classes",
    "plot_path_graph",
    "plot_profile",
    "plot_seed_bands",
    "plot_survey",
    "plot_survey_errors",
    "plot_training_film",
    "plot_units",
    "plot_watch",
]


def __dir__() -> list[str]:
    return sorted(__all__)
