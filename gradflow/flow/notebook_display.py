"""What a notebook shows of a flow: its heatmap, with nothing fetched from outside."""

from __future__ import annotations

import importlib
from typing import Any

PLOTLY = "application/vnd.plotly.v1+json"


def mime_bundle(flow: Any) -> dict[str, Any]:
    """The flow by MIME type: text, and its heatmap of w_x where Plotly is installed.

    Of a stack it is that of the layer next to the input, which is the way back as a whole. Plotly's
    own type is drawn by the program that shows the notebook, with the plotly.js it has. HTML is for
    all others, such as a page made of a notebook: a still picture of the same cells, since the
    script alone would be five million characters a cell, or an address outside.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    """
    try:
        # By its name when it is needed: what is drawn stands above the record of what is drawn, and
        # needs Plotly, which the core does not.
        drawing = importlib.import_module("gradflow.figures._notebook_cell")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "plotly":
            raise
        return {"text/plain": repr(flow)}
    figure, html = drawing.figure_and_picture(flow)
    return {"text/plain": repr(flow), PLOTLY: figure, "text/html": html}
