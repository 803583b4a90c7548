"""What several folders of tests share."""

from collections.abc import Iterator

import pytest
from browser.chromium import BROWSERS, installed
from browser.serving import Server, served
from support.needed import go_without


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of an installed Chromium or Chrome.

    Without one the test is skipped on a user's machine, and fails where CI=true.
    """
    found = installed()
    if found is None:
        go_without(f"needs a browser on the PATH: one of {', '.join(BROWSERS)}")
    return found


@pytest.fixture(scope="session")
def served_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """app.py on a port of its own, for all tests of a process."""
    with served("app.py", tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of the page without a browser waits for one to paint."""
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
