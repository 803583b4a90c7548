"""All that the pages use of Streamlit, plotly and kaleido beyond their documentation.

A new version may change any of it: tests/ui/test_vendor_internals.py then names what here is to be
renewed. The scripts have a file of their own, ui/component/scripts/vendor_internals.js.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import plotly
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    import kaleido

# plotly puts this file into the HTML it writes, and names no path to it.
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def served_folder(package: str, name: str, folder: Path, version: str) -> str:
    """Have the server that runs serve a folder, once.

    Streamlit serves the folders that installed packages declare for their components. This
    registers such a declaration for a folder whose package makes none.

    Parameters
    ----------
    package, name : str
        What the folder is declared as.
    folder : Path
        Whose files to serve.
    version : str
        Version of what is in it.

    Returns
    -------
    str
        The folder's address, counted from the base of the page.
    """
    component = f"{package}.{name}"
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(component) is None:
        config = ComponentConfig(name, asset_dir=folder.name)
        manager.register_from_manifest(ComponentManifest(package, version, [config]), folder.parent)
    return f"_stcore/bidi-components/{component}"


# kaleido is imported late, as all that only downloads need.


def browser_path() -> Path | None:
    """Where kaleido finds Chrome or Chromium; None where it finds none.

    kaleido looks through choreographer, and tells only by failing.
    """
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    return None if found is None else Path(found)


def offline_kaleido() -> kaleido.Kaleido:
    """A browser that draws figures and reaches no other machine, still to be opened.

    kaleido hands arguments that it does not know to choreographer, which knows `proxy_server`. Left
    alone, Chromium asks its makers for updates and the time. The page that draws is a file, for
    which no proxy is asked; all else goes to a port of this machine where nobody listens.
    """
    import kaleido

    return kaleido.Kaleido(
        page_generator=kaleido.PageGenerator(mathjax=False), proxy_server="http://127.0.0.1:9"
    )


def browser_process(opened: kaleido.Kaleido) -> subprocess.Popen[bytes]:
    """The process of an opened browser, for whoever must know whether it lives, or end it."""
    process: subprocess.Popen[bytes] = opened.subprocess
    return process
