"""Sentences on many sequences."""

from __future__ import annotations

from gradflow.figures.builders.number_words import number
from gradflow.surveys import Survey
from gradflow.ui.model.data_set import MOST, MOST_NUMBERS, DataSet
from gradflow.ui.shared.setting_fields import LONGEST

FILES_READ = "CSV, NPY or NPZ files"
GO_ON = "Survey them"
DATA_SET = (
    "Many CSV files, a sequence each; or an array of shape (N, T, D) in an .npy, or as x in an "
    ".npz beside lengths, the steps of each. The .npz may hold mask (N, T), the steps that count, "
    "and y (N,) or (N, T), targets for a loss with targets. "
    f"Up to {MOST:,} sequences and {MOST_NUMBERS // 1_000_000} million numbers. They stay in this "
    "session and are not in the link."
)

SURVEY = (
    "Size of the signal, the gradient of the bias b over all gates, against the lag, relative to "
    "k = 1: of every target of every sequence. Half of the terms lie in the dark band, 90% in the "
    "light one. Sequences have the loss that is shown above."
)

SURVEY_ERRORS = (
    "By how much truncation changes the mean gradient of all sequences: what lies beyond the "
    "sliding window, or beyond the chunk."
)

STEM = "gradflow_survey"

FILES = {
    "CSV": "The bands of every layer, a row for each lag, with the model's name and the units.",
    "NPZ": "The same for numpy.load, with the number of sequences.",
}

# Python that reads a file back.
READ_BACK = (
    f'Read back with `np.load("{STEM}.npz")["0/log10"]`, or `pandas.read_csv`: the docstring of '
    "`gradflow.Survey.save_bands`, which writes the same files, shows how and names the arrays."
)


def sequences_read(held: DataSet | None, D: int) -> str:
    """A sentence that says which of the user's sequences are used."""
    if held is None:
        return "No sequences yet: a seeded sequence is shown."
    if held.D != D:
        return f"Your sequences have {held.D} in each step and not {D}: a seeded sequence is shown."
    lengths = [len(x) for x in held.sequences]
    least, most = min(lengths), max(lengths)
    steps = f"{most:,} steps" if least == most else f"{least:,} to {most:,} steps"
    cut = f"; of each the first {LONGEST:,} are used" if most > LONGEST else ""
    return f"{_sequences(len(lengths))} of {steps}{cut}."


def _sequences(count: int) -> str:
    return "1 sequence" if count == 1 else f"{count:,} sequences"


def left_out(name: str, why: str) -> str:
    """That a sequence is left out, and the reason, which is a sentence."""
    return f"{name} is left out: {why}"


def all_sequences(count: int) -> str:
    """What is surveyed, as a heading."""
    return f"All {_sequences(count)}" if count > 1 else "The sequence as bands"


def more_left_out(count: int) -> str:
    """How many more sequences are left out than are named."""
    return f"{_sequences(count)} more {'is' if count == 1 else 'are'} left out."


def surveyed(found: Survey, layer: int) -> str:
    """What many sequences say, in two sentences of Markdown."""
    verdicts = found.verdicts(layer)
    told = ", ".join(f"{count} {name}" for name, count in verdicts.items() if count)
    horizon = found.distribution("horizon", 0.01, layer)
    low, middle, high = (number(horizon.quantile(q)) for q in (0.05, 0.5, 0.95))
    return (
        f"Of {_sequences(found.count)}: **{told}**, each at its last target. The median "
        f"**horizon** is **{middle} steps**; nine tenths lie from {low} to {high}."
    )
