"""The page on a port of its own, for as long as a test wants it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120.0  # seconds, on a machine that is busy with ten other things


class Server(NamedTuple):
    """Where a page is served, and the number of the process that does it."""

    address: str
    process: int


@contextmanager
def served(script: str, home: Path, folder: Path = ROOT) -> Iterator[Server]:
    """A server that runs `streamlit run script`, started in a folder and stopped on leaving.

    Parameters
    ----------
    script : str
        Path from the folder.
    home : Path
        Home folder of the server, so that no setting of the user's counts; it gets the log.
    folder : Path
        Where the server is started.
    """
    port = free_port()
    command = [
        *(sys.executable, "-m", "streamlit", "run", script),
        *("--server.address", "127.0.0.1"),
        *("--server.port", str(port)),
        *("--server.headless", "true"),
    ]
    with started(command, port, home, folder) as server:
        yield server


@contextmanager
def started(command: list[str], port: int, home: Path, folder: Path) -> Iterator[Server]:
    """The server that a command starts on a port of 127.0.0.1; the rest as `served` has it."""
    address = f"http://127.0.0.1:{port}"
    log = home / "server.log"
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_until_healthy(address, process, log)
            yield Server(address, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
    said = log.read_text(errors="replace")
    assert "Traceback" not in said, f"the server failed while it was used:\n{said}"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(address: str, process: subprocess.Popen, log: Path) -> None:
    """Return once the server answers; raise with its log if it ends or is too slow."""
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{address} did not start:\n{log.read_text(errors='replace')}")
