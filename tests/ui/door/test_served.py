"""The front door of a server that runs."""

import asyncio
import contextlib
import resource
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websockets
from browser.serving import served

SITE = """
import sys

def told(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        with open({log!r}, "a") as file:
            print(event, arguments, file=file)

sys.addaudithook(told)
"""

FOREIGN = (
    "http://evil.example",
    "https://evil.example:8501",
    "http://localhost:9999",
    "http://0.0.0.0:8501",
    "http://127.0.0.1",
    "http://10.0.0.1",
    "null",
    "http://[::1",
)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The file that tells which names and addresses a server asks for."""
    log = tmp_path / "asked.txt"
    log.touch()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return log


async def refused(address, origin, host=None):
    """The status that a handshake is refused with."""
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    headers = None if host is None else {"Host": host}
    try:
        async with websockets.connect(
            url, origin=origin, subprotocols=["streamlit"], additional_headers=headers
        ):
            return None
    except websockets.InvalidStatus as failure:
        return failure.response.status_code


@pytest.mark.slow
def test_hostile_handshakes_are_refused_and_nothing_outside_is_asked(asked, tmp_path):
    async def handshakes(address):
        own = urlsplit(address).netloc
        answers = [await refused(address, origin) for origin in FOREIGN]
        two_hosts = await refused(address, "http://evil.example", "evil.example")
        return answers, two_hosts, await refused(address, f"http://{own}")

    with served("app.py", tmp_path) as server:
        answers, two_hosts, own = asyncio.run(handshakes(server.address))
    assert answers == [403] * len(FOREIGN)
    assert two_hosts == 400
    assert own is None
    outside = [line for line in asked.read_text().splitlines() if "127.0.0.1" not in line]
    assert outside == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("addresses", "sockets", "room"), [(1, 120, 80), (4, 254, 200)], ids=["one", "several"]
)
def test_idle_sockets_leave_room_for_descriptors_and_are_let_go(
    tmp_path, monkeypatch, addresses, sockets, room
):
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")

    def descriptors(process):
        return len(list(Path(f"/proc/{process}/fd").iterdir()))

    async def crowd(server):
        url = server.address.replace("http://", "ws://") + "/_stcore/stream"
        async with contextlib.AsyncExitStack() as stack:
            let_in = 0
            for number in range(sockets):
                own = f"127.0.0.{1 + number % addresses}", 0
                with contextlib.suppress(websockets.InvalidStatus):
                    socket = websockets.connect(url, subprotocols=["streamlit"], local_addr=own)
                    await stack.enter_async_context(socket)
                    let_in += 1
            return let_in, descriptors(server.process)

    with served("app.py", tmp_path) as server:
        before = descriptors(server.process)
        let_in, most = asyncio.run(crowd(server))
        end = time.monotonic() + 60
        while descriptors(server.process) > before + 10 and time.monotonic() < end:
            time.sleep(0.5)
        left = descriptors(server.process)
    assert let_in == room
    assert most < resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert left <= before + 10


@pytest.mark.slow
def test_a_head_that_does_not_end_is_not_waited_for(tmp_path):
    with served("app.py", tmp_path) as server:
        parts = urlsplit(server.address)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            connection.settimeout(60)
            assert connection.recv(1) == b""
