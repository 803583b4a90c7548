"""What happens inside a worker: a job is done, its share reported, and what it made is kept."""

from __future__ import annotations

import contextlib
import copyreg
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Hashable, MutableSequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# How far a worker steps back for the page, where the system knows of such.
_NICENESS = 10

# The share of the work that making takes, where something is still to be asked of it.
_MAKING = 0.9

Report = Callable[[float], None]


@dataclass(frozen=True)
class Job:
    """A question that is asked of something that must be made first.

    Attributes
    ----------
    key : hashable
        Of what is made: a worker keeps it for the next question.
    make, parts : callable and its arguments
        What makes it. It takes `on_step` as well, as `ask` does.
    ask, arguments : callable and its further arguments
        What is asked of it, a function that a worker can import.
    size, size_of_answer : int
        Bytes that it takes at most, and those of them that the question alone takes.
    seconds : float
        About how long it takes.
    """

    key: Hashable
    make: Callable[..., Any]
    parts: tuple[Any, ...]
    ask: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    size: int = 0
    size_of_answer: int = 0
    seconds: float = 0.0


def read_only(held: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """A mapping that cannot be changed, as records of the library hold."""
    return MappingProxyType(held)


# pickle does not know how to make one.
copyreg.pickle(MappingProxyType, lambda held: (read_only, (dict(held),)))

_kept: dict[Hashable, Any] = {}
_progress: MutableSequence[float] = [0.0]


def begin(progress: MutableSequence[float]) -> None:
    """Prepare the process.

    Parameters
    ----------
    progress : shared array of one number
        Where the share of the work that is done stands.
    """
    global _progress
    _progress = progress
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    threading.Thread(target=_end_with_the_page, daemon=True).start()


def answer(job: Job, dropped: tuple[Hashable, ...]) -> Any:
    """Do a job.

    Parameters
    ----------
    job : Job
        What to make and to ask.
    dropped : tuple of hashable
        Keys of what need not be kept any more.
    """
    for key in dropped:
        _kept.pop(key, None)
    _progress[0] = 0.0
    if job.key not in _kept:
        _kept[job.key] = job.make(*job.parts, on_step=_part(0.0, _MAKING))
    begun = _progress[0]
    return job.ask(_kept[job.key], *job.arguments, on_step=_part(begun, 1.0))


def _part(start: float, end: float) -> Report:
    def report(share: float) -> None:
        _progress[0] = start + share * (end - start)

    return report


def _end_with_the_page() -> None:
    """End the process when the one that started it is gone, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
