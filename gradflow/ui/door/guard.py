"""`FrontDoor`: the first that sees a request, and the last that sees its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect

from gradflow.ui.component import plotly_js
from gradflow.ui.door.hosts import is_own_host, is_own_origin
from gradflow.ui.door.messages import is_from_page
from gradflow.ui.door.sessions import FullError, Sessions
from gradflow.ui.vendor_internals import bytes_uploaded

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# Seconds between two parts of a request, after which the rest is not waited for.
PATIENCE = 20.0

# What no visitor needs, and is open by default.
_CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")

_UPLOAD = "/_stcore/upload_file/"

# Bytes that a session may have uploaded at a time: two of the largest files and more, since the
# old one is still there while a new one arrives.
QUOTA = 160 << 20

# Streamlit's front end evaluates what it makes itself, and components run from blobs.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

# A page will want what draws charts, and a browser can fetch it before the page can ask for it.
_AHEAD = ((b"link", f"<{plotly_js.address()}>; rel=preload; as=script".encode()),)

_FULL = Path(__file__).with_name("full.html").read_text(encoding="utf-8")


class FrontDoor:
    """Middleware that lets in what belongs to this server, and only as much as it can hold.

    Parameters
    ----------
    app : callable
        The ASGI application behind it.
    hosts, origins : sequence of str
        Names and origins that are allowed beside this machine's own; see `hosts`.
    sessions : Sessions
        The limit on sessions.
    patience : float
        Seconds between two parts of a request, after which it is given up.
    """

    def __init__(
        self,
        app: Application,
        hosts: Sequence[str] = (),
        origins: Sequence[str] = (),
        sessions: Sessions | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._hosts, self._origins = tuple(hosts), tuple(origins)
        self._sessions = Sessions() if sessions is None else sessions
        self._patience = patience
        self._on_their_way: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, send, *refusal)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        """Status and reason where a request is not for this server; else None."""
        headers = scope["headers"]
        hosts, origins = (_values(headers, name) for name in (b"host", b"origin"))
        if len(hosts) != 1 or len(origins) > 1:
            return 400, "A request must have one Host and at most one Origin."
        host, origin = hosts[0], next(iter(origins), None)
        if not is_own_host(host, self._hosts):
            return 421, "The Host of the request is not a name of this server."
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and not is_own_origin(origin, host, self._origins):
            return 403, "The Origin of the request is not this server."
        if any(scope["path"].startswith(path) for path in _CLOSED):
            return 404, "Not found."
        return None

    async def _socket(self, scope: Message, receive: Receive, send: Send) -> None:
        async def let_in() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_from_page(message):
                    return message

        try:
            with self._sessions.entered(_address(scope)):
                await self._app(_without(scope, b"origin"), let_in, send)
        except FullError:
            await _refuse(scope, send, 503, "The server is full.")

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                ahead = _AHEAD if _is_page(scope) else ()
                message = {**message, "headers": [*_with_ours(message.get("headers", ())), *ahead]}
            await send(message)

        async def part() -> Message:
            return await asyncio.wait_for(receive(), self._patience)

        if _is_page(scope) and not self._sessions.has_room(_address(scope)):
            await _respond(answer, 503, _FULL, b"text/html; charset=utf-8")
            return
        if self._exceeds_quota(scope):
            await _respond(answer, 413, "The files of a session must have at most 160 MB in all.")
            return
        takes_body = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        try:
            behind = _without(_uploaded(scope), b"origin")
            with self._arriving(scope):
                await self._app(behind, part if takes_body else receive, answer)
        except TimeoutError:
            if not begun:
                await _respond(answer, 408, "The request did not arrive in time.")
        except ClientDisconnect:  # in the middle of what it sends
            pass

    def _exceeds_quota(self, scope: Message) -> bool:
        """Whether a file would be more than its session may have, with those on their way."""
        session = _uploading(scope)
        if session is None:
            return False
        size = _length(scope)
        return bytes_uploaded(session) + self._on_their_way[session] + size > QUOTA

    @contextlib.contextmanager
    def _arriving(self, scope: Message) -> Iterator[None]:
        session = _uploading(scope)
        if session is None:
            yield
            return
        self._on_their_way[session] += _length(scope)
        try:
            yield
        finally:
            self._on_their_way[session] -= _length(scope)
            if not self._on_their_way[session]:
                del self._on_their_way[session]


def _uploading(scope: Message) -> str | None:
    """The session that a request brings a file to."""
    _, found, rest = scope["path"].partition(_UPLOAD)
    return rest.split("/")[0] if found and scope["method"] == "PUT" else None


def _length(scope: Message) -> int:
    """What a request says of its size; as much as there may be at all if it says nothing."""
    said = "".join(_values(scope["headers"], b"content-length"))
    return int(said) if said.isdecimal() and len(said) < 16 else QUOTA


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _address(scope: Message) -> str:
    """Where a connection comes from; what is told apart is enough to count."""
    return str((scope.get("client") or ("unknown",))[0])


def _is_page(scope: Message) -> bool:
    """Whether a browser asks for the page itself, from which a session will follow."""
    accepted = "".join(_values(scope["headers"], b"accept"))
    return "text/html" in accepted and "/_stcore/" not in scope["path"]


def _uploaded(scope: Message) -> Message:
    """The request of a file without its length.

    Streamlit holds the length of the request, which is a little more than the file's, against the
    limit of the file; without it, it counts the file as it arrives.
    """
    return scope if _uploading(scope) is None else _without(scope, b"content-length")


def _without(scope: Message, name: bytes) -> Message:
    """The request without a header.

    Of an origin that has been checked here Streamlit would ask a server outside whether it is this
    machine's own.
    """
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != name]}


def _with_ours(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in HEADERS}
    return [pair for pair in headers if pair[0].lower() not in ours] + list(HEADERS)


async def _refuse(scope: Message, send: Send, status: int, reason: str) -> None:
    """Answer a request that is not let in, before anything behind the door has seen it."""
    if scope["type"] == "http":
        await _respond(send, status, reason)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": reason})


async def _respond(
    send: Send, status: int, text: str, content_type: bytes = b"text/plain; charset=utf-8"
) -> None:
    body = text.encode()
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    headers = _with_ours(headers)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
