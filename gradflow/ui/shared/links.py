"""Links that reopen a view: settings to and from the query of the page's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from gradflow.ui.shared import link_words
from gradflow.ui.shared.setting_fields import (
    LinkedSettings,
    Value,
    as_mapping,
    as_text,
    controls_by_name,
    parsed,
)
from gradflow.ui.shared.settings import Settings

# What a setting that a link leaves out stands for, by the link's version. When a default changes,
# its version keeps the old ones here and a new version is added.
DEFAULTS: dict[str, Settings] = {
    "1": Settings(sequence="noise", seed=106, gate="all"),
    "2": Settings(),
}

# Many more than there are settings.
MOST_PARAMETERS = 1000

# Names that Streamlit itself reads.
_RESERVED = ("embed", "embed_options")

Record = TypeVar("Record", bound=LinkedSettings)


@dataclass(frozen=True)
class Form(Generic[Record]):
    """The record of settings that the links of a page hold.

    Attributes
    ----------
    defaults : mapping
        The record with all defaults, by the link's version.
    always : tuple of str
        Settings that a link names even where they are at their default.
    """

    defaults: Mapping[str, Record]
    always: tuple[str, ...] = ()

    @property
    def record(self) -> type[Record]:
        return type(next(iter(self.defaults.values())))

    @property
    def version(self) -> str:
        """The version of the links that are written."""
        return str(self.record.link_version)


NETWORKS = Form(DEFAULTS, ("w_s", "T", "b_f"))


def to_query(settings: Any, form: Form[Any] = NETWORKS) -> dict[str, str]:
    """The query of a link: the version, the main settings, and what differs from default."""
    defaults = as_mapping(form.defaults[form.version])
    return {"v": form.version} | {
        name: as_text(value)
        for name, value in as_mapping(settings).items()
        if name in form.always or value != defaults[name]
    }


def to_link(address: str, settings: Any, form: Form[Any] = NETWORKS) -> str:
    """The whole link, from the page's address without a query."""
    return f"{address}?{urlencode(to_query(settings, form))}"


def from_query(
    query: Mapping[str, Sequence[str]], form: Form[Any] = NETWORKS
) -> tuple[Any, tuple[str, ...]]:
    """Settings from a link or a file, and a notice for each that could not be used.

    Parameters
    ----------
    query : mapping of str to sequence of str
        Every value given for every name.
    form : Form
        What the page's links hold.

    Returns
    -------
    settings : record of the form
        The default where a value is missing or bad.
    notices : tuple of str
        Markdown sentences; what was given stands in code spans.
    """
    given_in_all = sum(map(len, query.values()))
    if given_in_all > MOST_PARAMETERS:
        return form.defaults[form.version], (link_words.too_many(given_in_all, MOST_PARAMETERS),)
    notices = []
    version = _last(query.get("v", [form.version]))
    if version not in form.defaults:
        notices.append(link_words.unknown_version(version))
        version = form.version
    defaults, controls = form.defaults[version], controls_by_name(form.record)
    values: dict[str, Value] = as_mapping(defaults)
    for name, given in query.items():
        if name == "v" or name in _RESERVED:
            continue
        if name not in controls:
            notices.append(link_words.unknown(name))
            continue
        if len(given) > 1:
            notices.append(link_words.repeated(name))
        try:
            values[name] = parsed(name, _last(given), form.record)
        except ValueError as rule:
            default = as_text(values[name])
            notices.append(link_words.bad(name, str(rule), _last(given), default))
    return form.record(**values), tuple(notices)


def _last(given: Sequence[str]) -> str:
    return given[-1] if given else ""
