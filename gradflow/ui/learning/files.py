"""The files of the page Learning."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from functools import partial

from gradflow.figures import plot_training_film
from gradflow.training import TrainingRun
from gradflow.training.checkpoints import MEASURES
from gradflow.training.run_files import run_bytes
from gradflow.training.torch_weights import weights_bytes
from gradflow.ui.downloads.button_row import File
from gradflow.ui.learning import words


def every_file(
    runs: Mapping[str, TrainingRun], by_seed: Sequence[Mapping[str, TrainingRun]]
) -> tuple[File, ...]:
    """The film, and for each network its run and its last weights; the measures of every seed."""
    return (
        File("HTML", lambda: _film(runs), words.FILM),
        File("CSV", lambda: table(by_seed), words.TABLE),
        *(run_file(name, run) for name, run in runs.items()),
        *(weights_file(name, run) for name, run in runs.items()),
    )


def run_file(name: str, run: TrainingRun) -> File:
    """All that a network's run has recorded."""
    said = words.RUN.format(name=name)
    return File("NPZ", partial(run_bytes, run), said, f"_{name}", f"{name} NPZ")


def weights_file(name: str, run: TrainingRun) -> File:
    """The last weights of a network, for PyTorch."""
    make = partial(weights_bytes, run.checkpoints[-1].network)
    said = words.WEIGHTS.format(name=name)
    return File("safetensors", make, said, f"_{name}", f"{name} weights")


def table(by_seed: Sequence[Mapping[str, TrainingRun]]) -> bytes:
    """A CSV with a row for each checkpoint of each network from each seed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("network", "seed", *MEASURES))
    for name, run in (pair for runs in by_seed for pair in runs.items()):
        for checkpoint in run.checkpoints:
            measures = (getattr(checkpoint, measure) for measure in MEASURES)
            writer.writerow((name, run.settings.seed, *measures))
    return text.getvalue().encode()


def _film(runs: Mapping[str, TrainingRun]) -> bytes:
    from gradflow.ui.downloads.files import html_file

    return html_file(plot_training_film(runs), words.TITLE)
