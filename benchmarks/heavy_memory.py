"""Memory that heavy visitors take, and what of it the server still holds when they have gone.

    python -m benchmarks.heavy_memory

Five tabs of "Your model" at T = 2000, all of which end their run; and six visitors of Compare who
ask for the page of charts at T = 2000 at once. Either meets a server of its own, whose first
visitor has done the same at a small T and left, so that what is imported for it is in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import machine, page_socket, report
from benchmarks.heavy_visitors import HeavyVisitor
from benchmarks.page_visitor import tell_painted
from benchmarks.processes import all_memory, peak_of
from tests.browser.serving import Server, served

_SETTLES = 75.0  # seconds after which what the visitors held has to be free
_FIRST_T = 20


class Held(NamedTuple):
    """Memory of a server and of all processes that it has started, in MB."""

    before: float
    most: float
    after: float


class Downloader:
    """One session on Compare that takes the page of charts.

    Attributes
    ----------
    size : int
        Bytes of the file.
    """

    def __init__(self, T: int) -> None:
        self._link = f"T={T}"
        self._session = self._section = self._file = ""
        self._charts = b""
        self.size = 0

    async def open(self, socket: websockets.ClientConnection) -> None:
        """Open the page, and on it the section of the downloads."""
        await self._run(socket)
        await tell_painted(socket, self._charts)
        await self._run(socket, WidgetState(id=self._section, bool_value=True))

    async def download(self, socket: websockets.ClientConnection, server: Server) -> None:
        """Press the button, wait until the file is made, and take it."""
        message = BackMsg()
        asked = message.backend_operation_request
        asked.request_id, asked.session_id = "download", self._session
        asked.deferred_file.file_id = self._file
        await socket.send(message.SerializeToString())
        answer = ForwardMsg()
        while answer.WhichOneof("type") != "backend_operation_response":
            answer = ForwardMsg.FromString(await socket.recv())
        made = answer.backend_operation_response
        if made.error_msg:
            raise RuntimeError(made.error_msg)
        self.size = await asyncio.to_thread(_taken, server.address + made.deferred_file.url)

    async def _run(self, socket: websockets.ClientConnection, *states: WidgetState) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self._link
        message.rerun_script.widget_states.widgets.extend(states)
        await page_socket.run(socket, message, self._meet)

    def _meet(self, answer: ForwardMsg) -> None:
        if answer.WhichOneof("type") == "new_session":
            self._session = answer.new_session.initialize.session_id
        section = answer.delta.add_block.expandable.id
        if section.endswith("open_downloads"):
            self._section = section
        element = answer.delta.new_element
        if element.bidi_component.component_name == "gradflow_heatmaps":
            self._charts = element.bidi_component.bytes
        if element.download_button.id.endswith("download_html"):
            self._file = element.download_button.deferred_file_id
        if element.WhichOneof("type") == "exception":
            raise RuntimeError(element.exception.message)


def _taken(address: str) -> int:
    with urlopen(address) as answer:
        return len(answer.read())


async def heavy_tabs(server: Server, count: int, T: int) -> str:
    """Tabs of "Your model", closed when the runs of all have ended."""
    visitors = [HeavyVisitor(T) for _ in range(count)]
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(page_socket.opened(server)) for _ in visitors]
        await asyncio.gather(*map(HeavyVisitor.first_run, visitors, sockets))
    errors = [error for visitor in visitors for error in visitor.errors]
    if errors or any(visitor.ended != 1 for visitor in visitors):
        raise RuntimeError(f"all runs must end. Got {errors}.")
    return f"{count} tabs of Your model at T = {T}, each after its run"


async def html_downloads(server: Server, count: int, T: int) -> str:
    """Visitors of Compare who all ask for the page of charts at once."""
    visitors = [Downloader(T) for _ in range(count)]
    async with contextlib.AsyncExitStack() as stack:
        sockets = []
        for visitor in visitors:
            sockets.append(await stack.enter_async_context(page_socket.opened(server)))
            await visitor.open(sockets[-1])
        await asyncio.gather(
            *(one.download(s, server) for one, s in zip(visitors, sockets, strict=True))
        )
    return f"{count} HTML downloads at T = {T} at once, of {visitors[0].size / 1e6:.1f} MB each"


Visit = Callable[[Server, int, int], Awaitable[str]]


async def held(server: Server, visit: Visit, count: int, T: int) -> tuple[str, Held]:
    """What was visited, and the memory before it, at most, and when all had gone."""
    await visit(server, 1, _FIRST_T)
    await asyncio.sleep(_SETTLES)
    before = all_memory(server.process)
    async with peak_of(server.process) as peak:
        name = await visit(server, count, T)
    await asyncio.sleep(_SETTLES)
    return name, Held(before, peak.megabytes, all_memory(server.process))


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tabs", type=int, default=5)
    parser.add_argument("--downloads", type=int, default=6)
    parser.add_argument("--T", type=int, default=2000)
    asked = parser.parse_args()
    rows = []
    for visit, count in ((heavy_tabs, asked.tabs), (html_downloads, asked.downloads)):
        with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
            name, found = asyncio.run(held(server, visit, count, asked.T))
        rows.append(
            f"| {name} | {found.before:.0f} | {found.most:.0f} | {found.after:.0f} | "
            f"{found.after / found.before:.2f} |"
        )
        print(rows[-1], flush=True)
    text = "\n".join(
        [
            "| visitors | before, MB | at most | after | after to before |",
            "| --- | ---: | ---: | ---: | ---: |",
            *rows,
            "",
            "Memory of the server and of all processes it has started: "
            f"{_SETTLES:g} s after a first visitor has left, at most while the others are there, "
            f"and {_SETTLES:g} s after the last has left. The aim: within 20% of what it was. On "
            f"{machine.name()}, with {machine.load()}.",
        ]
    )
    report.put("heavy memory", text)


if __name__ == "__main__":
    main()
