"""The page served on 127.0.0.1, and a headless Chromium that can reach nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from browser.app_page import ARRIVES_WITHIN, AppPage
from browser.chromium import FLAGS
from browser.serving import Server
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

expect.set_options(timeout=1000 * ARRIVES_WITHIN)


@pytest.fixture(scope="session")
def server(served_page: Server) -> str:
    """Base URL of app.py, as `http://127.0.0.1:<port>`."""
    return served_page.address


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium.

    It is closed with its module: while Playwright is up its event loop counts as running, and
    neither asyncio nor AppTest can then be used elsewhere.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What the tabs of a file share: a cache, so that scripts are fetched and compiled once.

    A visitor to the server is a tab of his own all the same. Motion is reduced: what Streamlit
    animates while it waits takes a sixth of a page's processor time, all of it for nothing here.
    """
    shared = browser.new_context(accept_downloads=True, reduced_motion="reduce")
    shared.set_default_timeout(1000 * ARRIVES_WITHIN)
    yield shared
    shared.close()


@contextmanager
def tabs(context: BrowserContext, server: str) -> Iterator[Callable[..., AppPage]]:
    """Opens tabs: `opened(query="", width=1440, height=900, dark=False)`, each a new visitor.

    On leaving every tab is checked: no console error, no request beyond 127.0.0.1.
    """
    open_tabs: list[AppPage] = []

    def opened(
        query: str = "", width: int = 1440, height: int = 900, dark: bool = False
    ) -> AppPage:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        tab = AppPage(page)
        open_tabs.append(tab)
        tab.open(f"{server}/{query}")
        return tab

    yield opened
    for tab in open_tabs:
        tab.page.close()
    for tab in open_tabs:
        tab.check()


@pytest.fixture
def open_page(context: BrowserContext, server: str) -> Iterator[Callable[..., AppPage]]:
    """Opens `tabs` for one test."""
    with tabs(context, server) as opened:
        yield opened


@pytest.fixture(scope="module")
def open_shared_page(context: BrowserContext, server: str) -> Iterator[Callable[..., AppPage]]:
    """Opens `tabs` for tests that change nothing."""
    with tabs(context, server) as opened:
        yield opened
