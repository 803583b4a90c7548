"""plotly.js as a file: the copy that the plotly package brings, from this server."""

from __future__ import annotations

import functools
from pathlib import Path

import plotly
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_PACKAGE, _FOLDER = "gradflow", "plotly"
_NAME = f"{_PACKAGE}.{_FOLDER}"


def address() -> str | None:
    """Where the page finds plotly.js, counted from its base; None where the package lacks it.

    Streamlit serves the folders that components declare in their packages' manifests. plotly
    declares none, so it is declared here: no copy of 5 MB, and a checkout need not be writable.
    """
    if not _there(_FILE):
        return None
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        folder = ComponentConfig(_FOLDER, asset_dir=_FILE.parent.name)
        manifest = ComponentManifest(_PACKAGE, plotly.__version__, [folder])
        manager.register_from_manifest(manifest, _FILE.parents[1])
    return f"_stcore/bidi-components/{_NAME}/{_FILE.name}?v={plotly.__version__}"


@functools.cache
def _there(file: Path) -> bool:
    """Looked up once: where disks are slow, each time takes as long as a chart."""
    return file.is_file()
