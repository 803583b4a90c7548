"""plotly.js as a file: the copy that the plotly package brings, from this server."""

from __future__ import annotations

import functools
from pathlib import Path

import plotly

from gradflow.ui import vendor_internals

_FILE = vendor_internals.PLOTLY_JS


def address() -> str | None:
    """Where the page finds plotly.js, counted from its base; None where the package lacks it.

    It is served from where it lies: no copy of 5 MB, and a checkout need not be writable.
    """
    if not _there(_FILE):
        return None
    folder = vendor_internals.served_folder("gradflow", "plotly", _FILE.parent, plotly.__version__)
    return f"{folder}/{_FILE.name}?v={plotly.__version__}"


@functools.cache
def _there(file: Path) -> bool:
    """Looked up once: where disks are slow, each time takes as long as a chart."""
    return file.is_file()
