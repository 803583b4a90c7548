"""From the start of the process to the painted heatmaps, beside a page with one line of text.

    python -m benchmarks.first_paint

Each time the server is started anew, and a new tab of headless Chromium, which is already running,
opens the page as soon as the server answers. The two pages take turns. Prints a table and writes it
to benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks import machine, report
from benchmarks.page import HEATMAPS, TEXT, VIEW
from tests.browser.chromium import FLAGS, installed
from tests.browser.serving import ROOT, served

BARE = """\\
import streamlit as st

st.text("gradflow")
"""

# Milliseconds until there are as many elements as asked for and a frame has shown them.
WATCH = """([selector, count]) => new Promise((resolve) => {
  const start = performance.now();
  const painted = () => setTimeout(() => resolve(performance.now() - start));
  const look = () => {
    const there = document.querySelectorAll(selector).length >= count;
    requestAnimationFrame(there ? painted : look);
  };
  look();
})"""


@dataclass(frozen=True)
class Start:
    """Milliseconds from the start of the process until ..

    Attributes
    ----------
    answers : float
        the server answers;
    painted : float
        what is watched is painted.
    """

    answers: float
    painted: float


def start(browser: Browser, script: str, folder: Path, selector: str, count: int) -> Start:
    """Start a server, open its page in a new tab, and stop both."""
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()

        def since() -> float:
            return 1e3 * (time.perf_counter() - begun)

        with served(script, Path(home), folder) as server:
            answers = since()
            context = browser.new_context(viewport=VIEW)
            page = context.new_page()
            page.goto(server.address, wait_until="commit")
            opened = since()
            painted = page.evaluate(WATCH, [selector, count])
            context.close()
    return Start(answers, opened + painted)


def table(starts: dict[str, list[Start]]) -> str:
    """The medians as Markdown."""
    names = [field.name for field in fields(Start)]
    medians = {
        page: [float(np.median([getattr(one, name) for one in taken])) for name in names]
        for page, taken in starts.items()
    }
    lines = [
        "| page | the server answers, ms | painted, ms |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {page} | {' | '.join(f'{value:.0f}' for value in values)} |"
        for page, values in medians.items()
    ]
    bare, app = (medians[page][-1] for page in ("one line of text", "both heatmaps"))
    return "\n".join([*lines, "", f"Ratio of the painted pages: {app / bare:.2f}."])


def run(starts: int) -> str:
    """Start both servers in turn, measure, and tell."""
    path = installed()
    if path is None:
        raise SystemExit("needs Chromium or Chrome on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        bare = Path(folder)
        shutil.copytree(ROOT / ".streamlit", bare / ".streamlit")
        (bare / "bare.py").write_text(BARE)
        pages = {
            "one line of text": ("bare.py", bare, TEXT, 1),
            "both heatmaps": ("app.py", ROOT, HEATMAPS, 2),
        }
        taken: dict[str, list[Start]] = {page: [] for page in pages}
        # The first start reads the files from the disk, and compiles modules, as pip would.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(1 + starts):
            for page, given in pages.items():
                found = start(browser, *given)
                if turn:
                    taken[page].append(found)
        where = f"{machine.name()}, headless Chromium {browser.version}"
        browser.close()
    return (
        f"{table(taken)}\n\nMedians of {starts} starts each, on {where}. All of the first row is "
        "Streamlit's own.\n"
    )


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=7)
    asked = parser.parse_args()
    told = run(asked.starts)
    print(told)
    report.put("first paint", told)


if __name__ == "__main__":
    main()
