"""`plot_training_film`: what training runs do to the gradient, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gradflow.figures.builders.display_choices import check_display
from gradflow.figures.builders.film_frames import FLOOR, film_parts, film_terms
from gradflow.figures.builders.paper import on_paper
from gradflow.figures.builders.training_curves import checked_updates
from gradflow.training import TrainingRun


def plot_training_film(
    runs: Mapping[str, TrainingRun],
    *,
    floor: float = FLOOR,
    title: str | None = None,
    dark: bool | None = False,
) -> go.Figure:
    """Plot how the gradient of one held-out sequence changes while networks learn.

    One heatmap a network with the terms of `b`, the signal itself, relative to the k = 1 term of
    each row, in the colours of `plot_heatmap`, on one scale for all frames. Below them, at every
    checkpoint, loss and accuracy on held-out sequences, "log10 reaching", what reaches the input
    that decides, the median spectral radius of dc_t/dc_(t-1) and of the whole state's derivative,
    and the mean forget gate. The slider moves all of it, and it plays.

    Parameters
    ----------
    runs : mapping of str to TrainingRun
        Runs by their names, from left to right, at most three, on one task and with checkpoints
        after the same updates. A run that diverged stays at its last checkpoint.
    floor : float
        log10 of the share below which all colours are alike.
    title : str, optional
        What stands above it.
    dark : bool or None
        Light letters on dark paper, or dark ones on light paper. None leaves both to the page.

    Returns
    -------
    plotly.graph_objects.Figure
        With a frame for each checkpoint; as wide as there is room.

    Raises
    ------
    ValueError
        If there are no runs or more than three, they are of different tasks or checkpoints, or a
        display argument is none of its choices.

    See Also
    --------
    gradflow.training.train : Makes a run.
    plot_comparison : The same of one moment.

    Examples
    --------
    >>> from gradflow import training
    >>> from gradflow.figures import plot_training_film
    >>> run = training.train(training.TrainingSettings(delay=5, hidden=4, updates=20, every=10))
    >>> figure = plot_training_film({"LSTM": run})
    >>> [frame.name for frame in figure.frames]
    ['0', '10', '20']
    """
    check_display(floor=floor, title=title, dark=dark)
    checked_updates(runs)
    terms = {name: list(film_terms(run)) for name, run in runs.items()}
    figure = go.Figure(film_parts(runs, terms, floor, dark))
    return on_paper(figure, dark, title or "")
