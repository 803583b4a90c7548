"""What stands at the field and the uploader of a sequence of one's own."""

from __future__ import annotations

from gradflow.numerics.scaled import Array
from gradflow.ui.shared.setting_fields import LONGEST

PASTE = "Paste numbers"
PASTE_HELP = (
    "Separated by commas, spaces or new lines. They stay in this session and are not in the link."
)
FILE = "or a CSV or NPY file"
COLUMN = "Column"
FIRST_COLUMN = "the first that does not count the rows"
FORGET = "Forget these numbers"


def pasted(D: int) -> str:
    """What the empty field shows, of D numbers a step."""
    return "0.5, -1.2, 3" if D == 1 else f"{D} numbers a row, one row a step"


def file_help(D: int) -> str:
    """What a file of D numbers a step has in it."""
    if D == 1:
        return "One number a line, or a table with a header line, of which you choose a column."
    return f"One row of D = {D} numbers a step."


def still(numbers: Array | None, D: int) -> str:
    """What is in use after an error."""
    if numbers is None or numbers.shape[1] != D:
        return "Seeded noise is shown."
    count = min(len(numbers), LONGEST)
    return f"Still in use: the {count} step{'' if count == 1 else 's'} read before."


def said(numbers: Array | None, D: int) -> str:
    """A sentence that says which of the numbers are used."""
    if numbers is None:
        return "No numbers yet: a seeded sequence is shown."
    T, found = numbers.shape
    if found != D:
        return f"Your numbers have {found} in each step and not {D}: a seeded sequence is shown."
    what = "number" if D == 1 else "step"
    if T > LONGEST:
        return f"{T:,} {what}s read; the first {LONGEST} are used."
    return f"1 {what} read, all used." if T == 1 else f"{T} {what}s read, all used."
