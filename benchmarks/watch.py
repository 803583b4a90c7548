"""What a watch costs a training: `python -m benchmarks.watch`, in some five minutes.

It wants a quiet machine. The time of an update, and the time that the training waits for a pass of
the watch: in line for all of it, with a process for the pass through the network alone. At the
default there is a pass every 1000 updates. Then whole trainings with the default watch and without
it, in turns, from the making of the watch to its end: PyTorch takes all cores, so that the process
has none of its own.
"""

import contextlib
import inspect
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch

import gradflow.torch
from benchmarks import machine
from benchmarks.report import put

EVERY = inspect.signature(gradflow.torch.watch).parameters["every"].default
_REACHED = "Reached by the medians; whole trainings differ by more than that from pair to pair."
UPDATES, PASSES, AIM = 50, 5, 0.02

# Updates of a whole training, and the seconds that the turns of all may take.
WHOLE, BUDGET = 4 * EVERY, 240.0


class Size(NamedTuple):
    """A training: steps, hidden units, sequences of a batch and of the probe."""

    T: int
    H: int
    batch: int
    probe: int


class Taken(NamedTuple):
    """Seconds of a training: by the clock, on the processor its own, and those of its process."""

    clock: float
    own: float
    process: float


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


def trained(
    update: Callable[[], None], watched: Callable[[], gradflow.torch.Watch] | None
) -> Taken:
    """A whole training, with a watch or without."""
    before, start = os.times(), time.perf_counter()
    with contextlib.ExitStack() as stack:
        watch = None if watched is None else stack.enter_context(watched())
        for _ in range(WHOLE):
            update()
            if watch is not None:
                watch.step()
    clock, after = time.perf_counter() - start, os.times()
    own = after.user + after.system - before.user - before.system
    # The process has ended: only then does the system count it.
    process = after.children_user + after.children_system
    return Taken(clock, own, process - before.children_user - before.children_system)


def turns(size: Size) -> tuple[list[Taken], list[Taken]]:
    """Whole trainings without a watch and with the default one, as many pairs as there is time for.

    They take turns in being the first of a pair.
    """
    model, update, probe = training(size)
    without: list[Taken] = []
    beside: list[Taken] = []
    runs = [(without, None), (beside, partial(gradflow.torch.watch, model, probe))]
    start = time.perf_counter()
    while not beside or (time.perf_counter() - start) * (1 + 1 / len(beside)) < BUDGET:
        for kept, watched in runs[:: 1 if len(beside) % 2 else -1]:
            kept.append(trained(update, watched))
    return without, beside


def row(said: str, without: Sequence[float], beside: Sequence[float]) -> tuple[str, float]:
    """A line of the table of whole trainings, and the median of what the watch adds in a pair."""
    shares = [one / other - 1.0 for other, one in zip(without, beside, strict=True)]
    middle = statistics.median(shares)
    return (
        f"| {said} | {statistics.median(without):.2f} | {statistics.median(beside):.2f} | "
        f"{middle:.2%} | {min(shares):.2%} to {max(shares):.2%} |",
        middle,
    )


def whole_trainings(size: Size) -> tuple[str, float]:
    """The table of whole trainings, and what the watch adds to the time of one."""
    without, beside = turns(size)
    clock, added = row(
        "the whole training", [one.clock for one in without], [one.clock for one in beside]
    )
    own, _ = row(
        "on the processor, itself", [one.own for one in without], [one.own for one in beside]
    )
    process = statistics.median(one.process for one in beside)
    return (
        f"| seconds of {WHOLE} updates | without | with the watch | added | from pair to pair |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        f"{clock}\n{own}\n| on the processor, the process that measures | | {process:.2f} | | |\n\n"
        f"Medians of {len(beside)} pairs of trainings of the first size, from the making of the "
        f"default watch to its end, all on the same cores.",
        added,
    )


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
    table, whole = whole_trainings(SIZES[0])
    missed = [f"{share:.2%}" for share in (*(beside for _, beside in added), whole) if share > AIM]
    put(
        "watch",
        "| T, H, batch | update, ms | a pass in line, ms | added | with a process, ms | added |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n"
        + "\n".join(rows)
        + f"\n\nMedians; a pass of {SIZES[0].probe} sequences every {EVERY} updates on the CPU.\n\n"
        f"{table} On {machine.name()}, with {machine.load()}.\n\n"
        f"The aim: at most {AIM:.0%} added with a process, the default. "
        + (f"Not reached: {', '.join(missed)}." if missed else _REACHED),
    )


if __name__ == "__main__":
    main()
