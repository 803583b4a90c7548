"""All that a class and a stranger do, at once, for a while: what the class meets, what stays.

    python -m benchmarks.mixed_load --minutes 60 --speed 2

Forty visitors open the page one after the other. Then they move `w_s`, each every ten seconds, as a
class does that also listens: one after the other, not all at once. Beside them one heavy run
begins every minute and is left on the way, one browser gives weights and damaged weights and takes
pictures, foreign pages knock, and from time to time the Chromium that draws the pictures and a
process that computes are killed.
Of a day that goes twice as fast every wait is half as long: as much is done in half of the time.
Only what the visitors meet counts as an error; to lose a picture or a heavy run to a kill does not.
A visitor's browser has a machine of its own: here it takes what the server leaves of this one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import websockets
from playwright.sync_api import BrowserContext, Error, sync_playwright
from safetensors.numpy import save_file

from benchmarks import machine, page_socket, report
from benchmarks.heavy_visitors import heavy_visitor
from benchmarks.page_visitor import Visitor
from benchmarks.processes import all_memory, descendants
from tests.browser.app_page import AppPage
from tests.browser.chromium import FLAGS, installed
from tests.browser.serving import Server, served

_FOREIGN = ("http://evil.example", "https://evil.example:8501", "http://10.0.0.1", "null")
_SETTLES = 75.0  # seconds after which what the visitors held has to be free

Sockets = dict[Visitor, websockets.ClientConnection]


@dataclass
class Day:
    """What went on.

    Attributes
    ----------
    ends : float
        When, on the clock of `time.monotonic`.
    speed : float
        How many times as fast as its minutes tell it goes.
    done : Counter
        How often what was done.
    errors : list of str
        What should not have been.
    """

    ends: float
    speed: float = 1.0
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.ends

    async def rest(self, seconds: float) -> None:
        """Wait for seconds of the day, but not beyond its end."""
        await asyncio.sleep(max(0.0, min(seconds / self.speed, self.ends - time.monotonic())))


@contextlib.asynccontextmanager
async def arrived(server: Server, asked: argparse.Namespace) -> AsyncIterator[Sockets]:
    """A class that has opened the page, one after the other; its visitors with their sockets."""
    async with contextlib.AsyncExitStack() as stack:
        sockets: Sockets = {}
        for visitor in (Visitor(number, asked.T) for number in range(asked.sessions)):
            sockets[visitor] = await stack.enter_async_context(page_socket.opened(server))
            await visitor.open(sockets[visitor])
        yield sockets


async def follow(day: Day, sockets: Sockets, asked: argparse.Namespace) -> None:
    """Let all visitors move their sliders for the minutes asked for."""
    each, pause = round(60.0 * asked.minutes / asked.every), asked.every / asked.speed
    await asyncio.gather(*(one.move(socket, each, pause) for one, socket in sockets.items()))
    day.errors.extend(error for visitor in sockets for error in visitor.errors)


async def heavy_runs(day: Day, server: Server) -> None:
    """A visitor with heavy runs every minute, who closes the tab while one goes on."""
    while day.goes_on:
        with contextlib.suppress(websockets.ConnectionClosed):
            async with heavy_visitor(server, 2000) as heavy:
                await day.rest(25.0)
            day.done["heavy runs"] += 1 + heavy.ended
            day.errors.extend(heavy.errors)
        await day.rest(35.0)


async def knocks(day: Day, server: Server) -> None:
    """Handshakes of foreign pages, which must be refused."""
    for origin in itertools.cycle(_FOREIGN):
        if not day.goes_on:
            return
        try:
            async with page_socket.opened(server, origin):
                day.errors.append(f"{origin} was let in")
        except websockets.InvalidStatus:
            day.done["foreign handshakes refused"] += 1
        await day.rest(2.0)


async def kills(day: Day, server: Server) -> None:
    """The Chromium of the pictures and a process that computes die in turn."""
    for name in itertools.cycle(("chromium", "multiprocessing")):
        await day.rest(45.0)
        if not day.goes_on:
            return
        for process, command in descendants(server.process):
            if name in command and "resource_tracker" not in command:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    day.done["processes killed"] += 1
                break


def take_what_is_left() -> None:
    """Let this process, and those that it starts, work where nobody else wants a core."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def step_back(process: int) -> None:
    """Let what a process has started have the least share of a core, in sessions of its own too.

    Linux may part the cores between sessions before it looks at processes (`man 7 sched`).
    """
    for started, _ in descendants(process):
        if os.getsid(started) != os.getsid(process):
            with contextlib.suppress(OSError):
                Path(f"/proc/{started}/autogroup").write_text("19")


def browse(ends: float, server: Server, folder: Path) -> Counter[str]:
    """One browser that gives weights and takes pictures, until the end; how often it did what."""
    day = Day(ends)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=list(FLAGS))
        step_back(os.getpid())
        try:
            while day.goes_on:
                context = browser.new_context(accept_downloads=True)
                context.set_default_timeout(120_000)
                for what in (_weights, _picture):
                    try:
                        day.done[what(context, server, folder)] += 1
                    except Error as failure:
                        day.done[f"not done: {str(failure).splitlines()[0]}"] += 1
                context.close()
        finally:
            browser.close()
    return day.done


def _weights(context: BrowserContext, server: Server, folder: Path) -> str:
    """A file whose end is missing, and then the whole one."""
    generator = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (512, 16), "weight_hh_l0": (512, 128), "bias_ih_l0": (512,)}
    shapes["bias_hh_l0"] = (512,)
    path, damaged = folder / "mine.safetensors", folder / "damaged.safetensors"
    save_file({name: generator.normal(size=shape) / 12 for name, shape in shapes.items()}, path)
    damaged.write_bytes(path.read_bytes()[:-1000])
    tab = AppPage(context.new_page())
    tab.open(f"{server.address}/model")
    tab.upload("model_file", damaged)
    tab.page.get_by_text("damaged.safetensors").first.wait_for()
    tab.upload("model_file", path)
    tab.page.get_by_role("heading", name="mine.safetensors").wait_for()
    return "weights uploaded"


def _picture(context: BrowserContext, server: Server, folder: Path) -> str:
    """A PNG of the comparison."""
    tab = AppPage(context.new_page())
    tab.open(f"{server.address}/")
    tab.unfold("Downloads")
    tab.download("download_png", folder)
    return "pictures taken"


def _first(server: Server, folder: Path) -> None:
    """One visitor sees what the others will, so that what is imported for it is in memory."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=list(FLAGS))
        context = browser.new_context(accept_downloads=True)
        context.set_default_timeout(120_000)
        _weights(context, server, folder)
        _picture(context, server, folder)
        browser.close()


async def all_at_once(server: Server, asked: argparse.Namespace, folder: Path) -> tuple:
    """The day, the class, and the memory before and after it."""
    await asyncio.to_thread(_first, server, folder)
    await asyncio.sleep(_SETTLES)
    before = all_memory(server.process)
    async with arrived(server, asked) as sockets:
        day = Day(time.monotonic() + 60.0 * asked.minutes / asked.speed, asked.speed)
        with ProcessPoolExecutor(1, get_context("spawn"), take_what_is_left) as beside:
            browsing = asyncio.get_running_loop().run_in_executor(
                beside, browse, day.ends, server, folder
            )
            done, *_ = await asyncio.gather(
                browsing,
                follow(day, sockets, asked),
                heavy_runs(day, server),
                knocks(day, server),
                kills(day, server),
            )
    day.done.update(done)
    await asyncio.sleep(_SETTLES)
    return day, list(sockets), before, all_memory(server.process)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument(
        "--speed", type=float, default=1.0, help="times as fast as the minutes tell"
    )
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--every", type=float, default=10.0, help="seconds from move to move")
    parser.add_argument("--T", type=int, default=200)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory() as folder,
        served("app.py", Path(home)) as server,
    ):
        day, visitors, before, after = asyncio.run(all_at_once(server, asked, Path(folder)))
    moves = 1e3 * np.concatenate([visitor.seconds for visitor in visitors])
    p50, p95 = np.percentile(moves, [50, 95])
    worst = max(1e3 * np.percentile(visitor.seconds, 95) for visitor in visitors)
    text = "\n".join(
        [
            "| minutes | moves | p50, ms | p95 | p95 of the slowest visitor | errors "
            "| memory before, MB | after |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            f"| {asked.minutes:g} | {moves.size} | {p50:.0f} | {p95:.0f} | {worst:.0f} | "
            f"{len(day.errors)} | {before:.0f} | {after:.0f} |",
            "",
            f"{asked.sessions} visitors at T = {asked.T}, who move `w_s` every {asked.every:g} s, "
            f"in a day {asked.speed:g} times as fast. Meanwhile: "
            + ", ".join(f"{what} {number}" for what, number in sorted(day.done.items()))
            + ". Memory is that of the server and of all processes it has started, "
            f"{_SETTLES:g} s after a first visitor has left, and as long after the last. The aim: "
            "no error, nobody's p95 above 100 ms, and memory within 20% of what it was. "
            f"On {machine.name()}, with {machine.load()}.",
        ]
    )
    print(text, *sorted(set(day.errors))[:20], sep="\n")
    report.put("mixed load", text)


if __name__ == "__main__":
    main()
