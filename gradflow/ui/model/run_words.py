"""What the bars of runs say is being computed."""

from __future__ import annotations

from gradflow.ui.shared.markdown_text import escaped

AS_READ = "The model as read"
TERMS = "The terms"
DIGITS = "The digits"
UNITS = "The hidden units"
SIGNED = "The signed gradient"
ALL_STEPS = "All steps together"
ONE_STEP = "One step"
LENGTHS = "The lengths"


def changed(title: str) -> str:
    """The run with another forget bias, by its title."""
    return f"The same with {title}"


def terms_of_run(title: str) -> str:
    """The terms of one of two runs, by its title."""
    return f"The terms, {title}"


def measures_of_run(title: str) -> str:
    """The measures of one of two runs, by its title."""
    return f"The measures, {title}"


def digits_of_run(title: str) -> str:
    """The digits of one of two runs, by its title."""
    return f"The digits, {title}"


def gradient_of_file(name: str) -> str:
    """The run of a file."""
    return f"The gradient of {escaped(name)}"


def terms_of_file(name: str) -> str:
    """The terms of a file."""
    return f"The terms of {escaped(name)}"


def measures_of_file(name: str) -> str:
    """The measures of a file."""
    return f"The measures of {escaped(name)}"


def digits_of_file(name: str) -> str:
    """The digits of a file."""
    return f"The digits of {escaped(name)}"
