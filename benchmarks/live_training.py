"""The default training of the page "Learning": how long it takes, and what it costs the others.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.live_training --sessions 10 --moves 30

A visitor trains both networks with the settings as the page has them, through the page's own
worker, and looks at it as a browser does. Beside a crowd whose visitors move `w_s`, one training
follows the other.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import machine, page_socket, report, side_load
from gradflow.ui.learning.live_run import LiveRun, next_checkpoints
from gradflow.ui.learning.settings import LearningSettings
from tests.browser.serving import Server, served

AIM = 20.0  # seconds
BUTTON = "Train both networks"


def direct_seconds() -> tuple[float, float]:
    """The same training without a page: how long it takes, and how long on the processor."""
    live = LiveRun.begun(LearningSettings().training())
    every = tuple(live.settings.values())
    start, processor = time.perf_counter(), time.process_time()
    while not live.is_done:
        live = live.with_next(next_checkpoints(every, live.ends, lambda _: None))
    return time.perf_counter() - start, time.process_time() - processor


class TrainingVisitor:
    """One session on "Learning" that trains again and again.

    Attributes
    ----------
    seconds : list of float
        From the button to the page that has all of the run.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.busy, self.has_ended = asyncio.Event(), asyncio.Event()
        self._button = self._fragment = ""
        self._interval = 0.0

    async def stay(self, server: Server) -> None:
        """Train for as long as nobody ends this task."""
        async with page_socket.opened(server) as socket:
            await self._run(socket)
            while True:
                start = time.perf_counter()
                await self._run(socket, WidgetState(id=self._button, trigger_value=True))
                while self._fragment:
                    self.busy.set()
                    await asyncio.sleep(self._interval)
                    await self._run(socket, fragment=self._fragment)
                self.seconds.append(time.perf_counter() - start)
                self.has_ended.set()

    async def _run(
        self, socket: websockets.ClientConnection, *states: WidgetState, fragment: str = ""
    ) -> None:
        message = BackMsg()
        message.rerun_script.page_name = "learning"
        message.rerun_script.fragment_id = self._fragment = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        message.rerun_script.widget_states.widgets.extend(states)
        await page_socket.run(socket, message, self._meet)

    def _meet(self, answer: ForwardMsg) -> None:
        kind = answer.WhichOneof("type")
        if answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._fragment = ""  # the whole page follows, with another if the training goes on
        if kind == "auto_rerun":
            self._fragment = answer.auto_rerun.fragment_id
            self._interval = answer.auto_rerun.interval
        if kind == "delta":
            element = answer.delta.new_element
            if element.button.label == BUTTON:
                self._button = element.button.id
            if element.WhichOneof("type") == "exception":
                raise RuntimeError(element.exception.message)


def training_visitor(server: Server) -> AbstractAsyncContextManager[TrainingVisitor]:
    """Such a visitor for as long as the block lasts, from when its training has begun."""
    return side_load.staying(TrainingVisitor(), server)


async def measured(server: Server, asked: argparse.Namespace) -> tuple[float, side_load.Pairs]:
    """Seconds of a training with nobody beside it, and a crowd without and beside others."""
    async with training_visitor(server) as alone:
        await alone.has_ended.wait()
    return alone.seconds[0], await side_load.in_turns(
        server, {"one training": training_visitor}, asked
    )


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    side_load.add_options(parser, rounds=2)
    asked = parser.parse_args()
    busy, (direct, processor) = machine.load(), direct_seconds()
    with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
        page, pairs = asyncio.run(measured(server, asked))
    text = "\n\n".join(
        [
            f"A training with the page's settings takes {processor:.1f} s of one core; here by "
            f"itself {direct:.1f} s, and {page:.1f} s from the button to the page that shows all "
            f"of it, with {busy}. The aim is at most {AIM:g} s on two cores that are free.",
            side_load.table(pairs),
            f"The aim is a ratio of at most {side_load.AIM:g}. {side_load.told(asked)} On "
            f"{machine.name()}, with {machine.load()}.",
        ]
    )
    print(text)
    report.put("live training", text)


if __name__ == "__main__":
    main()
