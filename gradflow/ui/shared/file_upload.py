"""An uploader of one file, and what is said of the file that was read last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from gradflow.ui.shared.markdown_text import escaped

# What is done with the bytes of a file, or with None where the uploader is empty, as it also is
# while one file replaces another. Returns what is to be said, in Markdown.
Take = Callable[[bytes | None], str]


def draw_upload(
    label: str, key: str, take: Take, megabytes: int, about: str, kinds: Sequence[str] | None = None
) -> None:
    """Draw the uploader, and below it why its file could not be read, or what is said of it.

    Parameters
    ----------
    label, about : str
        What it is called, and its help.
    key : str
        Key of the file.
    take : callable
        Where it raises ValueError the sentence of the error is shown.
    megabytes : int
        The largest file that it accepts.
    kinds : sequence of str, optional
        Endings of the files' names; any if they are left out.
    """
    st.file_uploader(
        label,
        type=kinds,
        key=key,
        on_change=_read,
        args=(key, take),
        max_upload_size=megabytes,
        help=about,
    )
    rule, said = st.session_state.get(_said_key(key), ("", ""))
    if rule:
        st.error(escaped(rule))
    if said:
        st.caption(said)


def _read(key: str, take: Take) -> None:
    file = st.session_state.get(key)
    rule = said = ""
    try:
        said = take(None if file is None else file.getvalue())
    except ValueError as error:
        rule = str(error)
    st.session_state[_said_key(key)] = rule, said


def _said_key(key: str) -> str:
    return f"{key}_said"
