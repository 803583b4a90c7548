"""Files that are given to a server that runs: what is taken, where it is kept, what is freed."""

import asyncio
import contextlib
import http.client
import io
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser.serving import served
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import page_socket
from benchmarks.processes import memory

pytestmark = pytest.mark.slow

MEGA = 1 << 20
LIMIT = 64 * MEGA

# A folder of temporary files on a disk that is full: all that is to be written there fails.
FULL = """
import errno, os, sys, tempfile

tempfile.tempdir = {folder!r}

def refuse(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
    if writes and str(arguments[0]).startswith({folder!r}):
        with open({log!r}, "a") as file:
            print(*arguments, file=file)
        raise OSError(errno.ENOSPC, "No space left on device")

sys.addaudithook(refuse)
"""


class Visitor:
    """One session on "Your model"."""

    def __init__(self, server, socket):
        self.server, self.socket = server, socket
        self.session = self.uploader = ""
        self.errors, self.charts, self.files = [], Counter(), 0

    async def run(self, *states):
        message = BackMsg()
        message.rerun_script.page_name = "model"
        message.rerun_script.query_string = "sequence=noise&T=5&added=0"
        message.rerun_script.widget_states.widgets.extend(states)
        self.errors, self.charts = [], Counter()
        await page_socket.run(self.socket, message, self._meet)

    def _meet(self, answer):
        if answer.WhichOneof("type") == "new_session":
            self.session = answer.new_session.initialize.session_id
        element = answer.delta.new_element
        if element.file_uploader.id.endswith("-model_file"):
            self.uploader = element.file_uploader.id
        if element.WhichOneof("type") == "alert":
            self.errors.append(element.alert.body)
        if element.WhichOneof("type") == "plotly_chart":
            self.charts[element.plotly_chart.id.rpartition("-")[2]] += 1
        assert element.WhichOneof("type") != "exception"

    async def put(self, content, name="model.npz"):
        """Send a file as browsers do; the status and the text of the answer."""
        self.files += 1
        return await asyncio.to_thread(self._put, f"file{self.files}", content, name)

    def _put(self, ident, content, name):
        head = (
            "--part\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = b"".join((head.encode(), content, b"\r\n--part--\r\n"))
        with self._asked(ident, body) as connection:
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    async def break_off(self):
        """Send the beginning of a file, and leave."""
        await asyncio.to_thread(self._break_off)

    def _break_off(self):
        with self._asked("broken", b"--part\r\n", 100_000) as connection:
            connection.sock.settimeout(0.5)
            with pytest.raises(TimeoutError):  # it waits for the rest
                connection.getresponse()

    @contextlib.contextmanager
    def _asked(self, ident, body, length=None):
        """A connection on which a file is on its way, as browsers send it."""
        connection = http.client.HTTPConnection(urlsplit(self.server.address).netloc, timeout=60)
        try:
            connection.request("GET", "/_stcore/health")
            answer = connection.getresponse()
            answer.read()
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            headers = {
                "Content-Type": "multipart/form-data; boundary=part",
                "Content-Length": str(len(body) if length is None else length),
                "Cookie": cookie,
                "X-Xsrftoken": cookie.partition("=")[2],
            }
            address = f"/_stcore/upload_file/{self.session}/{ident}"
            connection.request("PUT", address, body, headers)
            yield connection
        finally:
            connection.close()

    async def give(self, content, name="model.npz"):
        """Send a file, and tell the page that it is in its uploader."""
        assert (await self.put(content, name))[0] == 204
        state = WidgetState(id=self.uploader)
        state.file_uploader_state_value.uploaded_file_info.add(
            file_id=f"file{self.files}", name=name, size=len(content)
        )
        await self.run(state)


def visited(home, visit):
    """What a coroutine returns that is given a visitor of a server of its own."""

    async def there(server):
        async with page_socket.opened(server) as socket:
            visitor = Visitor(server, socket)
            await visitor.run()
            return await visit(visitor)

    with served("app.py", home) as server:
        return asyncio.run(there(server))


def packed(H, last=0.0):
    """An LSTM of zeros but for its last recurrent weight, small as a file."""
    w_h = np.zeros((4 * H, H), np.float32)
    w_h[-1, -1] = last
    file = io.BytesIO()
    biases = {f"bias_{end}_l0": np.zeros(4 * H, np.float32) for end in ("ih", "hh")}
    w_x = np.zeros((4 * H, 2), np.float32)
    np.savez_compressed(file, weight_ih_l0=w_x, weight_hh_l0=w_h, **biases)
    return file.getvalue()


def test_a_file_as_large_as_may_be_is_taken_and_a_byte_more_is_not(tmp_path):
    async def visit(visitor):
        largest = bytes(LIMIT)
        return [await visitor.put(content) for content in (largest, largest + b"\0")]

    taken, refused = visited(tmp_path, visit)
    assert taken == (204, "")
    assert refused[0] == 413
    assert "too large" in refused[1]


def test_an_upload_that_is_broken_off_leaves_nothing_in_the_log(tmp_path):
    visited(tmp_path, Visitor.break_off)  # a server that stops looks through its log


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A folder of temporary files that is full, and a file with what was to be written there."""
    folder, log, site = (tmp_path / name for name in ("full", "tried.txt", "site"))
    for made in (folder, site):
        made.mkdir()
    log.touch()
    (site / "sitecustomize.py").write_text(FULL.format(folder=str(folder), log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return SimpleNamespace(folder=folder, log=log)


def test_uploads_need_no_room_for_temporary_files(full, tmp_path):
    async def visit(visitor):
        largest = (await visitor.put(bytes(LIMIT)))[0]
        await visitor.give(packed(8))
        return largest, visitor.errors, visitor.charts["model_as_read"]

    assert visited(tmp_path, visit) == (204, [], 1)
    assert full.log.read_text() == ""
    assert not list(full.folder.iterdir())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' files")
def test_what_is_refused_is_freed(tmp_path):
    # As numbers of float32 and float64 the recurrent weights take 31 and 63 MB.
    bad, small = packed(1400, np.nan), packed(8, np.nan)

    async def visit(visitor):
        await visitor.give(small)  # what is imported for it stays
        [rule] = visitor.errors
        held = [memory(visitor.server.process)]
        for _ in range(6):
            await visitor.give(bad)
            assert len(visitor.errors) == 1
            held.append(memory(visitor.server.process))
        return rule, held

    rule, held = visited(tmp_path, visit)
    assert "finite" in rule
    assert len(bad) < MEGA
    # The C library may keep room for one of them; no further one adds to it.
    assert held[-1] - held[0] < 40  # MB
    assert held[-1] - held[2] < 10
