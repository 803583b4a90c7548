"""How many sessions there may be: in all, and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# A session takes four descriptors, of which systems give a process 1,024 by default. A class of
# forty often shares one address.
IN_ALL = 200
PER_ADDRESS = 80


class FullError(Exception):
    """There is no room for another session."""


@dataclass
class Sessions:
    """The websockets that are open.

    Attributes
    ----------
    in_all, per_address : int
        The most there may be.
    """

    in_all: int = IN_ALL
    per_address: int = PER_ADDRESS
    _open: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    def has_room(self, address: str) -> bool:
        """Whether another session from an address may begin."""
        return self.count < self.in_all and self._open[address] < self.per_address

    @contextmanager
    def entered(self, address: str) -> Iterator[None]:
        """Count a session for as long as it lasts.

        Raises
        ------
        FullError
            If there is no room for it.
        """
        if not self.has_room(address):
            raise FullError
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
