"""What a route of the page answers."""

import asyncio
from urllib.parse import urlencode

from starlette.applications import Starlette


def answered(route, path, method="GET", **query):
    """Status, headers and body of an answer."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": urlencode(query).encode(),
        "headers": [],
    }
    asyncio.run(Starlette(routes=[route])(scope, receive, send))
    start, *parts = sent
    body = b"".join(part.get("body", b"") for part in parts)
    return start["status"], dict(start["headers"]), body
