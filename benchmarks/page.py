"""From an arrow key on `w_s` to both heatmaps painted, against a page that repaints one line.

    python -m benchmarks.page

Both pages are served here and driven in headless Chromium. The clock starts in the browser when the
key goes down, and stops two frames after what the key changes has changed: the pictures of both
heatmaps, or the line of text. Prints a table and writes it to benchmarks/page.md.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import machine
from tests.browser.chromium import FLAGS, installed
from tests.browser.serving import ROOT, served

BARE = """\
import streamlit as st

w_s = st.slider("w_s", -2.0, 2.0, 0.9, 0.01, key="w_s")
st.text(f"w_s = {w_s}")
"""

# The most that is aimed at, by sequence length, as a ratio to the bare page.
AIMS = {50: 2.5, 200: 3.0, 500: 4.0, 2000: 6.0}

HEATMAPS = "[data-chart$=heatmap] .heatmaplayer image, [data-testid=stPlotlyChart] image"
TEXT = "[data-testid=stText]"

# Milliseconds from the next key to its paint; what is watched are pictures' addresses, or text.
WATCH = """([selector, count]) => {
  const seen = () => [...document.querySelectorAll(selector)]
    .map((element) => element.href?.baseVal ?? element.textContent);
  const before = seen();
  window.painted = new Promise((resolve) => {
    addEventListener("keydown", () => {
      const start = performance.now();
      const watcher = new MutationObserver(() => {
        const now = seen();
        if (now.length < count || now.some((value, index) => value === before[index])) return;
        watcher.disconnect();
        const stop = () => resolve(performance.now() - start);
        requestAnimationFrame(() => requestAnimationFrame(stop));
      });
      watcher.observe(document.body, {
        subtree: true, childList: true, characterData: true, attributes: true,
      });
    }, { once: true, capture: true });
  });
}"""


def milliseconds(page: Page, selector: str, count: int, presses: int) -> np.ndarray:
    """What each of many presses took, after a few that are not counted."""
    taken = []
    thumb = page.locator(".st-key-w_s input[type=range]")
    for press in range(-5, presses):
        page.evaluate(WATCH, [selector, count])
        thumb.press("ArrowLeft" if press % 2 else "ArrowRight")
        taken.append(page.evaluate("() => window.painted"))
        _settle(page)
    return np.array(taken[5:])


def _settle(page: Page) -> None:
    page.wait_for_function(
        """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
                   === "notRunning"
                 && document.querySelector("[data-stale=true], [aria-busy=true]") === null"""
    )
    page.wait_for_timeout(200)


def measured(browser: Browser, address: str, selector: str, count: int, presses: int) -> np.ndarray:
    """The same on a page of its own."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    try:
        page.goto(address)
        page.wait_for_function(
            "([selector, count]) => document.querySelectorAll(selector).length >= count",
            arg=[selector, count],
        )
        _settle(page)
        return milliseconds(page, selector, count, presses)
    finally:
        page.close()


def table(bare: np.ndarray, pages: dict[int, np.ndarray]) -> str:
    """The figures as Markdown."""
    floor = float(np.median(bare))
    lines = [
        "| T | median, ms | 90%, ms | ratio | aim |",
        "| --- | --- | --- | --- | --- |",
        f"| bare page | {floor:.0f} | {np.percentile(bare, 90):.0f} | 1 | |",
    ]
    for T, taken in pages.items():
        middle, most = np.percentile(taken, [50, 90])
        aim = f"{AIMS[T]:g}" if T in AIMS else ""
        lines.append(f"| {T} | {middle:.0f} | {most:.0f} | {middle / floor:.1f} | {aim} |")
    return "\n".join(lines)


def run(lengths: Sequence[int], presses: int) -> str:
    """Serve both pages, measure, and tell."""
    path = installed()
    if path is None:
        raise SystemExit("needs Chromium or Chrome on the PATH")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        folder = Path(home) / "bare"
        shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
        (folder / "bare.py").write_text(BARE)
        with served("bare.py", Path(home), folder) as server:
            bare = measured(browser, server.address, TEXT, 1, presses)
        with served("app.py", Path(home)) as server:
            address = server.address
            pages = {
                T: measured(browser, f"{address}/?T={T}", HEATMAPS, 2, presses) for T in lengths
            }
        where = f"{machine.name()}, headless Chromium {browser.version}"
        told = f"{table(bare, pages)}\n\n{presses} presses each, on {where}.\n"
        browser.close()
    return told


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=40)
    parser.add_argument("--T", type=int, nargs="+", default=list(AIMS), help="sequence lengths")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    asked = parser.parse_args()
    told = run(asked.T, asked.presses)
    print(told)
    title = "# From an arrow key to both heatmaps painted\n\n"
    asked.output.write_text(f"{title}Made by `python -m benchmarks.page`.\n\n{told}")


if __name__ == "__main__":
    main()
