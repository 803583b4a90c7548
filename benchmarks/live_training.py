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

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import machine, report
from benchmarks.visitors import Met, crowd, staying
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
        url = server.address.replace("http://", "ws://") + "/_stcore/stream"
        async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
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
        await socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await socket.recv())
            self._meet(answer)
            if answer.WhichOneof("type") == "script_finished":
                if answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return
                self._fragment = ""  # the whole page follows, with another if the training goes on

    def _meet(self, answer: ForwardMsg) -> None:
        kind = answer.WhichOneof("type")
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
    return staying(TrainingVisitor(), server)


async def measured(server: Server, asked: argparse.Namespace) -> tuple[float, list[Met], list[Met]]:
    """Seconds of a training with nobody beside it, and a crowd without and beside others."""
    async with training_visitor(server) as alone:
        await alone.has_ended.wait()
    given = (server, asked.sessions, asked.moves, asked.pause, asked.T)
    without, beside = [], []
    for _ in range(asked.rounds):  # in turns, so that what slows the machine slows both
        without.append(await crowd(*given))
        async with training_visitor(server):
            beside.append(await crowd(*given))
    return alone.seconds[0], without, beside


def milliseconds(several: list[Met]) -> np.ndarray:
    """What the moves of several crowds took."""
    return np.concatenate([met.milliseconds("seconds") for met in several])


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--moves", type=int, default=30, help="moves of each visitor")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds from move to move")
    parser.add_argument("--T", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2, help="crowds without, and beside")
    asked = parser.parse_args()
    busy, (direct, processor) = machine.load(), direct_seconds()
    with tempfile.TemporaryDirectory() as home, served("app.py", Path(home)) as server:
        page, without, beside = asyncio.run(measured(server, asked))
    rows = []
    for name, several in (("no training", without), ("one training", beside)):
        p50, p95 = np.percentile(milliseconds(several), [50, 95])
        errors = sum(len(met.errors) for met in several)
        rows.append(f"| {name} | {p50:.0f} | {p95:.0f} | {errors} |")
    ratio = np.divide(*(np.percentile(milliseconds(each), 95) for each in (beside, without)))
    text = "\n".join(
        [
            f"A training with the page's settings takes {processor:.1f} s of one core; here by "
            f"itself {direct:.1f} s, and {page:.1f} s from the button to the page that shows all "
            f"of it, with {busy}. The aim is at most {AIM:g} s on two cores that are free.",
            "",
            "| beside the crowd | heatmaps: p50, ms | p95 | errors |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            f"Ratio of p95: {ratio:.2f}; the aim is at most 1.5. {asked.sessions} visitors, a move "
            f"every {asked.pause:g} s at T = {asked.T}, {asked.rounds} times without and beside in "
            f"turns. On {machine.name()}, with {machine.load()}.",
        ]
    )
    print(text)
    report.put("live training", text)


if __name__ == "__main__":
    main()
