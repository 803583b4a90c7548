"""Small panels of an RNN's terms, and what a figure holds."""

from __future__ import annotations

import numpy as np

import gradflow as gf
from gradflow.figures.builders.panel import Panel

X = np.array([1.0, 0.0, -2.0, 0.5])


def panel(x=X, title="RNN", w_s=-0.5, **changes):
    flow = gf.gradient_flow(gf.RNN(0.5, w_s), x)
    fields = {
        "title": title,
        "quantity": "dL_t/dw_x",
        "log10": flow.log10("w_x"),
        "sign": flow.sign("w_x"),
        "share": flow.share("w_x"),
        "inputs": np.asarray(x, dtype=float),
    }
    return Panel(**{**fields, **changes})


def empty_panel():
    square = np.zeros((0, 0))
    return Panel("RNN", "dL_t/dw_x", square, None, square, np.zeros(0))


def trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def titles(figure):
    return [annotation.text for annotation in figure.layout.annotations]
