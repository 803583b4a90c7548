"""Sentences on runs that wait, go on, were stopped, or do not fit."""

from __future__ import annotations

_MEGA = 1e6
_PERCENT = 100
_MINUTE = 60.0

CANCELLED = "Cancelled before it was done."

LOST = (
    "The worker that computed this was ended from outside, as when memory runs out. Nothing else "
    "is lost."
)

FULL = (
    "As many runs of other visitors wait as may, so this one was not taken. Try again in a minute."
)


def asks_first(seconds: float) -> str:
    """What a link says that costs time."""
    return (
        f"This link asks for a run that takes {about(seconds)} of work. It begins when you say so, "
        "or when you change what is computed."
    )


def going_on(label: str, share: float, left: float | None) -> str:
    """What stands on the bar of a run."""
    end = "" if left is None else f", {about(left)} left"
    return f"{label}: {share * _PERCENT:.0f}%{end}"


def in_queue(label: str, place: int, waiting: int, left: float) -> str:
    """What stands on the bar of a run that waits."""
    return f"{label}: place {place} of {waiting} in the queue, {about(left)} to wait"


def about(seconds: float) -> str:
    """A time, roughly."""
    if seconds >= 1.5 * _MINUTE:
        return f"about {seconds / _MINUTE:.0f} minutes"
    whole = max(1, round(seconds))
    return "about 1 second" if whole == 1 else f"about {whole} seconds"


def too_large(needed: int, free: int, T: int) -> str:
    """Why a run does not fit."""
    return (
        f"This run must fit in memory: T = {T} steps of this model need about "
        f"{needed / _MEGA:,.0f} MB, and {max(0, free) / _MEGA:,.0f} MB are free; take a shorter "
        "sequence."
    )
