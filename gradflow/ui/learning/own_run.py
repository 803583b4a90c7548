"""Your own run: the record of a watch on a training elsewhere, drawn and said in words."""

from __future__ import annotations

import math

import streamlit as st

from gradflow.figures import plot_watch
from gradflow.figures._watch import MOST
from gradflow.figures.builders.mode_bar import bar
from gradflow.ui.shared.plain_charts import plain_chart
from gradflow.ui.shared.text import escaped
from gradflow.watching import WatchRecord
from gradflow.watching.watch_record import watch_from

FILE = "learning_own_file"
_RECORD, _ERROR = "learning_own_record", "learning_own_error"

# Megabytes that a file may have, and bytes that it may unpack to: what one figure can show.
_LARGEST = 8
_UNPACKED = 16 << 20

_LEAD = (
    "`gradflow.torch.watch` measures your network while PyTorch trains it; `watch.save` writes the "
    "file that opens here."
)
_READING = (
    "A column of colours is a pass, and a row a lag: the terms of the bias $b$ of each layer as a "
    "part of their $k = 1$ term, medians over the sequences of the probe. A measure that is "
    "infinite leaves a gap."
)


def draw_own_run() -> None:
    """Draw the uploader, and below it the record that was read last."""
    st.subheader("Your own run", anchor=False)
    st.markdown(_LEAD)
    st.file_uploader(
        "The record of a watch (.npz)",
        type=["npz"],
        key=FILE,
        on_change=_read,
        max_upload_size=_LARGEST,
        help="It stays in this session, and is not in the link.",
    )
    if st.session_state.get(_ERROR):
        st.error(escaped(st.session_state[_ERROR]))
    record: WatchRecord | None = st.session_state.get(_RECORD)
    if record is None:
        return
    st.markdown(summary(record))
    plain_chart(plot_watch(record, dark=None), "own_run", bar("watch", "png"))
    st.caption(_READING)


def summary(record: WatchRecord) -> str:
    """What the last pass says of each layer that is drawn, a line each; Markdown."""
    if not len(record.updates):
        return "The record has no pass yet."
    first, last = record.updates[0], record.updates[-1]
    passes = f"{len(record.updates)} passes, after {first} to {last} updates. At the last:"
    return "\n".join([passes, "", *(_line(record, layer) for layer in record.layers[:MOST])])


def _line(record: WatchRecord, layer: str) -> str:
    values = {name: float(record.measure(name, layer)[-1]) for name in record.measures}
    said = [f"- **{escaped(layer)}**: tail half-life {_steps(values['tail_half_life'])}"]
    said.append(f"horizon {_steps(values['horizon'])}")
    said.append(f"{values['share_beyond_chunk']:.1%} beyond {record.chunk} steps")
    if not math.isnan(values["dc_dc"]):
        said.append(f"$dc_t/dc_{{t-1}}$ {values['dc_dc']:.3g}")
    if math.isnan(values["relative_error"]):
        return f"{', '.join(said)}. Its weights are not trained."
    return (
        f"{', '.join(said)}. Its terms add up to the gradient of its weights within a relative "
        f"error of {values['relative_error']:.1g}."
    )


def _steps(number: float) -> str:
    return "without end" if math.isinf(number) else f"{number:.3g} steps"


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
