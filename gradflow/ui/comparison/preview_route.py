"""The route on which a browser asks for the charts while a slider is moved.

A run of the page would make Streamlit draw all of its elements anew, some ten times as long as the
charts take. Nothing changes here: the slider sends its value to the page when it is let go.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gradflow.ui import server
from gradflow.ui.comparison import previews
from gradflow.ui.comparison.previews import Previewed
from gradflow.ui.served_paths import below_base
from gradflow.ui.shared.settings import Settings

# Seconds that the last answer is kept, for the run of the page that may follow.
_KEPT = 1.0

# Threads for the hands of many sessions, as all but one wait: those of asyncio are few.
_HANDS = ThreadPoolExecutor(200, "hands")

# The bytes do not get smaller, and each would be tried again in the next picture.
_AS_IT_IS = {"content-encoding": "identity", "cache-control": "no-store"}


def route_of_previews() -> Route:
    """The route, below the path under which the page is served."""
    return Route(below_base(f"{previews.PATH}{{token}}"), _answer, methods=["GET", "POST"])


async def _answer(request: Request) -> Response:
    """The message of the charts with another value of one slider; one at a time for a session.

    What a browser posts is that it has painted the charts.
    """
    held = previews.found(request.path_params["token"])
    if held is None:
        return Response(status_code=404)
    if request.method == "POST":
        held.painted.set()
        return Response(status_code=204)
    if held.busy:
        return Response(status_code=429)
    held.busy = True
    try:
        query = request.query_params
        moved = held.moved(query.get("name", ""), query.get("value", ""))
        message = await asyncio.get_running_loop().run_in_executor(_HANDS, _message, held, moved)
        asyncio.get_running_loop().call_later(_KEPT, held.forget, held.made)
    except ValueError:  # what the page itself says when the slider is let go
        return Response(status_code=422)
    finally:
        held.busy = False
    return Response(message, headers=_AS_IT_IS, media_type="application/octet-stream")


def _message(held: Previewed, moved: Settings) -> bytes | None:
    # Imported with the page, for which nobody waits before a browser asks for it.
    from gradflow.ui.comparison.chart_contents import charts

    with server.runs.hand_turn(held.steps(moved)):
        held.made = None  # or there would be room for two to find
        made = held.made = charts(moved, held.own, held.address)
        return made.message
