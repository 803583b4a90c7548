"""The websocket of a session, as a browser opens it, and the runs of its page."""

from __future__ import annotations

from collections.abc import Callable

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.serving import Server


def opened(server: Server, origin: str | None = None) -> websockets.connect:
    """The connection, to be awaited or entered; `origin` is the page that it comes from."""
    url = server.address.replace("http://", "ws://") + "/_stcore/stream"
    return websockets.connect(url, origin=origin, subprotocols=["streamlit"], max_size=None)


async def run(
    socket: websockets.ClientConnection, message: BackMsg, meet: Callable[[ForwardMsg], None]
) -> None:
    """Send a message, and meet what is answered until a run that no other has ended is over."""
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(await socket.recv())
        meet(answer)
        early = answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if answer.WhichOneof("type") == "script_finished" and not early:
            return
