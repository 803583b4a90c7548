"""Sentences on several files of weights."""

from __future__ import annotations

from collections.abc import Sequence

from gradflow.analysis import memory
from gradflow.ui.model.several_files import MOST_FILES, MOST_MEGABYTES
from gradflow.ui.shared.markdown_text import escaped

NO_FILES = (
    "Bring the checkpoints of one training, or another model: all read the same sequence, and get "
    "the same loss. A file that is alone stands beside the model that is shown."
)

SEVERAL_FILES = (
    f"Up to {MOST_FILES} files of {MOST_MEGABYTES} MB together, in the order of their names: "
    "“step 9” comes before “step 10”. What a file leaves open is taken as in the model that is "
    "shown. They stay in this session."
)

OVER_FILES = (
    "Measures of the chosen target, file by file. Tail half-life: steps after which half of what "
    "is carried on is left, with a gap where it does not shrink. Horizon: the last lag with at "
    "least 1% of the k = 1 term. Share beyond: what truncation at the window would throw away."
)

CSV_FILE = (
    "The measures of every file, a row a file, with its name and the units. few_digits is 1 where "
    "float64 has too few digits for them."
)
NPZ_FILE = 'The same columns for numpy.load, such as `np.load("gradflow_files.npz")["model"]`.'

BOTH_WAYS = (
    "Its layers read in both directions, so that its terms have no lag; choose it as the model to "
    "see it on its own."
)

SEVERAL = "Several files at once: checkpoints, or another model"
FILES = "Files of weights"
SIDES = {"left": "On the left", "right": "On the right"}

# The curves' names.
TAIL_HALF_LIFE = "tail half-life"
HORIZON = "horizon"


def share_beyond(window: int) -> str:
    """What the curve of what truncation throws away is called."""
    return f"share beyond {window} steps"


def over_files(names: Sequence[str], found: Sequence[memory.Reach]) -> str:
    """How the horizon changes from the first file to the last, in one sentence of Markdown."""
    first, last = (f"{horizon} step{'' if horizon == 1 else 's'}" for horizon in _ends(found))
    return (
        f"At target step {found[0].t} the horizon is **{first}** in {escaped(names[0])} and "
        f"**{last}** in {escaped(names[-1])}."
    )


def few_digits(names: Sequence[str]) -> str:
    """That measures of some files cannot be relied on, in one sentence of Markdown."""
    told = ", ".join(map(escaped, names))
    return (
        f"Chequered in orange: {told}. Float64 cancels or underflows in a term of the target step, "
        "so its measures cannot be told."
    )


def _ends(found: Sequence[memory.Reach]) -> tuple[int, int]:
    return found[0].horizon, found[-1].horizon


def reach_of_file(seen: memory.Reach) -> str:
    """What one file's gradient does, in one sentence of Markdown."""
    told = seen.fall_and_tail
    return f"{told.verdict.capitalize()}: from step {seen.t} back, its gradient {told.sentence}."


def other_inputs(D: int, shown: int) -> str:
    """Why a file cannot read the sequence."""
    return (
        f"It must take as many inputs a step as the sequence has, D = {shown}. Got D = {D}; choose "
        "it as the model first to see it on its own."
    )
