"""What somebody who keeps the server busy costs a crowd: without and beside, in turns."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from benchmarks.visitors import Met, crowd
from tests.browser.serving import Server

AIM = 1.5


class LongStay(Protocol):
    """A visitor who stays for a run that takes long."""

    busy: asyncio.Event

    async def stay(self, server: Server) -> None: ...


Staying = TypeVar("Staying", bound=LongStay)


@contextlib.asynccontextmanager
async def staying(visitor: Staying, server: Server) -> AsyncIterator[Staying]:
    """A visitor for as long as the block lasts, from when its run has begun."""
    task = asyncio.create_task(visitor.stay(server))
    waiting = asyncio.create_task(visitor.busy.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield visitor
        if task.done():
            await task
    finally:
        for one in (task, waiting):
            one.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


@dataclass(frozen=True)
class Pair:
    """The same crowd without somebody, and then beside them.

    Attributes
    ----------
    without, beside : Met
        What the crowd met.
    visitor : Any
        Who was there.
    """

    without: Met
    beside: Met
    visitor: Any

    @property
    def ratio(self) -> float:
        """How many times as long 95% of the moves take."""
        return p95([self.beside]) / p95([self.without])


# Each kind of visitor by what its row is called.
Pairs = Mapping[str, list[Pair]]


def add_options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """The options of the crowd, and how many pairs there are of each kind unless told."""
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--moves", type=int, default=30, help="moves of each visitor")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds from move to move")
    parser.add_argument("--T", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=rounds, help="pairs of crowds of each kind")


async def in_turns(
    server: Server,
    kinds: Mapping[str, Callable[[Server], AbstractAsyncContextManager[Any]]],
    asked: argparse.Namespace,
) -> Pairs:
    """Pairs of crowds of each kind; all take turns, so that what slows the machine slows all."""
    given = (server, asked.sessions, asked.moves, asked.pause, asked.T)
    pairs: dict[str, list[Pair]] = {name: [] for name in kinds}
    for _ in range(asked.rounds):
        for name, kind in kinds.items():
            without = await crowd(*given)
            async with kind(server) as visitor:
                pairs[name].append(Pair(without, await crowd(*given), visitor))
            print(f"{name}: {pairs[name][-1].ratio:.2f}", flush=True)
    return pairs


def p95(several: list[Met]) -> float:
    """Milliseconds within which 95% of the moves of some crowds had their heatmaps."""
    return _percentiles(several)[1]


def _percentiles(several: list[Met]) -> tuple[float, float]:
    taken = np.concatenate([met.milliseconds("seconds") for met in several])
    p50, p95 = np.percentile(taken, [50, 95])
    return float(p50), float(p95)


def table(pairs: Pairs) -> str:
    """One row a kind: the crowd without and beside, and how the pairs differ."""
    rows = [
        "| beside the crowd | without: p50, ms | p95 | beside: p50, ms | p95 | ratio of p95 "
        "| from pair to pair | errors |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, several in pairs.items():
        without, beside = [one.without for one in several], [one.beside for one in several]
        times = " | ".join(
            f"{value:.0f}" for met in (without, beside) for value in _percentiles(met)
        )
        ratios = [one.ratio for one in several]
        errors = sum(len(met.errors) for met in (*without, *beside))
        rows.append(
            f"| {name} | {times} | {p95(beside) / p95(without):.2f} | "
            f"{min(ratios):.2f} to {max(ratios):.2f} | {errors} |"
        )
    return "\n".join(rows)


def told(asked: argparse.Namespace) -> str:
    """What the crowd did, as a sentence."""
    return (
        f"{asked.sessions} visitors, a move every {asked.pause:g} s at T = {asked.T}; "
        f"{asked.rounds} pairs of crowds a row, without and beside in turns."
    )
