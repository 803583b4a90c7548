"""What a watch costs a training: `python -m benchmarks.watch`.

It wants a quiet machine. The time of an update, and the time that the training waits for a pass of
the watch: in line for all of it, with a process for the pass through the network alone. At the
default there is a pass every 1000 updates. Then a training with the default watch and without it,
in turns: PyTorch takes all cores, so that the process has none of its own.
"""

import inspect
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

import gradflow.torch
from benchmarks import machine
from benchmarks.report import put

EVERY = inspect.signature(gradflow.torch.watch).parameters["every"].default
UPDATES, PASSES, ROUNDS, AIM = 50, 7, 3, 0.02


class Size(NamedTuple):
    """A training: steps, hidden units, sequences of a batch and of the probe."""

    T: int
    H: int
    batch: int
    probe: int


SIZES = (Size(50, 32, 32, 8), Size(100, 64, 32, 8))


class Tagger(torch.nn.Module):
    """An LSTM and a readout of every step."""

    def __init__(self, H: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(8, H, batch_first=True)
        self.head = torch.nn.Linear(H, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0])


def training(size: Size) -> tuple[Tagger, Callable[[], None], gradflow.torch.Probe]:
    """A network, an update of its training, and a probe for it."""
    torch.manual_seed(0)
    model = Tagger(size.H)
    optimizer = torch.optim.Adam(model.parameters())
    x, y = torch.randn(size.batch, size.T, 8), torch.randint(0, 4, (size.batch, size.T))
    some = slice(0, size.probe)

    def loss_of(outputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(outputs.flatten(0, 1), classes.flatten())

    def update() -> None:
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()

    probe = gradflow.torch.Probe((x[some],), lambda outputs: loss_of(outputs, y[some]))
    return model, update, probe


def median_seconds(run: Callable[[], object], times: int) -> float:
    """The time of a run."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def waited(model: Tagger, probe: gradflow.torch.Probe, worker: bool, passes: int) -> float:
    """What a training waits for a pass."""
    with gradflow.torch.watch(model, probe, every=1, worker=worker) as watch:
        taken = []
        for _ in range(passes):
            watch.figure()  # the process is idle when a pass begins, as it is a thousand updates on
            start = time.perf_counter()
            watch.step()
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def longer(model: Tagger, update: Callable[[], None], probe: gradflow.torch.Probe) -> float:
    """By what part a training from one pass to the next is longer with the default watch."""
    ratios = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(EVERY):
            update()
        alone = time.perf_counter() - start
        start = time.perf_counter()
        with gradflow.torch.watch(model, probe) as watch:
            for _ in range(EVERY):
                update()
                watch.step()
            ratios.append((time.perf_counter() - start) / alone - 1.0)
    return statistics.median(ratios)


def measured(size: Size) -> tuple[str, list[float]]:
    """A line of the table, and what the watch adds in line and with a process."""
    model, update, probe = training(size)
    alone = median_seconds(update, UPDATES)
    passes = [waited(model, probe, worker, PASSES) for worker in (False, True)]
    added = [taken / (EVERY * alone) for taken in passes]
    said = " | ".join(
        f"{1000 * taken:.3g} | {share:.2%}" for taken, share in zip(passes, added, strict=True)
    )
    return f"| {size.T}, {size.H}, {size.batch} | {1000 * alone:.3g} | {said} |", added


def main() -> None:
    rows, added = zip(*map(measured, SIZES), strict=True)
    whole = longer(*training(SIZES[0]))
    missed = [f"{share:.2%}" for share in (*(beside for _, beside in added), whole) if share > AIM]
    put(
        "watch",
        "| T, H, batch | update, ms | a pass in line, ms | added | with a process, ms | added |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n"
        + "\n".join(rows)
        + f"\n\nMedians; a pass of {SIZES[0].probe} sequences every {EVERY} updates on the CPU. In "
        f"turns, {EVERY} updates of the first with the default watch take {1 + whole:.3f} times as "
        "long as without, with the process on the same cores. On "
        f"{machine.name()}, with {machine.load()}.\n\n"
        f"The aim: at most {AIM:.0%} added with a process, the default. "
        + (f"Not reached: {', '.join(missed)}." if missed else "Reached."),
    )


if __name__ == "__main__":
    main()
