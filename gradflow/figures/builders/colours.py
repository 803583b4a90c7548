"""Every colour of the figures, in one table; the same in light and dark."""

from __future__ import annotations

from types import MappingProxyType

# Sizes from the floor up to 1, and from 1 on: 1 is the lightest, and nothing has the colour of a
# page. The lightness tells what the hue tells, for any colour vision and in grey.
SHRUNK = ("#6c5fb5", "#4689bf", "#3fb59a", "#a5d95b", "#fde725")
GROWN = ("#fde725", "#fca636", "#ec6a3a", "#c9302c", "#a3123f")

# The same by sign: negative blue, positive orange, from the colour of the floor.
NEGATIVE_SHRUNK = ("#77708f", "#4a7fc4", "#5cc0f5")
NEGATIVE_GROWN = ("#5cc0f5", "#2f74c8", "#1d4fa0")
POSITIVE_SHRUNK = ("#77708f", "#c47a3c", "#ffc04d")
POSITIVE_GROWN = ("#ffc04d", "#e0661f", "#b0340f")


def _evenly(colours: tuple[str, ...]) -> tuple[tuple[float, str], ...]:
    return tuple((n / (len(colours) - 1), colour) for n, colour in enumerate(colours))


# The scale of signed sizes up to 1, as Plotly takes it.
SIGNED = _evenly((*NEGATIVE_SHRUNK[:0:-1], *POSITIVE_SHRUNK))

# Exact zeros are a chequer of two greys, terms with too few digits one of orange and black, which
# are no colour of a size; where there is no input the page is hatched.
ZERO, ZERO_TOO = "#8c8c8c", "#b4b4b4"
DOUBTFUL, DOUBTFUL_TOO = "#D55E00", "#2b2b2b"
HATCH = "rgba(128, 128, 128, 0.45)"
CLIPPED = "#CC79A7"
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
