"""Pictures a second while a pointer drags the slider of `w_s`, or that of `T`.

    python -m benchmarks.drag

The page is served here, and a pointer moves at up to 60 Hz in headless Chromium, to and fro. A
picture is a frame in which both heatmaps and the curves of the profile are new. Prints a table and
writes it to benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks import machine, report
from benchmarks.page import HEATMAPS, VIEW
from tests.browser.app_page import IS_DRAWN, thumb
from tests.browser.chromium import FLAGS, installed
from tests.browser.serving import served

# Pictures a second that are aimed at while `w_s` is dragged, by sequence length.
AIMS = {50: 16, 200: 12, 500: 8}

_POINTER = 1 / 60  # seconds from one place of the pointer to the next
_WAY = 50  # pixels to either side

# When frames show both heatmaps and the first curve of the profile anew, in milliseconds. They are
# looked for where Plotly has drawn anew, and not in each frame, which would cost what is measured.
WATCH = """(heatmaps) => {
  const found = () => [
    ...document.querySelectorAll(heatmaps),
    document.querySelector("[data-chart=profile] .js-line"),
  ];
  let parts = found();
  const shown = () => {
    if (!parts.every((part) => part.isConnected)) parts = found();
    return parts.map((part) => part.href?.baseVal ?? part.getAttribute("d"));
  };
  window.pictures = [];
  let last = shown();
  const look = (now) => {
    const next = shown();
    if (next.every((one, index) => one !== last[index])) {
      window.pictures.push(now);
      last = next;
    }
    window.watching = requestAnimationFrame(look);
  };
  look(performance.now());
}"""


def drag(page: Page, key: str, seconds: float) -> np.ndarray:
    """Drag a slider for some seconds; milliseconds between the pictures that are seen."""
    x, y = thumb(page, key)
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH, HEATMAPS)
    begun = time.perf_counter()
    while (since := time.perf_counter() - begun) < seconds:
        page.mouse.move(x - _WAY * np.sin(2 * since) ** 2, y)
        time.sleep(max(0.0, begun + since + _POINTER - time.perf_counter()))
    seen = page.evaluate("() => { cancelAnimationFrame(watching); return pictures; }")
    page.mouse.up()
    return np.diff(seen)


def row(key: str, T: int, gaps: np.ndarray) -> str:
    """The figures of one drag as a row of a table."""
    aim = f"{AIMS[T]}" if key == "w_s" and T in AIMS else ""
    rate, late = 1e3 / gaps.mean(), np.percentile(gaps, 95)
    return f"| {key} | {T} | {rate:.1f} | {late:.0f} | {aim} |"


def run(lengths: Sequence[int], seconds: float) -> str:
    """Serve the page, drag, and tell."""
    path = installed()
    if path is None:
        raise SystemExit("needs Chromium or Chrome on the PATH")
    rows = ["| slider | T | pictures a second | 95% of the gaps, ms | aim |"]
    rows.append("| --- | --- | --- | --- | --- |")
    with (
        tempfile.TemporaryDirectory() as home,
        served("app.py", Path(home)) as app,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for T in lengths:
            for key in ("w_s", "T"):
                page = browser.new_page(viewport=VIEW)
                page.goto(f"{app.address}/?T={T}")
                page.wait_for_function(IS_DRAWN)
                rows.append(row(key, T, drag(page, key, seconds)))
                page.close()
        on = f"{machine.name()}, headless Chromium {browser.version}"
        browser.close()
    return "\n".join(rows) + f"\n\nA drag of {seconds:g} s each, on {on}, with {machine.load()}.\n"


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--T", type=int, nargs="+", default=list(AIMS), help="sequence lengths")
    asked = parser.parse_args()
    told = run(asked.T, asked.seconds)
    print(told)
    report.put("drag", told)


if __name__ == "__main__":
    main()
