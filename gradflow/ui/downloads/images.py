"""Figures as PNG, SVG and PDF, drawn by a browser that is started once and kept."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import kaleido
import plotly.graph_objects as go

from gradflow.ui import vendor_internals
from gradflow.ui.downloads import download_words

FORMATS = ("png", "svg", "pdf")

# Pixels of a PNG for one of the figure's.
SCALE = 2

# How far the browser steps back for the page, as a worker does.
_NICENESS = 10

_START_SECONDS = 30.0
_IMAGE_SECONDS = 10.0
_CLOSE_SECONDS = 10.0
_KILLED_SECONDS = 1.0

_Result = TypeVar("_Result")


class ImageError(RuntimeError):
    """No image could be made; the message is a sentence for the page."""


class _Browser:
    """A browser with its own event loop and thread.

    kaleido's own sync server mixes up the results of two threads, and waits forever once its
    browser has died.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="images", daemon=True)
        self._thread.start()
        try:
            self._kaleido = self._run(self._open(), _START_SECONDS)
        except BaseException:
            self._stop()
            raise

    def image(self, figure: go.Figure, format_: str, scale: int) -> bytes:
        options = {"format": format_, "scale": scale if format_ == "png" else 1}
        drawn: bytes = self._run(self._kaleido.calc_fig(figure, options), _IMAGE_SECONDS)
        return drawn

    def alive(self) -> bool:
        return vendor_internals.browser_process(self._kaleido).poll() is None

    def close(self, at_once: bool = False) -> None:
        """End the browser; `at_once` where it no longer answers."""
        if at_once:
            vendor_internals.browser_process(self._kaleido).kill()
        try:
            self._run(self._kaleido.close(), _KILLED_SECONDS if at_once else _CLOSE_SECONDS)
        except Exception:
            vendor_internals.browser_process(self._kaleido).kill()
        finally:
            self._stop()

    async def _open(self) -> kaleido.Kaleido:
        browser = vendor_internals.offline_kaleido()
        await browser.open()
        _step_back(vendor_internals.browser_process(browser).pid)
        return browser

    def _run(self, task: Coroutine[Any, Any, _Result], seconds: float) -> _Result:
        bounded = asyncio.wait_for(task, seconds)
        return asyncio.run_coroutine_threadsafe(bounded, self._loop).result(seconds + 5.0)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


def _step_back(group: int) -> None:
    """Let the processes of a group work on when the page wants their cores, where systems can.

    Linux may part the cores between sessions before it looks at processes (`man 7 sched`, "The
    autogroup feature"), and the group is a session of its own.
    """
    with contextlib.suppress(OSError):
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PGRP, group, _NICENESS)
        Path(f"/proc/{group}/autogroup").write_text(str(_NICENESS))


_lock = threading.Lock()
_browser: _Browser | None = None


def browser_available() -> bool:
    """Whether Chrome or Chromium is installed where kaleido looks for it."""
    path = vendor_internals.browser_path()
    return path is not None and path.is_file()


def image(figure: go.Figure, format_: str, scale: int = SCALE) -> bytes:
    """A figure as an image.

    The first call starts the browser; later calls, from any thread, take turns with it. Where it
    has died or fails, a fresh one gets a second try; where it takes longer than ten seconds, it is
    ended, so that nobody else waits for it.

    Parameters
    ----------
    figure : go.Figure
        With the width and height it should have, in pixels.
    format_ : {"png", "svg", "pdf"}
        The kind of picture.
    scale : int
        Pixels of a PNG for each of the figure's, either way.

    Raises
    ------
    ImageError
        If there is no browser, it takes too long, or it fails twice.
    ValueError
        If the format is another.
    """
    if format_ not in FORMATS:
        raise ValueError(f"format_ must be one of {', '.join(FORMATS)}. Got {format_!r}.")
    if not browser_available():
        raise ImageError(download_words.NO_BROWSER)
    with _lock:
        try:
            return _warm_browser().image(figure, format_, scale)
        except TimeoutError as failure:
            _close(at_once=True)
            raise ImageError(download_words.TOO_SLOW) from failure
        except Exception:
            _close()
        try:
            return _warm_browser().image(figure, format_, scale)
        except Exception as failure:
            _close()
            raise ImageError(download_words.NO_IMAGE) from failure


def close() -> None:
    """End the browser; the next image starts another."""
    with _lock:
        _close()


def _warm_browser() -> _Browser:
    global _browser
    if _browser is not None and not _browser.alive():
        _close()
    if _browser is None:
        _browser = _Browser()
    return _browser


def _close(at_once: bool = False) -> None:
    global _browser
    if _browser is not None:
        _browser.close(at_once)
        _browser = None


atexit.register(close)
