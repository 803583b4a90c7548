"""Pictures a second of the film, in headless Chromium.

    python -m benchmarks.film

A film of both networks is made here and opened as the file that visitors download, whose script is
the page's own. It plays once through, and the frames of the browser in which a new picture was
painted are counted. The table also tells how large the file is and how long the pictures take to
make. Prints it and writes it to benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks import machine, report
from gradflow.ui.comparison.film_files import film_page
from gradflow.ui.comparison.weight_film import Change, film_of
from gradflow.ui.component.film import film_message
from gradflow.ui.shared.settings import Settings
from tests.browser.chromium import FLAGS, installed

_VIEW = {"width": 1366, "height": 768}
_CHANGE = Change("w_s", 0.5, 1.5)

# Milliseconds at which each new picture was on the screen, from Play to the end. A message that is
# sent before a frame comes right after it.
_PLAYED = """() => new Promise((resolve) => {
  const film = document.querySelector(".gradflow-film");
  const painted = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    painted.push(performance.now());
    if (data === film.querySelector("input").max) resolve(painted);
  };
  new MutationObserver(() => {
    const { picture } = film.dataset;
    requestAnimationFrame(() => port2.postMessage(picture));
  }).observe(film, { attributeFilter: ["data-picture"] });
  film.querySelector("[data-play]").click();
})"""


@dataclass(frozen=True)
class Played:
    """What was measured of one film.

    Attributes
    ----------
    rate : float
        Pictures a second.
    slowest : float
        Milliseconds between two pictures, of 95% no more.
    size : int
        Bytes of the file.
    seconds : float
        What its pictures took to make.
    """

    rate: float
    slowest: float
    size: int
    seconds: float


def played(page: Page, T: int, folder: Path) -> Played:
    """Make a film, open it, and play it from its first picture to its last."""
    began = time.perf_counter()
    film = film_of(Settings(T=T), None, _CHANGE, lambda share: None)
    seconds = time.perf_counter() - began
    file = folder / f"film_{T}.html"
    file.write_bytes(film_page(film.title, film_message(film), "", ""))
    page.goto(file.as_uri())
    page.wait_for_selector(".gradflow-film[aria-busy=false]")
    page.get_by_role("slider").press("Home")
    page.wait_for_timeout(500)
    apart = np.diff(np.array(page.evaluate(_PLAYED)))
    return Played(
        1000.0 / apart.mean(), float(np.percentile(apart, 95)), file.stat().st_size, seconds
    )


def table(found: dict[int, Played]) -> str:
    """The figures as Markdown."""
    lines = [
        "| T | pictures a second | 95% within, ms | the file, MB | made in, s |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {T} | {one.rate:.0f} | {one.slowest:.0f} | {one.size / 1e6:.2f} | {one.seconds:.1f} |"
        for T, one in found.items()
    ]
    return "\n".join(lines)


def run(lengths: Sequence[int]) -> str:
    """Measure, and tell."""
    path = installed()
    if path is None:
        raise SystemExit("needs Chromium or Chrome on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport=_VIEW)
        found = {T: played(page, T, Path(folder)) for T in lengths}
        on = f"{machine.name()}, headless Chromium {browser.version}"
        browser.close()
    return f"{table(found)}\n\nOn {on}; {machine.load()}.\n"


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--T", type=int, nargs="+", default=[50, 200, 500], help="lengths")
    told = run(parser.parse_args().T)
    print(told)
    report.put("film", told)


if __name__ == "__main__":
    main()
