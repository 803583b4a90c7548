"""Settings as the JSON that a page gives away, and loaded back from it."""

from __future__ import annotations

import json
from typing import Any

from gradflow.numerics.scaled import Array
from gradflow.ui.shared import links, state, words
from gradflow.ui.shared.file_upload import draw_upload
from gradflow.ui.shared.setting_fields import LONGEST, as_mapping, as_text
from gradflow.ui.shared.settings import Settings

_FILE = "settings_file"
_MEGABYTES = 1


def draw_loader() -> None:
    """Draw the uploader of a settings file, and what is to be said of the file read last."""
    draw_upload(words.SETTINGS_FILE, _FILE, _take, _MEGABYTES, words.SETTINGS_FILE_HELP, ["json"])


def settings_json(settings: Settings, own: Array | None) -> bytes:
    """All settings, the version of their link, and the user's own numbers if they are used."""
    content: dict[str, Any] = {"version": settings.link_version, "settings": as_mapping(settings)}
    if settings.sequence == "own" and own is not None:
        content["own"] = used_numbers(own)
    return f"{json.dumps(content, indent=2)}\n".encode()


def used_numbers(own: Array) -> list[float]:
    """The numbers that the page uses, as plain Python numbers."""
    return [float(number) for number in own[:LONGEST]]


def read_settings(data: bytes) -> tuple[Settings, list[float] | None, tuple[str, ...]]:
    """The settings and numbers in a file.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    settings : Settings
        The default where a value is missing or bad.
    own : list of float or None
        The visitor's own numbers, if the file has any.
    notices : tuple of str
        Sentences on what could not be used, as for a link.

    Raises
    ------
    ValueError
        If it is no file of settings.
    """
    try:
        content: Any = json.loads(data)
        given = content["settings"]
        query = {str(name): [as_text(value)] for name, value in given.items()}
        query["v"] = [str(content["version"])]
        own = content.get("own")
        numbers = None if own is None else [float(number) for number in own]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(words.NO_SETTINGS) from error
    settings, notices = links.from_query(query)
    return settings, numbers, notices


def _take(data: bytes | None) -> str:
    if data is None:
        return ""
    settings, own, notices = read_settings(data)
    if own is not None:
        state.OWN.take(own)
    state.HELD.put(settings)
    return " ".join((words.SETTINGS_LOADED, *notices))
