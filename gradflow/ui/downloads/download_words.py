"""What stands on and beside the widgets of the downloads, on every page."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from gradflow.ui.shared.setting_fields import LONGEST_WHOLE

if TYPE_CHECKING:  # a server's start imports these words, and no figures
    from gradflow.figures.builders.print_format import Width

# The longest sequence whose page of charts has a label for each cell, so that it stays below 10 MB.
LABELLED = 200

DOWNLOADS = "Downloads"
SECTION = "Downloads, Python and link to copy"
WITHOUT_LINK = "Downloads and Python"

# Pictures, by their format.
PICTURES = MappingProxyType(
    {
        "png": "The charts as one picture in pixels, for slides.",
        "svg": "The same picture as vectors, for the web or an editor.",
        "pdf": "The same picture as vectors on one page, for print.",
    }
)
CHARTS = (
    "A page with all charts to zoom in, which opens without a network (5 to 10 MB). Of up to "
    f"{LABELLED} steps each cell tells its term."
)

NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on the machine that runs gradflow. The camera in a "
    "chart's own bar still saves PNG and SVG."
)
TOO_SLOW = (
    "The browser that draws the images took too long, and was ended. Try again, or a shorter "
    "sequence; the camera in a chart's own bar still saves PNG and SVG."
)
NO_IMAGE = (
    "The browser that draws the images failed. Try again; the camera in a chart's own bar still "
    "saves PNG and SVG."
)
ONE_AT_A_TIME = "One file at a time: another of yours is still being made."
BUSY = "Many visitors want pictures just now. Try again in a moment, or take another kind of file."

PANELS = "In PNG, SVG and PDF"
WIDTH = "Width"
WIDTHS: MappingProxyType[Width, str] = MappingProxyType(
    {
        "column": "one column, 85 mm",
        "columns": "two columns, 178 mm",
        "slide": "slide, 13.33 inches",
    }
)
LETTERS = "Letters (pt)"
LETTERS_HELP = "The size of the numbers and words in the picture, when it is printed at this width."
DARK = "Dark paper"
ZOOMED = "Zoomed part only"
ZOOMED_HELP = "What the heatmaps show now, instead of all steps."

PYTHON = "Python that makes the same terms with the library, as it stands below."
SETTINGS = "All settings, with your own numbers where they are used. Compare loads it back."
TERMS_TABLE = (
    "The terms of the chosen parameter, one row a term, with 1 where float64 has lost it; for the "
    f"LSTM those of each gate. Beyond {LONGEST_WHOLE} steps those of the chosen target."
)
TERMS_ARRAYS = (
    "For numpy.load: sign and log10 of the terms of every parameter (beyond "
    f"{LONGEST_WHOLE} steps of the chosen one, packed, with the Python that reads it), the product "
    "of the forget gates, the inputs and the settings."
)
PATHS_TABLE = (
    "The terms along the cell, by detours and by all paths, one row a term. Beyond "
    f"{LONGEST_WHOLE} steps those of the chosen target."
)
MODEL_TABLE = (
    f"The terms that are shown, one row a term. Beyond {LONGEST_WHOLE} steps those of the chosen "
    "target."
)
SQUARES_TABLE = (
    f"The terms that are shown, one row a term. Beyond {LONGEST_WHOLE} steps those of the last "
    "target."
)
MODEL_ARRAYS = (
    "For numpy.load: log10 of all terms that are shown, the inputs, the targets with their weights "
    "in the loss, and the settings."
)
MODEL_SETTINGS = "The settings, the inputs and the targets; not the model's weights."
DERIVATION = "All steps with their formulas and these numbers, for a script or slides."
