"""A visitor of the page Compare: a websocket session that asks what a browser asks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import numpy as np
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

# A visitor's own value of b_f marks its session: what comes back must hold it.
_MARKS = np.linspace(0.0, 5.0, 501)
_MOVES = np.round(np.linspace(0.5, 1.0, 51), 2)

# Seconds that a browser waits for the next key before it sends a value.
_AT_REST = 0.25

# Threads that wait for answers. asyncio's own are six on two cores, and a crowd has more questions.
_ASKING = ThreadPoolExecutor(64, "visitors")

# What the state of a widget is called, by the widget's kind.
_HOLDS = {"slider": "double_array_value", "number_input": "double_value", "checkbox": "bool_value"}


@dataclass(eq=False)
class Visitor:
    """One session.

    Attributes
    ----------
    number : int
        Which visitor; sets the value of b_f that marks the session.
    T : int
        Sequence length.
    seconds : list of float
        What each move took, until the heatmaps were there.
    whole : list of float
        What each took from when its value was sent until the run had ended.
    errors : list of str
        Exceptions the page showed, and answers that were another visitor's.
    """

    number: int
    T: int
    seconds: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    messages: int = 0
    size: int = 0
    _widgets: dict[str, WidgetState] = field(default_factory=dict)
    _slider: str = ""
    _fragment: str = ""
    _address: str = ""
    _charts: float = 0.0
    _first_charts: bytes = b""
    _painted: bool = False

    @property
    def query(self) -> str:
        """What the visitor's link holds."""
        mark = f"{_MARKS[self.number % len(_MARKS)]:g}"
        return urlencode({"v": 2, "w_s": 0.9, "T": self.T, "b_f": mark})

    async def open(self, socket: websockets.ClientConnection) -> None:
        """Open the page."""
        await self._run(socket, None)

    async def move(self, socket: websockets.ClientConnection, moves: int, pause: float) -> None:
        """Move the slider, once every `pause` seconds."""
        await asyncio.sleep(pause * (self.number % 40) / 40)  # not all in the same instant
        for n in range(moves):
            started = time.perf_counter()
            w_s = float(_MOVES[(n + self.number) % len(_MOVES)])
            there = await self._look_ahead(socket, w_s)
            await asyncio.sleep(min(_AT_REST, pause))
            sent = time.perf_counter()
            await self._run(socket, w_s)
            self.seconds.append(there or self._charts - sent)
            self.whole.append(time.perf_counter() - sent)
            self._check(w_s)
            await asyncio.sleep(max(0.0, started + pause - time.perf_counter()))

    async def drag(self, socket: websockets.ClientConnection, seconds: float) -> int:
        """Move the slider without a rest, and let go of it; how many charts came on the way."""
        end, charts = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            w_s = float(_MOVES[(self.number + charts) % len(_MOVES)])
            charts += await self._look_ahead(socket, w_s) is not None
        await asyncio.sleep(_AT_REST)
        await self._run(socket, w_s)
        return charts

    async def _look_ahead(self, socket: websockets.ClientConnection, w_s: float) -> float | None:
        """Seconds until the charts of a value are there; None of a server without the route."""
        started = time.perf_counter()
        address = _preview_address(socket, self._first_charts)
        try:
            charts = await _asked(f"{address}?name=w_s&value={w_s:g}")
        except HTTPError as failure:
            self.errors.append(f"visitor {self.number} was answered with {failure}")
            return None
        taken = time.perf_counter() - started
        if not charts:
            return None
        values = _values(charts)
        if (values["w_s"], values["b_f"]) != (w_s, _numbers(self.query)["b_f"]):
            self.errors.append(f"visitor {self.number} was shown charts of {values}")
        return taken

    async def _run(self, socket: websockets.ClientConnection, w_s: float | None) -> None:
        """Ask for a run and take it in; the first charts are told to be painted, as browsers do."""
        message = BackMsg()
        message.rerun_script.query_string = self._address or self.query
        if w_s is not None:
            self._widgets[self._slider].double_array_value.data[:] = [w_s]
            message.rerun_script.fragment_id = self._fragment
        # A browser sends what all widgets hold, and not only what was moved.
        message.rerun_script.widget_states.widgets.extend(self._widgets.values())
        await socket.send(message.SerializeToString())
        self.messages = self.size = 0
        ended = False
        while not ended:
            answer = await socket.recv()
            self.messages += 1
            self.size += len(answer)
            ended = self._ends(ForwardMsg.FromString(answer))
            if self._first_charts and not self._painted:
                self._painted = True
                await tell_painted(socket, self._first_charts)

    def _ends(self, message: ForwardMsg) -> bool:
        kind = message.WhichOneof("type")
        if kind == "page_info_changed":
            self._address = message.page_info_changed.query_string
        if kind == "delta" and message.delta.HasField("new_element"):
            self._meet(message.delta)
        return kind == "script_finished"

    def _meet(self, delta: Delta) -> None:
        """Note a widget with what it holds, and an exception that is shown."""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if element.bidi_component.component_name == "gradflow_heatmaps":
            self._charts = time.perf_counter()
            self._first_charts = self._first_charts or element.bidi_component.bytes
        if kind in _HOLDS:
            widget = getattr(element, kind)
            # A widget keeps what it holds unless the page sets it.
            if widget.set_value or widget.id not in self._widgets:
                held = widget.value if widget.set_value else widget.default
                state = WidgetState(id=widget.id)
                if kind == "slider":
                    state.double_array_value.data.extend(held)
                else:
                    setattr(state, _HOLDS[kind], held)
                self._widgets[widget.id] = state
            if widget.id.endswith("-w_s"):
                self._slider, self._fragment = widget.id, delta.fragment_id
        if kind == "exception":
            self.errors.append(element.exception.message)

    @property
    def held(self) -> dict[str, float]:
        """The settings in the address bar."""
        return _numbers(self._address)

    def _check(self, w_s: float) -> None:
        """Note an answer that is not to this visitor's move."""
        asked = _numbers(self.query)
        if self.held != {**asked, "w_s": w_s}:
            self.errors.append(f"visitor {self.number} was answered with {self._address}")


async def tell_painted(socket: websockets.ClientConnection, charts: bytes) -> None:
    """Tell the server that these charts are on the screen: it sends the rest of the page then."""
    request = Request(_preview_address(socket, charts), method="POST")
    with contextlib.suppress(HTTPError):  # of a server without the route
        await _asked(request)


def _preview_address(socket: websockets.ClientConnection, charts: bytes) -> str:
    """Where the session of some charts is asked for others."""
    found = re.search(rb"preview/[\w-]+", charts)
    if found is None:
        raise ValueError("charts must tell where their session is asked for others.")
    host, port = socket.remote_address[:2]
    return f"http://{host}:{port}/{found[0].decode()}"


async def _asked(request: str | Request) -> bytes:
    """The same as `_fetched`, and no visitor waits for another's answer before it has asked."""
    return await asyncio.get_running_loop().run_in_executor(_ASKING, _fetched, request)


def _fetched(request: str | Request) -> bytes:
    """The charts of an answer; none of a server without the route, which sends its page instead."""
    with urlopen(request) as answer:
        body: bytes = answer.read()
        return b"" if answer.headers.get_content_type() == "text/html" else body


def _values(charts: bytes) -> dict[str, float]:
    """What the sliders held that some charts are of; the message is packed as by packing.py."""
    length = int.from_bytes(charts[:8], "little")
    values: dict[str, float] = json.loads(charts[8 : 8 + length])["moving"]["values"]
    return values


def _numbers(query: str) -> dict[str, float]:
    return {name: float(values[-1]) for name, values in parse_qs(query).items()}
