"""From an arrow key on `w_s` to both heatmaps painted, against a page that repaints one line.

    python -m benchmarks.page

Both pages are served here and driven in headless Chromium. The clock starts in the browser when the
key goes down, and stops with the frame that shows what the key changes: the pictures of both
heatmaps, or the line of text. The two pages take turns, so that what else the machine does slows
both. Prints a table and writes it to benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks import machine, report
from benchmarks.main_thread import Spent, spent
from tests.browser.chromium import FLAGS, installed
from tests.browser.serving import ROOT, served

BARE = """\
import streamlit as st

w_s = st.slider("w_s", -2.0, 2.0, 0.9, 0.01, key="w_s")
st.text(f"w_s = {w_s}")
"""

# The sequence length of the sentence in the README.
_SHOWN = 200

# The most that is aimed at, by sequence length, as a ratio to the bare page.
AIMS = {50: 2.5, 200: 3.0, 500: 4.0, 2000: 6.0}

# Presses that are traced.
_TRACED = 8

HEATMAPS = "[data-chart$=heatmap] .heatmaplayer image, [data-testid=stPlotlyChart] image"
TEXT = "[data-testid=stText]"
VIEW = {"width": 1440, "height": 900}

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
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          performance.mark("gradflow painted");
          resolve(performance.now() - start);
        };
        // A message that is sent before a frame comes right after it.
        requestAnimationFrame(() => port2.postMessage(0));
      });
      // Around what is watched and no further: to look at each change costs the page of many more.
      for (const element of document.querySelectorAll(selector)) {
        watcher.observe(element.closest("[data-chart], [data-testid=stElementContainer]"), {
          subtree: true, childList: true, characterData: true, attributes: true,
        });
      }
    }, { once: true, capture: true });
  });
}"""


@dataclass(frozen=True)
class Watched:
    """A page with what is watched in it."""

    page: Page
    selector: str
    count: int

    def opened(self, address: str) -> Watched:
        """The same, there and at rest."""
        self.page.goto(address)
        self.page.wait_for_function(
            "([selector, count]) => document.querySelectorAll(selector).length >= count",
            arg=[self.selector, self.count],
        )
        self._settle()
        return self

    def press(self, key: str) -> float:
        """Milliseconds from a key on the slider to the frame that shows what it changes."""
        self.page.bring_to_front()
        self.page.evaluate(WATCH, [self.selector, self.count])
        self.page.locator(".st-key-w_s input[type=range]").press(key)
        taken: float = self.page.evaluate("() => window.painted")
        self._settle()
        return taken

    def _settle(self) -> None:
        self.page.wait_for_function(
            """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
                       === "notRunning"
                     && document.querySelector("[data-stale=true], [aria-busy=true]") === null"""
        )
        self.page.wait_for_timeout(200)


def turns(bare: Watched, page: Watched, presses: int) -> np.ndarray:
    """Milliseconds on the bare page and on the other, (presses, 2), after a few not counted.

    One way all the time: of what a page has shown before, Streamlit sends a reference only.
    """
    rows = [[watched.press("ArrowLeft") for watched in (bare, page)] for _ in range(5 + presses)]
    return np.array(rows)[5:]


def table(taken: dict[int, np.ndarray]) -> str:
    """The figures as Markdown."""
    lines = [
        "| T | bare page, ms | both heatmaps, ms | 90% below, ms | ratio | aim |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for T, milliseconds in taken.items():
        bare, page = np.median(milliseconds, axis=0)
        most = np.percentile(milliseconds[:, 1], 90)
        aim = f"{AIMS[T]:g}" if T in AIMS else ""
        lines.append(f"| {T} | {bare:.0f} | {page:.0f} | {most:.0f} | {page / bare:.1f} | {aim} |")
    return "\n".join(lines)


def headline(taken: dict[int, np.ndarray]) -> str | None:
    """The ratio at T = 200 in a sentence, if that was measured."""
    if _SHOWN not in taken:
        return None
    bare, page = np.median(taken[_SHOWN], axis=0)
    return (
        f"From an arrow key to both heatmaps painted at T = {_SHOWN}: {page / bare:.1f} times a "
        "Streamlit page that repaints one line of text."
    )


def where(spent: dict[str, Spent]) -> str:
    """What the browser's main thread does in a press, as Markdown."""
    lines = ["| page | scripts, ms | styles and layout | paint | at rest |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name, parts in spent.items():
        lines.append(f"| {name} | {' | '.join(f'{value:.0f}' for value in parts)} |")
    return "\n".join(lines)


def run(lengths: Sequence[int], presses: int) -> tuple[str, str | None]:
    """Serve both pages, measure, and tell; also the headline."""
    path = installed()
    if path is None:
        raise SystemExit("needs Chromium or Chrome on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        homes = [Path(folder) / name for name in ("bare", "app")]
        for home in homes:  # each with the settings of the app
            shutil.copytree(ROOT / ".streamlit", home / ".streamlit")
        (homes[0] / "bare.py").write_text(BARE)
        with served("bare.py", homes[0], homes[0]) as bare, served("app.py", homes[1]) as app:
            taken, parts = {}, {}
            for T in lengths:
                pages = [browser.new_page(viewport=VIEW) for _ in range(2)]
                first = Watched(pages[0], TEXT, 1).opened(bare.address)
                second = Watched(pages[1], HEATMAPS, 2).opened(f"{app.address}/?T={T}")
                taken[T] = turns(first, second, presses)
                for name, watched in (("one line of text", first), (f"T = {T}", second)):
                    press = functools.partial(watched.press, "ArrowLeft")
                    parts[name] = spent(watched.page, press, _TRACED, homes[0])
                for page in pages:
                    page.close()
        on = f"{machine.name()}, headless Chromium {browser.version}"
        told = (
            f"{table(taken)}\n\nMedians of {presses} presses each, on {on}. In {_TRACED} more, "
            "which were traced and are slower for it, the browser's main thread spent, in the "
            "median:\n\n"
            f"{where(parts)}\n"
        )
        browser.close()
    return told, headline(taken)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=40)
    parser.add_argument("--T", type=int, nargs="+", default=list(AIMS), help="sequence lengths")
    asked = parser.parse_args()
    told, shown = run(asked.T, asked.presses)
    print(told)
    report.put("page", told, shown)


if __name__ == "__main__":
    main()
