"""The page served on 127.0.0.1, and a headless Chromium that can reach nothing else."""

from collections.abc import Callable, Iterator

import pytest
from browser.app_page import AppPage
from browser.chromium import FLAGS
from browser.serving import served
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of app.py, as `http://127.0.0.1:<port>`."""
    with served("app.py", tmp_path_factory.mktemp("home")) as server:
        yield server.address


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


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., AppPage]]:
    """Opens tabs: `open_page(query="", width=1440, height=900, dark=False)`, each a new visitor.

    When the test is over every tab is checked: no console error, no request beyond 127.0.0.1.
    """
    tabs: list[AppPage] = []

    def opened(
        query: str = "", width: int = 1440, height: int = 900, dark: bool = False
    ) -> AppPage:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        tab = AppPage(context.new_page())
        tabs.append(tab)
        tab.open(f"{server}/{query}")
        return tab

    yield opened
    for tab in tabs:
        tab.page.context.close()
    for tab in tabs:
        tab.check()


@pytest.fixture
def page(open_page: Callable[..., AppPage]) -> AppPage:
    """The page with its defaults, 1440 pixels wide, light."""
    return open_page()
