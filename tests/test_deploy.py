"""The configuration of nginx serves the page of two processes, over TLS."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import time
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest
import websockets
from browser.serving import ROOT, STARTS_WITHIN, free_port, served
from support.needed import go_without

pytestmark = pytest.mark.slow

NAME = "gradflow.example.org"
CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
    *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
)


def configured(folder: Path, port: int, processes: list[int]) -> Path:
    """The file of `deploy` with this test's ports and certificate."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for default, process in zip((8501, 8502), processes, strict=True):
        assert f"127.0.0.1:{default}" in text
        text = text.replace(f"127.0.0.1:{default}", f"127.0.0.1:{process}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = text.replace("/etc/ssl/gradflow.crt", str(folder / "tls.crt"))
    text = text.replace("/etc/ssl/gradflow.key", str(folder / "tls.key"))
    text = text.replace(
        "http {",
        "http {\n"
        + "".join(
            f"    {kind}_temp_path {folder / kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        1,
    )
    found = folder / "nginx.conf"
    found.write_text(f"daemon off;\npid {folder / 'pid'};\nerror_log stderr;\n{text}")
    return found


@contextmanager
def proxied(folder: Path, processes: list[int]):
    """nginx in front of processes; the port it listens on."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        go_without("needs nginx")
    files = ("-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"))
    subprocess.run([*CERTIFICATE, *files], check=True, capture_output=True)
    port = free_port()
    settings = configured(folder, port, processes)
    command = [nginx, "-c", str(settings), "-g", "user root;"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()


def wait_for(port):
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        try:
            return answer(port, "/_stcore/health")
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("nginx did not start")


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Named(HTTPSConnection):
    """A connection to this machine that asks for the public name."""

    def connect(self):
        super(HTTPSConnection, self).connect()
        self.sock = trusting().wrap_socket(self.sock, server_hostname=NAME)


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


def answer(port, path, cookie=None):
    headers = {"Host": f"{NAME}:{port}"} | ({} if cookie is None else {"Cookie": cookie})
    with contextlib.closing(Named("127.0.0.1", port, timeout=STARTS_WITHIN)) as connection:
        connection.request("GET", path, headers=headers)
        found = connection.getresponse()
        return Answer(found.status, found.headers, found.read())


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    homes = [tmp_path_factory.mktemp("home") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", NAME)
        with served("app.py", homes[0]) as one, served("app.py", homes[1]) as other:
            ports = [int(server.address.rsplit(":", 1)[1]) for server in (one, other)]
            with proxied(folder, ports) as found:
                yield found


def test_the_page_comes_with_its_headers_and_a_process_of_its_own(port):
    found = answer(port, "/")
    assert found.status == 200
    assert b"<title>" in found.body
    assert "max-age" in found.headers["Strict-Transport-Security"]
    assert "frame-ancestors 'none'" in found.headers["Content-Security-Policy"]
    assert found.headers["Set-Cookie"].startswith("gradflow_process=")


def test_the_metrics_are_closed(port):
    assert answer(port, "/_stcore/metrics").status == 404


def test_another_name_gets_no_answer(port):
    connection = HTTPSConnection("127.0.0.1", port, timeout=STARTS_WITHIN, context=trusting())
    with contextlib.closing(connection), pytest.raises(ssl.SSLError):
        connection.request("GET", "/")


def test_a_websocket_is_passed_on_from_the_public_origin_alone(port):
    async def opened(origin):
        async with websockets.connect(
            f"wss://{NAME}:{port}/_stcore/stream",
            host="127.0.0.1",
            port=port,
            ssl=trusting(),
            origin=origin,
            subprotocols=["streamlit"],
        ) as socket:
            await socket.ping()

    asyncio.run(opened(f"https://{NAME}:{port}"))
    with pytest.raises(websockets.InvalidStatus, match="403"):
        asyncio.run(opened("https://evil.example"))


def test_a_visitor_stays_with_one_process(port):
    cookie = answer(port, "/").headers["Set-Cookie"].split(";")[0]
    again = answer(port, "/", cookie)
    assert again.headers["Set-Cookie"].split(";")[0] == cookie
