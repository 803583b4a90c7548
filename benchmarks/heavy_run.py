"""What one visitor's heavy run costs the others: the moves of a crowd without it, and beside it.

    python -m benchmarks.heavy_run --sessions 10 --moves 30

The heavy visitor opens a link to "Your model" with T = 2000, begins the run, and asks for another
as soon as it has ended. The others move `w_s` as in `visitors`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import machine, report
from benchmarks.visitors import Met, crowd, staying
from tests.browser.serving import Server, served

_LINK = "model=recall_learned&sequence=noise&T={T}"


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
        url = server.address.replace("http://", "ws://") + "/_stcore/stream"
        async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
            await self._run(socket)
            pressed = WidgetState(id=self._widgets["Run it"], trigger_value=True)
            await self._run(socket, pressed)
            while True:
                self.T -= 1
                steps = WidgetState(id=self._widgets["m_T"], double_value=self.T)
                await self._run(socket, steps)

    async def _run(self, socket: websockets.ClientConnection, *states: WidgetState) -> None:
        message = BackMsg()
        message.rerun_script.query_string = _LINK.format(T=self.T)
        message.rerun_script.page_name = "model"
        message.rerun_script.widget_states.widgets.extend(states)
        await socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await socket.recv())
            kind = answer.WhichOneof("type")
            if kind == "delta" and answer.delta.HasField("new_element"):
                self._meet(answer.delta.new_element)
            if kind == "script_finished":
                return

    def _meet(self, element: object) -> None:
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


def heavy_visitor(server: Server, T: int) -> AbstractAsyncContextManager[HeavyVisitor]:
    """A heavy visitor for as long as the block lasts, from when its run has begun."""
    return staying(HeavyVisitor(T), server)


async def both(server: Server, asked: argparse.Namespace) -> tuple[Met, Met, HeavyVisitor]:
    """The same crowd without the heavy run, and beside it."""
    given = (server, asked.sessions, asked.moves, asked.pause, asked.T)
    without = await crowd(*given)
    async with heavy_visitor(server, asked.heavy_T) as heavy:
        return without, await crowd(*given), heavy


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--moves", type=int, default=30, help="moves of each visitor")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds from move to move")
    parser.add_argument("--T", type=int, default=200)
    parser.add_argument("--heavy-T", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
        without, beside, heavy = asyncio.run(both(server, asked))
    rows = []
    for name, met in (("no heavy run", without), ("one heavy run", beside)):
        p50, p95 = np.percentile(met.milliseconds("seconds"), [50, 95])
        rows.append(f"| {name} | {p50:.0f} | {p95:.0f} | {len(met.errors)} |")
    ratio = np.divide(*(np.percentile(m.milliseconds("seconds"), 95) for m in (beside, without)))
    text = "\n".join(
        [
            "| beside the crowd | heatmaps: p50, ms | p95 | errors |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            f"Ratio of p95: {ratio:.2f}; the aim is at most 1.5. {asked.sessions} visitors, a move "
            f"every {asked.pause:g} s at T = {asked.T}; the heavy runs are those of a shipped "
            f"model at T = {asked.heavy_T}, {heavy.ended} of which ended meanwhile. On "
            f"{machine.name()}, with {machine.load()}.",
        ]
    )
    print(text, *heavy.errors, sep="\n")
    report.put("heavy run", text)


if __name__ == "__main__":
    main()
