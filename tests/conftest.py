"""What several folders of tests share."""

import shutil

import pytest
from needed import go_without

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of an installed Chromium or Chrome.

    Without one the test is skipped on a user's machine, and fails where CI=true.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        go_without(f"needs a browser on the PATH: one of {', '.join(BROWSERS)}")
    return found
