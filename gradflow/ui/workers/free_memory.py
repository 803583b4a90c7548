"""How much memory is free: of the machine, and of the groups of processes that this one is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_UNKNOWN = 4 << 30  # taken to be free where the machine does not say

# A group without a limit has the largest number of pages for one.
_NO_LIMIT = 1 << 60


class _Files(NamedTuple):
    """What a version of Linux' control groups calls the limit, what is used, and what is cache."""

    limit: str
    used: str
    cache: str


_V2 = _Files("memory.max", "memory.current", "inactive_file")
_V1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_bytes(root: Path = Path("/")) -> int:
    """Memory that this machine, and every control group that this process is in, has left.

    Parameters
    ----------
    root : Path
        Where the files of the system are.

    Returns
    -------
    int
        The least of all that can be known. Files that the system keeps in memory, and would let go
        of, count as free.
    """
    known = [*_of_machine(root / "proc/meminfo"), *_of_groups(root)]
    return max(0, min(known, default=_UNKNOWN))


def resident_bytes(process: int) -> int | None:
    """Memory that a process has, itself and not on disk; None where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _of_machine(path: Path) -> Iterator[int]:
    for line in _text(path).splitlines():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) << 10


def _of_groups(root: Path) -> Iterator[int]:
    """What each group has left, from this process's own up to the top."""
    mounted = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _of_group(mounted, path, _V2)
        elif "memory" in controllers.split(","):
            yield from _of_group(mounted / "memory", path, _V1)


def _of_group(top: Path, path: str, files: _Files) -> Iterator[int]:
    # In a container the group's own folder may be all that is mounted, as the top.
    folder = top / path.strip("/")
    for place in (folder, *folder.parents):
        if place == top.parent:
            return
        limit, used = _number(place / files.limit), _number(place / files.used)
        if limit is not None and used is not None and limit < _NO_LIMIT:
            yield limit - used + _cache(place / "memory.stat", files.cache)


def _cache(path: Path, name: str) -> int:
    found = [line.split()[1] for line in _text(path).splitlines() if line.split()[0] == name]
    return int(found[0]) if found else 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
