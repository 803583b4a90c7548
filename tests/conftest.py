"""What several folders of tests share."""

import functools
import sys
from collections.abc import Iterator

import pytest
from browser.chromium import BROWSERS, installed
from browser.serving import Server, served
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from support.needed import go_without

# What a file that starts servers and browsers asks for.
PROCESSES = frozenset({"chromium_path", "served_page"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that at the end no core waits for another one's."""
    long = {item.path for item in items if not PROCESSES.isdisjoint(item.fixturenames)}
    items.sort(key=lambda item: item.path not in long)


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


@pytest.fixture(scope="session", autouse=True)
def _short_runs_of_pages() -> Iterator[None]:
    """AppTest without what takes most of its time and has nothing to do with the page.

    Each reads what all installed packages say of themselves. Where Keras is imported, as other
    tests do, each run ends with its `clear_session`, which collects all garbage.
    """
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of the page without a browser waits for one to paint.

    What AppTest runs stays Python's main module, which processes that are started later would run.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr("gradflow.ui.server.PAUSE", 0.0)
    monkeypatch.setattr("gradflow.ui.server.FIRST_PAINT", 0.0)
