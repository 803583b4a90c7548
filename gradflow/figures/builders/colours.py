"""Every colour of the figures, in one table; the same in light and dark."""

from __future__ import annotations

from types import MappingProxyType

# Viridis at nine even positions: readable with any colour vision, and in grey.
MAGNITUDE = (
    (0.0, "#440154"),
    (0.125, "#472d7b"),
    (0.25, "#3b528b"),
    (0.375, "#2c728e"),
    (0.5, "#21918c"),
    (0.625, "#28ae80"),
    (0.75, "#5ec962"),
    (0.875, "#addc30"),
    (1.0, "#fde725"),
)

# Negative blue, positive orange; the middle is what is at or below the floor.
SIGNED = (
    (0.0, "#053a70"),
    (0.2, "#2474b7"),
    (0.4, "#8fbfdd"),
    (0.5, "#e9e4da"),
    (0.6, "#f2b27a"),
    (0.8, "#d2681a"),
    (1.0, "#7f2d04"),
)

ZERO = "#8c8c8c"
CLIPPED = "#CC79A7"
DOUBTFUL = "#D55E00"
MARK = "#ff3b30"
QUIET = "#7a7a7a"
GRID = "rgba(128, 128, 128, 0.25)"

LINES = MappingProxyType(
    {
        "RNN": "#D55E00",
        "LSTM": "#3B8FD4",
        "product": "#009E73",
        "reference": "#8c8c8c",
        "i": "#E69F00",
        "f": "#009E73",
        "c": "#CC79A7",
        "o": "#56B4E9",
    }
)

# Classes of paths by number of detours: the cell path, one detour, two, and so on.
CLASSES = ("#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#882255", "#117733", "#44AA99")
REST = "#9a9a9a"

# Nodes of the unrolled graph, all light enough for dark letters.
NODES = MappingProxyType(
    {
        "x": "#c9c9c9",
        "i": "#E69F00",
        "f": "#2fb58d",
        "c'": "#CC79A7",
        "o": "#56B4E9",
        "c": "#7fb2e5",
        "h": "#d8d3c5",
        "L": "#f0e442",
        "w": "#ffffff",
    }
)
NODE_INK = "#111111"
EDGE = "rgba(128, 128, 128, 0.75)"
LIT = "#D55E00"
LIT_BAND = "rgba(213, 94, 0, 0.3)"
LIT_PAPER = "#a84300"
LIT_INK = "#ffffff"

PAPER = MappingProxyType({False: "#ffffff", True: "#0e1117"})
INK = MappingProxyType({False: "#262730", True: "#fafafa"})
