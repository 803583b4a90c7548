"""Who makes files when: one at a time for a visitor, and pictures apart from everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gradflow.ui.downloads import download_words

# Pictures that may be drawn or wait, and files of numbers that are made at once.
MOST_PICTURES = 8
_AT_ONCE = 2

_PICTURES = ("image/png", "image/svg+xml", "application/pdf")


class BusyError(RuntimeError):
    """A file is not made now; the message is a sentence for the page."""


class Making:
    """The files that are being made.

    Pictures have a queue of their own, of a bounded length, and one thread, because one browser
    draws them. So no other file waits for a picture.
    """

    def __init__(self) -> None:
        self._pictures = ThreadPoolExecutor(1, "pictures")
        self._others = ThreadPoolExecutor(_AT_ONCE, "files")
        self._sessions: set[str] = set()
        self._waiting = 0

    async def made(self, session: str, kind: str, make: Callable[[], str]) -> str:
        """The address of a file, once it is made.

        Parameters
        ----------
        session : str
            Who asks.
        kind : str
            The type of the file, as browsers call it.
        make : callable
            Makes it.

        Raises
        ------
        BusyError
            If another file of the session is not done, or too many pictures wait.
        """
        drawn = kind in _PICTURES
        if session in self._sessions:
            raise BusyError(download_words.ONE_AT_A_TIME)
        if drawn and self._waiting >= MOST_PICTURES:
            raise BusyError(download_words.BUSY)
        self._sessions.add(session)
        self._waiting += drawn
        threads = self._pictures if drawn else self._others
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, make)
        finally:
            self._sessions.discard(session)
            self._waiting -= drawn

    def close(self) -> None:
        """Begin nothing any more."""
        for threads in (self._pictures, self._others):
            threads.shutdown(wait=False, cancel_futures=True)
