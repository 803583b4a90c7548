"""Batched training against PyTorch's own.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.training

One update of each on the same task: a batch, the forward pass, the gradient, its norm clipped, and
Adam. Both are in float64 on one core, and take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks import machine, report
from gradflow.training import TrainingSettings
from gradflow.training.networks import loss_and_gradients
from gradflow.training.optimisers import Adam, clipped
from gradflow.training.starts import start

DELAY, HIDDEN, BATCH, RATE = 99, 32, 64, 0.001
AIM = 1.5
SECONDS = 20.0  # for each cell

_LAYERS: dict[str, Any] = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def ours(settings: TrainingSettings) -> Callable[[], None]:
    """What makes one update after the other."""
    task, generator = settings.task_made(), np.random.default_rng(0)
    network, optimiser = start(settings, task, generator), Adam(settings.rate)

    def update() -> None:
        nonlocal network, optimiser
        _, gradients = loss_and_gradients(network, task, *task.batch(generator, settings.batch))
        bounded, _, _ = clipped(gradients, settings.clip_norm, None)
        weights, optimiser = optimiser.updated(network.weights, bounded)
        network = network.with_weights(weights)

    return update


def theirs(settings: TrainingSettings) -> Callable[[], None]:
    """The same with PyTorch's layer."""
    task, generator = settings.task_made(), np.random.default_rng(0)
    layer = _LAYERS[settings.cell](task.D, settings.hidden, dtype=torch.float64)
    readout = torch.nn.Linear(settings.hidden, task.outputs, dtype=torch.float64)
    weights = [*layer.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(weights, settings.rate)
    most = settings.clip_norm or np.inf

    def update() -> None:
        x, answers = (torch.from_numpy(array) for array in task.batch(generator, settings.batch))
        optimiser.zero_grad()
        o = readout(layer(x)[0][-1])
        torch.nn.functional.cross_entropy(o, answers).backward()
        torch.nn.utils.clip_grad_norm_(weights, most)
        optimiser.step()

    return update


def _row(cell: str) -> tuple[str, float]:
    """The row of a cell, and how many times PyTorch's time ours is."""
    settings = TrainingSettings(
        "recall", DELAY, cell, hidden=HIDDEN, batch=BATCH, rate=RATE, clip_norm=1.0
    )
    taken = machine.medians({"ours": ours(settings), "theirs": theirs(settings)}, SECONDS)
    ratio = taken["ours"] / taken["theirs"]
    milliseconds = (f"{1000 * taken[name]:.0f}" for name in ("ours", "theirs"))
    return f"| {cell.upper()} | {' | '.join(milliseconds)} | {ratio:.2f} |", ratio


def main() -> None:
    """Write the table."""
    rows, ratios = zip(*map(_row, _LAYERS), strict=True)
    head = "| cell | gradflow, ms | PyTorch, ms | ratio |\n| --- | ---: | ---: | ---: |\n"
    said = (
        f"\n\nMedians of an update: H = {HIDDEN}, T = {DELAY + 1}, batches of {BATCH}, float64. On "
        f"one core of {machine.name()}, numpy {np.__version__}, torch {torch.__version__}, with "
        f"{machine.load()}. The aim is a ratio of at most {AIM}; the largest is {max(ratios):.2f}."
    )
    report.put("training", head + "\n".join(rows) + said)


if __name__ == "__main__":
    main()
