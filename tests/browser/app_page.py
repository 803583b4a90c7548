"""The page as a user has it: read the charts, move the controls, take a download."""

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Error, Locator, Page

# Seconds. A machine that is busy with ten other things takes a minute to open a page.
ARRIVES_WITHIN = 120.0

# What a page that is not there yet makes of a check.
NOT_YET = (AssertionError, LookupError, TypeError, ValueError, Error)

Found = TypeVar("Found")

# The first run has drawn what it draws last.
IS_DRAWN = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const main = document.querySelector("[data-testid=stMain]");
  return main !== null
    && main.innerText.trim() !== ""
    && app.dataset.testConnectionState === "CONNECTED"
    && app.dataset.testScriptState === "notRunning"
    && document.querySelector(
         "[data-stale=true], [data-testid=stSkeleton], [data-testid=stMain] [aria-busy=true]"
       ) === null;
}"""

# Where a page has a path of its own, Streamlit asks below it first and then at the root.
PROBE = re.compile(r"/[a-z]+/_stcore/(health|host-config)")

# How many of some elements reach beyond the window.
WIDER = """(selector) => [...document.querySelectorAll(selector)]
  .map((element) => element.getBoundingClientRect())
  .filter((box) => box.width > 0 && box.right > window.innerWidth + 1).length"""

# Charts of the page, in its order and inside shadow roots too; arrays of numbers as base64.
READ_CHARTS = """() => {
  const found = [];
  const visit = (node, key) => {
    for (const element of node.children ?? []) {
      const name = [...element.classList].find((name) => name.startsWith("st-key-"));
      const inner = name ? name.slice("st-key-".length) : key;
      if (element.classList.contains("js-plotly-plot")) {
        found.push([element.dataset.chart ?? inner, element]);
      }
      else {
        visit(element, inner);
        if (element.shadowRoot) visit(element.shadowRoot, inner);
      }
    }
  };
  visit(document, null);
  const dtypes = {
    Float32Array: "f4", Float64Array: "f8", Int8Array: "i1", Int16Array: "i2", Int32Array: "i4",
    Uint8Array: "u1", Uint8ClampedArray: "u1", Uint16Array: "u2", Uint32Array: "u4",
  };
  const packed = (value) => {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      return { dtype: dtypes[value.constructor.name], bdata: btoa(text), shape: null };
    }
    if (Array.isArray(value)) return value.map(packed);
    if (value === null || typeof value !== "object") return value;
    if ("bdata" in value) {
      return { dtype: value.dtype, bdata: value.bdata, shape: value.shape ?? null };
    }
    const entries = Object.entries(value).filter(([name]) => !name.startsWith("_"));
    return Object.fromEntries(entries.map(([name, inner]) => [name, packed(inner)]));
  };
  return found.map(([key, plot]) => (
    { key, data: packed(plot.data ?? []), layout: packed(plot.layout ?? {}) }
  ));
}"""


@dataclass(frozen=True)
class Chart:
    """What Plotly draws.

    Attributes
    ----------
    key : str or None
        The chart's own key, in a component of several, or the Streamlit key of the element or of
        the nearest container that has one.
    data : list of dict
        Traces; what the page holds as typed arrays are numpy arrays of their shape and dtype, and
        other arrays are lists.
    layout : dict
    """

    key: str | None
    data: list[dict[str, Any]]
    layout: dict[str, Any]


@dataclass
class AppPage:
    """One tab.

    Attributes
    ----------
    page : playwright Page
        For what has no method here.
    errors : list of str
        What the console and uncaught exceptions said.
    hosts : set of str
        Hosts that were asked for anything.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._heard(said.type, said.text, said.location))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("websocket", lambda socket: self._asked(socket.url))

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is drawn."""
        self.page.goto(address)
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Return when a page that is opened, and has had no other run, has drawn all of it."""
        self.page.wait_for_function(IS_DRAWN)

    def eventually(self, check: Callable[..., Found], *args: Any) -> Found:
        """What a check returns as soon as it is true and raises nothing.

        A move takes a while to arrive. Whoever waits until the page is quiet instead may read it
        before the move has begun.
        """
        end = time.monotonic() + ARRIVES_WITHIN
        while True:
            last = time.monotonic() > end
            try:
                found = check(*args)
                assert found is None or found, f"not so after {ARRIVES_WITHIN:.0f} s"
            except NOT_YET:
                if last:
                    raise
            else:
                return found
            self.page.wait_for_timeout(50)

    def charts(self) -> list[Chart]:
        """Every Plotly chart, in the order of the page."""
        return [Chart(**_unpacked(chart)) for chart in self.page.evaluate(READ_CHARTS)]

    def chart(self, key: str) -> Chart:
        """The one chart of the element or container with that Streamlit key."""
        [chart] = [chart for chart in self.charts() if chart.key == key]
        return chart

    def widget(self, key: str) -> Locator:
        """The element with that Streamlit key."""
        return self.page.locator(f".st-key-{key}").first

    def unfold(self, label: str) -> None:
        """Open the expander whose label holds that text; nothing if it is open."""
        expander = self.page.locator("[data-testid=stExpander]", has_text=label).first
        if expander.locator("details[open]").count() == 0:
            expander.locator("summary").click()
            expander.locator("details[open]").wait_for()

    def set_slider(self, key: str, value: float) -> None:
        """Set a slider: put the thumb one step away, then press an arrow key.

        Placing the thumb sends nothing to the server, the key does: one run, and not one for each
        step on the way.
        """
        thumb = self.widget(key).locator("input[type=range]").first
        low, step = (float(thumb.get_attribute(name) or "nan") for name in ("min", "step"))
        from_below = value - step >= low
        thumb.fill(f"{value - step if from_below else value + step:.10g}")
        thumb.press("ArrowRight" if from_below else "ArrowLeft")
        self.eventually(lambda: abs(float(thumb.input_value()) - value) < 0.5 * step)

    def grab(self, key: str) -> tuple[float, float]:
        """Press the pointer on a slider's thumb, and hold it; where that is."""
        x, y = thumb(self.page, key)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        return x, y

    def fill(self, key: str, text: str) -> None:
        """Type into a number, text or area field, and leave it."""
        box = self.widget(key).locator("input, textarea").first
        box.fill(text)
        box.blur()

    def choose(self, key: str, label: str) -> None:
        """Choose from a selectbox, or press a radio, pill or segment, by its label."""
        self.widget(key).wait_for()
        box = self.widget(key).get_by_role("combobox")
        if box.count() > 0:
            self.eventually(self._choose_from, box, label)
        else:
            self.widget(key).get_by_text(label, exact=True).first.click()

    def _choose_from(self, box: Locator, label: str) -> None:
        box.focus()
        box.press("ControlOrMeta+a")
        box.press_sequentially(label)  # opens the list and narrows it
        # The list closes where what is around it moves, as a section does that is being unfolded.
        self.page.get_by_role("option", name=label, exact=True).click(timeout=1000)

    def press(self, key: str) -> None:
        """Press a button, toggle or checkbox by the keyboard."""
        target = self.widget(key).locator("button, input[type=checkbox]").first
        target.focus()
        target.press("Space")

    def upload(self, key: str, path: Path) -> None:
        """Give a file to an uploader."""
        self.widget(key).locator("input[type=file]").set_input_files(path)

    def download(self, key: str, folder: Path) -> Path:
        """Press a download button; the file, under the name the page gives it."""
        with self.page.expect_download() as arriving:
            self.widget(key).locator("button").first.click()
        path = folder / arriving.value.suggested_filename
        arriving.value.save_as(path)
        return path

    def assert_nothing_is_wider(self, *selectors: str) -> None:
        """No such element of the main area reaches beyond the window, of a screen or a phone."""
        everywhere = ", ".join(f"[data-testid=stMain] {selector}" for selector in selectors)
        for width in (1440, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.eventually(lambda: self.page.evaluate(WIDER, everywhere) == 0)

    def check(self) -> None:
        """Assert that the console had no errors and nothing beyond 127.0.0.1 was asked for."""
        assert self.errors == []
        assert self.hosts <= {"127.0.0.1"}

    def _heard(self, kind: str, text: str, location: Mapping[str, Any]) -> None:
        if kind == "error" and not PROBE.fullmatch(urlsplit(location["url"]).path):
            self.errors.append(text)

    def _asked(self, url: str) -> None:
        host = urlsplit(url).hostname  # none for blob: and data:
        if host is not None:
            self.hosts.add(host)


def thumb(page: Page, key: str) -> tuple[float, float]:
    """The middle of a slider's thumb on the screen; its input is hidden in it."""
    box = page.locator(f".st-key-{key} input[type=range]").locator("xpath=../..").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"dtype", "bdata", "shape"}:
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        return numbers.reshape(_shape(value["shape"]))
    return {name: _unpacked(inner) for name, inner in value.items()}


def _shape(given: Any) -> tuple[int, ...]:
    if given is None:
        return (-1,)
    sizes = str(given).split(",") if isinstance(given, str | int | float) else given
    return tuple(int(size) for size in sizes)
