"""What the front door lets in, and what its answers say."""

import asyncio

import pytest

from gradflow.ui.component import plotly_js
from gradflow.ui.door import guard
from gradflow.ui.door.guard import HEADERS, FrontDoor
from gradflow.ui.door.sessions import Sessions

HOST = (b"host", b"localhost:8501")


def scope(kind="http", path="/", method="GET", headers=(HOST,), client=("10.0.0.1", 5000)):
    made = {"type": kind, "path": path, "headers": list(headers), "client": client}
    return {**made, "method": method} if kind == "http" else made


async def behind(scope, receive, send):
    """An application that reads a request to its end and answers 200, or accepts a socket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
        return
    if scope["method"] == "PUT":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


async def nothing():
    await asyncio.Event().wait()


def answered(door, request, receive=nothing):
    """The messages that a request is answered with."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(asyncio.wait_for(door(request, receive, send), 10))
    return sent


def status(door, request, receive=nothing):
    return answered(door, request, receive)[0]["status"]


def test_a_visitor_is_let_in():
    assert status(FrontDoor(behind), scope()) == 200


def test_every_answer_has_the_headers():
    for request in (scope(), scope(headers=[(b"host", b"evil.example")])):
        assert set(HEADERS) <= set(answered(FrontDoor(behind), request)[0]["headers"])


def test_a_page_names_ahead_what_will_draw_its_charts():
    def links(accepted):
        request = scope(headers=[HOST, (b"accept", accepted)])
        return dict(answered(FrontDoor(behind), request)[0]["headers"]).get(b"link", b"").decode()

    assert links(b"text/html,*/*") == f"<{plotly_js.address()}>; rel=preload; as=script"
    assert links(b"*/*") == ""


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ([], 400),
        ([HOST, HOST], 400),
        ([HOST, (b"origin", b"a"), (b"origin", b"b")], 400),
        ([(b"host", b"evil.example")], 421),
    ],
)
def test_a_request_for_another_server_is_refused(headers, refused):
    assert status(FrontDoor(behind), scope(headers=headers)) == refused


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_what_no_visitor_needs_is_closed(path):
    assert status(FrontDoor(behind), scope(path=path)) == 404


@pytest.mark.parametrize("origin", [b"http://evil.example", b"http://localhost:9999", b"null"])
def test_a_foreign_page_opens_no_socket_and_changes_nothing(origin):
    headers = [HOST, (b"origin", origin)]
    [message] = answered(FrontDoor(behind), scope("websocket", "/_stcore/stream", headers=headers))
    assert message["type"] == "websocket.close"
    assert status(FrontDoor(behind), scope(method="PUT", headers=headers)) == 403
    assert status(FrontDoor(behind), scope(headers=headers)) == 200


def held(door, client):
    """A socket that stays open, and the task that holds it."""
    opened = asyncio.Event()

    async def send(message):
        assert message["type"] == "websocket.accept"
        opened.set()

    request = scope("websocket", "/_stcore/stream", client=(client, 1))
    return opened, asyncio.create_task(door(request, nothing, send))


@pytest.mark.parametrize(
    ("clients", "next_one"),
    [(["a", "b", "c"], "d"), (["a", "a"], "a")],
    ids=["in all", "from one address"],
)
def test_a_full_server_says_so_and_has_room_again_when_one_leaves(clients, next_one):
    door = FrontDoor(behind, sessions=Sessions(in_all=3, per_address=2))
    page = scope(headers=[HOST, (b"accept", b"text/html")], client=(next_one, 1))

    async def crowd():
        tasks = []
        for client in clients:
            opened, task = held(door, client)
            await opened.wait()
            tasks.append(task)
        full = []

        async def send(message):
            full.append(message)

        await door(scope("websocket", client=(next_one, 1)), nothing, send)
        await door(page, nothing, send)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await door(page, nothing, send)
        return full

    refused, start, body, again, _ = asyncio.run(crowd())
    assert refused["type"] == "websocket.close"
    assert start["status"] == 503
    assert b"gradflow is full" in body["body"]
    assert again["status"] == 200


def test_a_request_that_stops_half_way_is_given_up():
    parts = iter([{"type": "http.request", "body": b"a", "more_body": True}])

    async def receive():
        for part in parts:
            return part
        await nothing()

    assert status(FrontDoor(behind, patience=0.05), scope(method="PUT"), receive) == 408


def test_the_length_of_an_upload_is_counted_and_not_believed():
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope["headers"]))
        await behind(scope, receive, send)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [HOST, (b"content-length", b"67108864")]
    path = "/_stcore/upload_file/session/file"
    assert status(FrontDoor(app), scope(path=path, method="PUT", headers=headers), receive) == 200
    assert b"content-length" not in seen[0]


def test_a_session_has_a_quota_for_what_it_uploads(monkeypatch):
    def put(size):
        length = [] if size is None else [(b"content-length", str(size).encode())]
        return scope(path="/_stcore/upload_file/one/file", method="PUT", headers=[HOST, *length])

    async def whole():
        return {"type": "http.request", "body": b"", "more_body": False}

    held = {"one": guard.QUOTA - 100}
    monkeypatch.setattr(guard, "bytes_uploaded", held.__getitem__)
    door = FrontDoor(behind)
    assert status(door, put(100), whole) == 200
    for size in (101, None):
        answer = answered(door, put(size), whole)
        assert answer[0]["status"] == 413
        assert b"at most 160 MB in all" in answer[1]["body"]
    held["one"] = 0
    assert status(door, put(guard.QUOTA), whole) == 200
