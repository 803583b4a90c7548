"""The front door of the server: who is let in, how many at a time, and what every answer says.

It stands in front of Streamlit as ASGI middleware, and asks nothing outside, whatever arrives.
"""

from starlette.middleware import Middleware
from streamlit import config

from gradflow.ui.door.guard import FrontDoor
from gradflow.ui.door.server_life import upkeep
from gradflow.ui.door.sessions import Sessions

__all__ = ["Sessions", "front_door", "upkeep"]


def front_door(sessions: Sessions) -> Middleware:
    """The middleware for a Streamlit `App`, with the names and origins that its settings allow."""
    return Middleware(
        FrontDoor,
        hosts=config.get_option("server.allowedHosts"),
        origins=config.get_option("server.corsAllowedOrigins"),
        sessions=sessions,
    )
