"""plotly.js as a file of this package, and the route that serves it.

It is its makers' bundle of the charts with two axes, under the MIT licence, which npm has as
`plotly.js-cartesian-dist-min`. The plotly package brings the bundle of all charts, which is three
times as large and takes a browser three times as long to start.
"""

from __future__ import annotations

import functools
import gzip
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gradflow.ui.served_paths import below_base

FILE = Path(__file__).with_name("plotly-cartesian.min.js")

# What is at an address, which has the version, never changes.
_HEADERS = {"content-encoding": "gzip", "cache-control": "public, max-age=31536000, immutable"}


@functools.cache
def address() -> str:
    """Where the page finds plotly.js, counted from its base."""
    return f"{FILE.name}?v={version()}"


def version() -> str:
    """The version that the head of the file tells."""
    with FILE.open(encoding="utf-8") as file:
        [found] = re.findall(r"^\* plotly\.js .* v([\d.]+)$", file.read(200), re.MULTILINE)
    return str(found)


def route_of_plotly_js() -> Route:
    """The route of the file."""
    return Route(below_base(FILE.name), _answer)


async def _answer(_: Request) -> Response:
    return Response(_compressed(), headers=_HEADERS, media_type="text/javascript")


@functools.cache
def _compressed() -> bytes:
    """Compressed once: for each visitor it would take as long as the charts do."""
    return gzip.compress(FILE.read_bytes())
