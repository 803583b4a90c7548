"""Sentences on settings that could not be used, whether a link or a file gave them."""

from __future__ import annotations

from gradflow.ui.shared.markdown_text import quoted


def too_many(count: int, most: int) -> str:
    """Why nothing of a link is used."""
    return f"{count:,} parameters are given, and none is used: there may be at most {most:,}."


def unknown_version(version: str) -> str:
    """That the settings are of a version that the page does not know."""
    return f"The settings are of version {quoted(version)}, which this page does not know."


def unknown(name: str) -> str:
    """That a name is no setting."""
    return f"{quoted(name)} is no setting of this page."


def repeated(name: str) -> str:
    """Which of several values of one setting is used."""
    return f"{quoted(name)} is given more than once; the last one counts."


def bad(name: str, rule: str, given: str, default: str) -> str:
    """That a value breaks its rule, and what is used instead."""
    return (
        f"{quoted(name)} must be {rule}. Got {quoted(given)}, so the default {quoted(default)} is "
        "used."
    )


def more_left_out(count: int) -> str:
    """How many notices are not shown."""
    return "1 more could not be used." if count == 1 else f"{count} more could not be used."
