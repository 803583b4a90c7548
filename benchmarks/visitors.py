"""Many visitors on one small server: how long a move of `w_s` takes, and what each costs in memory.

    python -m benchmarks.visitors --sessions 40 --moves 30

Each visitor is one websocket session, as a browser opens it. Every second it moves the slider of
`w_s` as a browser does: it asks for the charts of the new value, and when the slider has been at
rest for a moment it sends that value, and waits for the run that follows to end. No browser draws
anything: what is measured is the server, from the move to the charts, and from the message that
sends the value to the last of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import machine, page_socket, report
from benchmarks.page_visitor import Visitor
from benchmarks.processes import cpu_seconds, memory
from tests.browser.serving import Server, served


@dataclass(frozen=True)
class Met:
    """What a crowd met.

    Attributes
    ----------
    visitors : list of Visitor
        The crowd.
    cpu : float
        Milliseconds of the processor that the server used a move.
    held : float
        The server's memory while all are still there, in MB.
    processes : int
        How many processes serve the page, each to a part of the crowd.
    """

    visitors: list[Visitor]
    cpu: float
    held: float
    processes: int = 1

    @property
    def errors(self) -> list[str]:
        return [error for visitor in self.visitors for error in visitor.errors]

    def milliseconds(self, name: str) -> np.ndarray:
        """What all moves took to the heatmaps ("seconds"), or to the end of the run ("whole")."""
        return 1e3 * np.concatenate([getattr(visitor, name) for visitor in self.visitors])

    @property
    def row(self) -> str:
        """The figures as a row of `HEAD`."""
        charts, whole = (self.milliseconds(name) for name in ("seconds", "whole"))
        times = " | ".join(
            f"{value:.0f}" for taken in (charts, whole) for value in np.percentile(taken, [50, 95])
        )
        last = self.visitors[-1]
        return (
            f"| {self.processes} | {len(self.visitors)} | {charts.size} | {times} | "
            f"{len(self.errors)} | {self.cpu:.1f} | {last.messages} | {last.size / 1e3:.0f} | "
            f"{self.held:.0f} |"
        )


HEAD = """\
| processes | sessions | moves | heatmaps: p50, ms | p95 | all: p50, ms | p95 | errors \
| CPU a move, ms | messages a move | kB a move | memory, MB |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


async def crowd(server: Server, sessions: int, moves: int, pause: float, T: int) -> Met:
    """Visitors who open the page one after the other, and then move the slider side by side."""
    visitors = [Visitor(number, T) for number in range(sessions)]
    sockets = []
    try:
        for visitor in visitors:
            sockets.append(await page_socket.opened(server))
            await visitor.open(sockets[-1])
        before = cpu_seconds(server.process)
        pairs = zip(visitors, sockets, strict=True)
        await asyncio.gather(*(visitor.move(socket, moves, pause) for visitor, socket in pairs))
        used = 1e3 * (cpu_seconds(server.process) - before) / (sessions * moves)
        return Met(visitors, used, memory(server.process))
    finally:
        for socket in sockets:
            await socket.close()


async def parted_crowd(servers: list[Server], sessions: int, *how: float) -> Met:
    """The same, each server with as many of them: a proxy keeps a visitor with one process."""
    each = sessions // len(servers)
    parts = await asyncio.gather(*(crowd(server, each, *how) for server in servers))
    visitors = [visitor for part in parts for visitor in part.visitors]
    cpu = sum(part.cpu for part in parts) / len(parts)
    return Met(visitors, cpu, sum(part.held for part in parts), len(servers))


def side_by_side(asked: argparse.Namespace) -> list[Met]:
    """Crowds of one visitor and of many against one server, and of many against several."""
    how = (asked.moves, asked.pause, asked.T)
    crowds = []
    for processes, sizes in (
        (1, [1] + [asked.sessions] * asked.waves),
        (asked.processes, [asked.sessions]),
    ):
        with contextlib.ExitStack() as stack:
            homes = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(processes)]
            servers = [stack.enter_context(served("app.py", Path(home))) for home in homes]
            for sessions in sizes:
                crowds.append(asyncio.run(parted_crowd(servers, sessions, *how)))
                errors = sorted(set(crowds[-1].errors))[:5]
                print(crowds[-1].row, *errors, sep="\n    ", flush=True)
    return crowds


def headline(crowds: list[Met]) -> str:
    """How much longer one waits among many, in a sentence."""
    here = [met for met in crowds if met.processes == 1]
    alone, *others = (np.percentile(met.milliseconds("seconds"), 95) for met in here)
    many = max(others)
    return (
        f"{len(here[-1].visitors)} visitors on one server, each moving a slider once a second: "
        f"95% of the moves have their heatmaps within {many:.0f} ms, {many / alone:.1f} times as "
        "long as for one alone."
    )


def for_long(asked: argparse.Namespace) -> str:
    """What further sessions hold after many moves, without a pause between them."""
    with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
        first = asyncio.run(crowd(server, 1, asked.moves, 0.0, asked.T))
        several = asyncio.run(crowd(server, asked.long_sessions, asked.long_moves, 0.0, asked.T))
    # The first, which is kept a minute for a reconnect, has gone by then.
    further = (several.held - first.held) / (asked.long_sessions - 1)
    errors = len(first.errors) + len(several.errors)
    return (
        f"After {asked.long_moves} moves each, {asked.long_sessions} sessions hold "
        f"{several.held:.0f} MB, and one held {first.held:.0f} MB after {asked.moves}: "
        f"{further:.2f} MB for each further session, with {errors} errors."
    )


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--moves", type=int, default=30, help="moves of each visitor")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds from move to move")
    parser.add_argument("--T", type=int, default=200)
    parser.add_argument("--waves", type=int, default=2, help="crowds that come and go")
    parser.add_argument("--processes", type=int, default=2, help="page processes behind a proxy")
    parser.add_argument("--long-sessions", type=int, default=8, help="sessions of many moves")
    parser.add_argument("--long-moves", type=int, default=3600, help="their moves; 0 for none")
    asked = parser.parse_args()
    crowds = side_by_side(asked)
    parts = [
        "\n".join([HEAD, *(met.row for met in crowds)]),
        f"T = {asked.T}, a move every {asked.pause:g} s, on {machine.name()}, with "
        f"{machine.load()}. A crowd comes when the one before it has gone. Of several processes "
        "each has as many visitors, as behind the proxy of `deploy`; memory is of all together. "
        "The aims: with 40 sessions, heatmaps after at most 60 ms in 95% of the moves and no "
        "error; 3 MB for each further session. A run that nobody waits for pauses before what "
        "stands below the heatmaps; hence the longer time to the end of a single visitor's.",
    ]
    if asked.long_moves:
        parts.append(for_long(asked))
        print(parts[-1])
    report.put("visitors", "\n\n".join(parts), headline(crowds))


if __name__ == "__main__":
    main()
