"""Which messages on a websocket are let in."""

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from gradflow.ui.door.guard import FrontDoor
from gradflow.ui.door.messages import MOST_TOLD

RERUN = BackMsg()
RERUN.rerun_script.query_string = "T=5"
RERUN.rerun_script.widget_states.widgets.add(id="w_s").double_array_value.data.append(0.5)


def files(count):
    message = BackMsg()
    message.file_urls_request.file_names.extend(["a.npz"] * count)
    return message


def widgets(count):
    message = BackMsg()
    for number in range(count):
        message.rerun_script.widget_states.widgets.add(id=str(number))
    return message


def let_in(*messages):
    """Those of some messages that an application behind the door receives."""
    arriving, met = [*messages, {"type": "websocket.disconnect"}], []

    async def behind(scope, receive, send):
        while (message := await receive())["type"] != "websocket.disconnect":
            met.append(message)

    async def receive():
        return arriving.pop(0)

    async def send(message):
        raise AssertionError(message)

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(FrontDoor(behind)(scope, receive, send))
    return met


def arrived(data):
    return {"type": "websocket.receive", "bytes": data}


@pytest.mark.parametrize(
    "message",
    [
        RERUN,
        BackMsg(stop_script=True),
        BackMsg(app_heartbeat=True),
        files(MOST_TOLD),
        widgets(MOST_TOLD),
    ],
)
def test_what_pages_send_is_let_in(message):
    sent = arrived(message.SerializeToString())
    assert let_in(sent) == [sent]


@pytest.mark.parametrize(
    "message",
    [
        arrived(b""),
        arrived(b"no message"),
        arrived(RERUN.SerializeToString()[:-1]),
        {"type": "websocket.receive", "text": "text"},
        {"type": "websocket.receive", "bytes": None, "text": "text"},
        arrived(BackMsg(clear_cache=True).SerializeToString()),
        arrived(BackMsg(load_git_info=True).SerializeToString()),
        arrived(BackMsg(debug_shutdown_runtime=True).SerializeToString()),
        arrived(files(MOST_TOLD + 1).SerializeToString()),
        arrived(widgets(MOST_TOLD + 1).SerializeToString()),
    ],
)
def test_what_pages_do_not_send_is_left_out_and_the_next_message_arrives(message):
    sent = arrived(RERUN.SerializeToString())
    assert let_in(message, sent) == [sent]
