"""Where the page's own routes are."""

from __future__ import annotations

from streamlit import config


def below_base(path: str) -> str:
    """The path of a route below the one under which the page is served."""
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}/{path}" if base else f"/{path}"
