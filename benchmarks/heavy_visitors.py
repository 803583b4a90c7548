"""Visitors who ask much of a server: runs of "Your model", and sliders that never rest."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import page_socket
from benchmarks.page_visitor import Visitor
from benchmarks.side_load import staying
from tests.browser.serving import Server

_LINK = "model=recall_learned&sequence=noise&T={T}"

# Seconds that a hand moves a slider to and fro before it lets go.
_DRAG = 5.0


class HeavyVisitor:
    """One session on "Your model" whose runs follow each other.

    Attributes
    ----------
    ended : int
        Runs that have drawn their charts.
    errors : list of str
        Exceptions and sentences in red.
    """

    def __init__(self, T: int) -> None:
        self.T, self.ended = T, 0
        self.errors: list[str] = []
        self.busy = asyncio.Event()
        self._widgets: dict[str, str] = {}

    async def stay(self, server: Server) -> None:
        """Run for as long as nobody ends this task."""
        async with page_socket.opened(server) as socket:
            await self.first_run(socket)
            while True:
                self.T -= 1
                steps = WidgetState(id=self._widgets["m_T"], double_value=self.T)
                await self._run(socket, steps)

    async def first_run(self, socket: websockets.ClientConnection) -> None:
        """Open the link, say that the run may begin where it asks, and wait for its end."""
        await self._run(socket)
        if not self.ended:
            await self._run(socket, WidgetState(id=self._widgets["Run it"], trigger_value=True))

    async def _run(self, socket: websockets.ClientConnection, *states: WidgetState) -> None:
        message = BackMsg()
        message.rerun_script.query_string = _LINK.format(T=self.T)
        message.rerun_script.page_name = "model"
        message.rerun_script.widget_states.widgets.extend(states)
        await page_socket.run(socket, message, self._meet)

    def _meet(self, answer: ForwardMsg) -> None:
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            self._widgets[element.button.label] = element.button.id
        if kind == "number_input" and element.number_input.id.endswith("-m_T"):
            self._widgets["m_T"] = element.number_input.id
        if kind == "progress":
            self.busy.set()
        if kind == "plotly_chart":
            self.ended += "model_units" in element.plotly_chart.id
        if kind == "exception":
            self.errors.append(element.exception.message)


class QuickMovers:
    """Several sessions on Compare that drag `w_s` to and fro, one drag after the other.

    Attributes
    ----------
    pictures : int
        Charts that they were sent on the way.
    """

    def __init__(self, count: int, T: int) -> None:
        self.busy = asyncio.Event()
        self.pictures = 0
        self._visitors = [Visitor(number, T) for number in range(count)]

    @property
    def errors(self) -> list[str]:
        return [error for visitor in self._visitors for error in visitor.errors]

    async def stay(self, server: Server) -> None:
        """Move for as long as nobody ends this task."""
        async with contextlib.AsyncExitStack() as stack:
            sockets = []
            for visitor in self._visitors:
                sockets.append(await stack.enter_async_context(page_socket.opened(server)))
                await visitor.open(sockets[-1])
            self.busy.set()
            await asyncio.gather(*map(self._move, self._visitors, sockets))

    async def _move(self, visitor: Visitor, socket: websockets.ClientConnection) -> None:
        while True:
            self.pictures += await visitor.drag(socket, _DRAG)


def heavy_visitor(server: Server, T: int) -> AbstractAsyncContextManager[HeavyVisitor]:
    """A heavy visitor for as long as the block lasts, from when its run has begun."""
    return staying(HeavyVisitor(T), server)


def quick_movers(server: Server, count: int, T: int) -> AbstractAsyncContextManager[QuickMovers]:
    """Such visitors for as long as the block lasts, from when all have the page."""
    return staying(QuickMovers(count, T), server)
