"""Links that reopen a view: settings to and from the query of the page's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from gradflow.ui.settings import CONTROLS, Settings, Value, as_mapping, as_text, parsed
from gradflow.ui.text import quoted

VERSION = "1"

# What a setting that a link leaves out stands for, by the link's version. When a default changes,
# its version keeps the old ones here and a new version is added.
DEFAULTS: dict[str, Settings] = {"1": Settings()}

_ALWAYS = ("w_s", "T", "b_f")

# Names that Streamlit itself reads.
_RESERVED = ("embed", "embed_options")


def to_query(settings: Settings) -> dict[str, str]:
    """The query of a link: the version, the three main settings, and what differs from default."""
    defaults = as_mapping(DEFAULTS[VERSION])
    return {"v": VERSION} | {
        name: as_text(value)
        for name, value in as_mapping(settings).items()
        if name in _ALWAYS or value != defaults[name]
    }


def to_link(address: str, settings: Settings) -> str:
    """The whole link, from the page's address without a query."""
    return f"{address}?{urlencode(to_query(settings))}"


def from_query(query: Mapping[str, Sequence[str]]) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a link, and a notice for each thing in it that could not be used.

    Parameters
    ----------
    query : mapping of str to sequence of str
        Every value given for every name.

    Returns
    -------
    settings : Settings
        The default where a value is missing or bad.
    notices : tuple of str
        Markdown sentences; what the link held stands in code spans.
    """
    notices = []
    version = _last(query.get("v", [VERSION]))
    if version not in DEFAULTS:
        notices.append(f"This link is of version {quoted(version)}, which this page does not know.")
        version = VERSION
    defaults = DEFAULTS[version]
    values: dict[str, Value] = as_mapping(defaults)
    for name, given in query.items():
        if name == "v" or name in _RESERVED:
            continue
        if name not in CONTROLS:
            notices.append(f"The link names {quoted(name)}, which is no setting of this page.")
            continue
        if len(given) > 1:
            notices.append(f"The link gives {quoted(name)} more than once; the last one counts.")
        try:
            values[name] = parsed(name, _last(given))
        except ValueError as rule:
            notices.append(
                f"{quoted(name)} must be {rule}. The link has {quoted(_last(given))}, so the "
                f"default {quoted(as_text(values[name]))} is used."
            )
    return Settings(**values), tuple(notices)  # type: ignore[arg-type]


def _last(given: Sequence[str]) -> str:
    return given[-1] if given else ""
