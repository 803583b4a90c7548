"""Sentences on a run of the visitor's own, which a watch has recorded elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradflow.ui.shared.markdown_text import escaped
from gradflow.watching import WatchRecord

TITLE = "Your own run"
FILE = "The record of a watch (.npz)"
FILE_HELP = "It stays in this session, and is not in the link."
LEAD = (
    "`gradflow.torch.watch` measures your network while PyTorch trains it; `watch.save` writes the "
    "file that opens here."
)
LAYERS = "Layers, at most {most} of {number}"
READING = (
    "A column of colours is a pass, and a row a lag: the terms of the bias $b$ of each layer as a "
    "part of their $k = 1$ term, medians over the sequences of the probe. A measure that is "
    "infinite leaves a gap."
)


def summary(record: WatchRecord, layers: Sequence[str]) -> str:
    """What the last pass says of some layers, a line each; Markdown."""
    number = len(record.updates)
    if not number:
        return "The record has no pass yet."
    first, last = record.updates[0], record.updates[-1]
    passes = f"One pass, after {first} updates:"
    if number > 1:
        passes = f"{number} passes, after {first} to {last} updates. At the last:"
    return "\n".join([passes, "", *(_line(record, layer) for layer in layers)])


def _line(record: WatchRecord, layer: str) -> str:
    values = {name: float(record.measure(name, layer)[-1]) for name in record.measures}
    if math.isnan(values["horizon"]):
        return f"- **{escaped(layer)}**: not measured at this pass."
    said = [f"- **{escaped(layer)}**: tail half-life {_steps(values['tail_half_life'])}"]
    said.append(f"horizon {_steps(values['horizon'])}")
    said.append(f"{values['share_beyond_chunk']:.1%} beyond {_steps(record.chunk)}")
    if not math.isnan(values["dc_dc"]):
        said.append(f"$dc_t/dc_{{t-1}}$ {values['dc_dc']:.3g}")
    if math.isnan(values["relative_error"]):
        return f"{', '.join(said)}. Its weights get no gradient."
    return (
        f"{', '.join(said)}. Its terms add up to the gradient of its weights within a relative "
        f"error of {values['relative_error']:.1g}."
    )


def _steps(number: float) -> str:
    if math.isinf(number):
        return "without end"
    return "1 step" if number == 1.0 else f"{number:.3g} steps"
