"""Your own run: the record of a watch on a training elsewhere, drawn and said in words."""

from __future__ import annotations

import streamlit as st

from gradflow.figures import plot_watch
from gradflow.figures._watch import MOST
from gradflow.figures.builders.mode_bar import bar
from gradflow.ui.learning import own_run_words as words
from gradflow.ui.shared.file_upload import draw_upload
from gradflow.ui.shared.plain_charts import plain_chart
from gradflow.watching import WatchRecord
from gradflow.watching.watch_record import watch_from

FILE = "learning_own_file"
_RECORD = "learning_own_record"

# Megabytes that a file may have, and bytes that it may unpack to: what one figure can show.
_LARGEST = 8
_UNPACKED = 16 << 20


def draw_own_run() -> None:
    """Draw the uploader, and below it the record that was read last."""
    st.subheader(words.TITLE, anchor=False)
    st.markdown(words.LEAD)
    draw_upload(words.FILE, FILE, _read, _LARGEST, words.FILE_HELP, ["npz"])
    record: WatchRecord | None = st.session_state.get(_RECORD)
    if record is None:
        return
    layers = _chosen(record)
    if layers:
        st.markdown(words.summary(record, layers))
        plain_chart(plot_watch(record, layers, dark=None), "own_run", bar("watch", "png"))
        st.caption(words.READING)


def _chosen(record: WatchRecord) -> list[str]:
    """The layers to draw; the visitor chooses where there are more than have room."""
    if len(record.layers) <= MOST:
        return list(record.layers)
    said = words.LAYERS.format(most=MOST, number=len(record.layers))
    key = f"learning_own_layers_{hash(record.layers)}"  # another record has a choice of its own
    return st.multiselect(said, record.layers, record.layers[:MOST], max_selections=MOST, key=key)


def _read(data: bytes | None) -> str:
    """Keep the record in a file for drawing. One that cannot be read leaves what was shown."""
    if data is not None:
        st.session_state[_RECORD] = watch_from(data, _UNPACKED)
    return ""
