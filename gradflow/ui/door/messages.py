"""Which messages on a websocket a page of this server sends; all others are not let in.

A browser sends none of the others. One of them makes Streamlit clear the caches of all visitors,
and bytes that are no message make it log a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg

_KINDS = (
    "rerun_script",
    "stop_script",
    "app_heartbeat",
    "file_urls_request",
    "backend_operation_request",
)

# Widgets that one message tells of, and files that one asks places for; a page has some dozens.
MOST_TOLD = 1000


def is_from_page(message: Mapping[str, Any]) -> bool:
    """Whether a message may come from a page: of a kind that pages send, and of their size.

    Parameters
    ----------
    message : mapping
        As ASGI has those that a websocket receives.
    """
    held = BackMsg()
    try:
        held.ParseFromString(message.get("bytes") or b"")
    except Exception:  # of protobuf, which comes with Streamlit
        return False
    told = len(held.rerun_script.widget_states.widgets) + len(held.file_urls_request.file_names)
    return held.WhichOneof("type") in _KINDS and told <= MOST_TOLD
