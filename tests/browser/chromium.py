"""An installed Chromium or Chrome, and how to start it so that it reaches 127.0.0.1 alone."""

import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

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
