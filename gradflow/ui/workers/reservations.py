"""Memory that is promised to runs: several that each fit must fit together as well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gradflow.ui.workers.free_memory import free_bytes, resident_bytes


class TooLargeError(ValueError):
    """A run would not fit in memory."""


@dataclass(eq=False)
class Reservation:
    """Memory that one run may take.

    Attributes
    ----------
    size : int
        Bytes that it takes at most.
    process : int or None
        The process that takes it, if it is the only run there.
    before : int
        Bytes that the process had before.
    """

    size: int
    process: int | None = None
    before: int = 0

    def outstanding(self) -> int:
        """Bytes of it that are not taken yet; what is taken is no longer free."""
        held = None if self.process is None else resident_bytes(self.process)
        taken = 0 if held is None else held - self.before
        return max(0, self.size - max(0, taken))


class Reservations:
    """All that is promised.

    Parameters
    ----------
    measured : callable
        Tells how much memory is free.
    """

    def __init__(self, measured: Callable[[], int] = free_bytes) -> None:
        self._measured = measured
        self._open: list[Reservation] = []

    def free(self) -> int:
        """Bytes that are free and not promised to anyone."""
        return self._measured() - sum(one.outstanding() for one in tuple(self._open))

    def take(self, size: int, process: int | None = None) -> Reservation:
        """Promise memory; whoever asks looks first whether it is free."""
        before = 0 if process is None else resident_bytes(process) or 0
        made = Reservation(size, process, before)
        self._open.append(made)
        return made

    def give_back(self, made: Reservation) -> None:
        """End a promise."""
        self._open.remove(made)

    @contextlib.contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Promise memory for as long as something runs here.

        Raises
        ------
        TooLargeError
            If it is not free.
        """
        if size > self.free():
            raise TooLargeError
        made = self.take(size)
        try:
            yield
        finally:
            self.give_back(made)
