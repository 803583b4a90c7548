"""An installed Chromium or Chrome, and how to start it so that it reaches 127.0.0.1 alone.

The headless shell is Chromium without what draws its own windows: pages load a quarter faster.
"""

import shutil

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def installed() -> str | None:
    """Path of the first browser on the PATH."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)
