"""What the main thread of a browser does from a key to the paint that follows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from playwright.sync_api import Page

# Chromium's names of what it does, in the traces it writes.
_TASKS = ("RunTask", "ThreadControllerImpl::RunTask")
_LAYOUT = ("UpdateLayoutTree", "Layout")
_PAINT = ("PrePaint", "Paint", "Layerize", "Commit")
_CATEGORIES = ["devtools.timeline", "toplevel", "blink.user_timing"]

# The mark that a page sets when what is waited for is painted.
PAINTED = "gradflow painted"


class Spent(NamedTuple):
    """Milliseconds of one press: in scripts, in styles and layout, in painting, and at rest."""

    scripts: float
    layout: float
    paint: float
    rest: float


def spent(page: Page, press: Callable[[], object], presses: int, folder: Path) -> Spent:
    """Medians over some presses.

    Parameters
    ----------
    page : Page
        Marks `PAINTED` after each press.
    press : callable
        Presses the key once, and returns when all is at rest.
    presses : int
        How often.
    folder : Path
        Where the trace may be written.
    """
    browser = page.context.browser
    assert browser is not None
    path = folder / "trace.json"
    browser.start_tracing(page=page, path=path, categories=_CATEGORIES)
    for _ in range(presses):
        press()
    browser.stop_tracing()
    each = np.array(list(_each(json.loads(path.read_text())["traceEvents"])))
    return Spent(*np.median(each, axis=0))


def _each(events: list[dict[str, Any]]) -> Iterator[Spent]:
    for key in events:
        if key["name"] != "EventDispatch" or key["args"]["data"]["type"] != "keydown":
            continue
        start, thread = key["ts"], (key["pid"], key["tid"])
        ends = [e["ts"] for e in events if e["name"] == PAINTED and e["ts"] > start]
        if not ends:
            continue
        end = min(ends)
        inside = [
            event
            for event in events
            if (event["pid"], event["tid"]) == thread
            and event["ph"] == "X"
            and start - 1000 <= event["ts"] <= end
        ]

        def total(names: tuple[str, ...], inside: list[dict[str, Any]] = inside) -> float:
            """Milliseconds, each stretch once: tasks stand in a trace by two names."""
            covered, taken = 0.0, 0.0
            for event in sorted(inside, key=lambda event: event["ts"]):
                if event["name"] in names:
                    until = event["ts"] + event.get("dur", 0)
                    taken += max(0.0, until - max(covered, event["ts"]))
                    covered = max(covered, until)
            return taken / 1e3

        busy, layout, paint = total(_TASKS), total(_LAYOUT), total(_PAINT)
        yield Spent(busy - layout - paint, layout, paint, max(0.0, (end - start) / 1e3 - busy))
