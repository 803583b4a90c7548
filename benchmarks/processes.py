"""What processes take: memory, processor time, and those that they have started."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path


def memory(process: int) -> float:
    """Resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(process: int) -> float:
    """What a process has used of the processor."""
    # Behind the name, which may hold anything: user and system time are fields 14 and 15.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descendants(process: int) -> Iterator[tuple[int, str]]:
    """The processes that a process has started, and theirs, with their commands."""
    for child in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for number in map(int, child.read_text().split()):
                yield number, Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
                yield from descendants(number)


def all_memory(process: int) -> float:
    """Memory of a process and of all that it has started, in MB; what they share counts once."""
    total = 0
    for number in (process, *(number for number, _ in descendants(process))):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{number}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in told.splitlines() if "Pss:" in line)
    return total * 1024 / 1e6


class Peak:
    """The most that a process and all that it has started held.

    Attributes
    ----------
    megabytes : float
        So far.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        self.megabytes = 0.0

    async def watch(self, every: float) -> None:
        """Look every few parts of a second, for as long as nobody ends this task."""
        while True:
            held = await asyncio.to_thread(all_memory, self._process)
            self.megabytes = max(self.megabytes, held)
            await asyncio.sleep(every)


@contextlib.asynccontextmanager
async def peak_of(process: int, every: float = 0.1) -> AsyncIterator[Peak]:
    """The peak while the block lasts."""
    peak = Peak(process)
    task = asyncio.create_task(peak.watch(every))
    try:
        yield peak
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
