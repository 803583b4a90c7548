"""Cells of every kind with random weights."""

import gradflow as gf

KINDS = ("rnn", "lstm", "projected lstm", "gru", "original gru", "stack")
H = 3


def cell_of(kind, generator, D, scale=1.0):
    """A cell of H units, or a stack whose last layer has so many."""
    if kind == "stack":
        lower = _layer("lstm", generator, D, 4, scale)
        middle = _layer("original gru", generator, 4, 3, scale)
        return gf.Stack([lower, middle, _layer("rnn", generator, 3, H, scale)])
    return _layer(kind, generator, D, H, scale)


def _layer(kind, generator, D, width, scale):
    if kind == "projected lstm":
        units = width + 2
        shapes = ((4, units, D), (4, units, width), (4, units), (width, units))
        return gf.ProjectedLSTM(*(scale * generator.normal(size=shape) for shape in shapes))
    gates = {"rnn": (), "lstm": (4,)}.get(kind, (3,))
    shapes = ((*gates, width, D), (*gates, width, width), (*gates, width))
    weights = [scale * generator.normal(size=shape) for shape in shapes]
    if kind == "gru":
        return gf.GRU(*weights, b_hn=generator.normal(size=width))
    if kind == "original gru":
        return gf.GRU(*weights, reset_after=False)
    return {"rnn": gf.RNN, "lstm": gf.LSTM}[kind](*weights)
