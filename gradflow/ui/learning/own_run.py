"""Your own run: the record of a watch on a training elsewhere, drawn and said in words."""

from __future__ import annotations

import streamlit as st

from gradflow.figures import plot_watch
from gradflow.figures.builders.mode_bar import bar
from gradflow.ui.learning import own_run_words as words
from gradflow.ui.shared.plain_charts import plain_chart
from gradflow.ui.shared.text import escaped
from gradflow.watching import WatchRecord
from gradflow.watching.watch_record import watch_from

FILE = "learning_own_file"
_RECORD, _ERROR = "learning_own_record", "learning_own_error"

# Megabytes that a file may have, and bytes that it may unpack to: what one figure can show.
_LARGEST = 8
_UNPACKED = 16 << 20


def draw_own_run() -> None:
    """Draw the uploader, and below it the record that was read last."""
    st.subheader(words.TITLE, anchor=False)
    st.markdown(words.LEAD)
    st.file_uploader(
        words.FILE,
        type=["npz"],
        key=FILE,
        on_change=_read,
        max_upload_size=_LARGEST,
        help=words.FILE_HELP,
    )
    if st.session_state.get(_ERROR):
        st.error(escaped(st.session_state[_ERROR]))
    record: WatchRecord | None = st.session_state.get(_RECORD)
    if record is None:
        return
    st.markdown(words.summary(record))
    plain_chart(plot_watch(record, dark=None), "own_run", bar("watch", "png"))
    st.caption(words.READING)


def _read() -> None:
    """Read the file in the uploader; a callback. One that cannot be read leaves what was shown."""
    file = st.session_state[FILE]
    st.session_state[_ERROR] = None
    # The uploader is also empty while one file replaces another.
    if file is None:
        return
    try:
        st.session_state[_RECORD] = watch_from(file.getvalue(), _UNPACKED)
    except ValueError as rule:
        st.session_state[_ERROR] = str(rule)
