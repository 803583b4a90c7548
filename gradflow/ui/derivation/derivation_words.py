"""What stands on and beside the controls of the page Derivation."""

from __future__ import annotations

LEAD = (
    "Backpropagation through time, one step after the other: each formula, and after "
    "it the same line in the numbers of the sidebar's settings, rounded for reading. Now and then "
    "you are asked to predict first; the answer is shown with settings of its own, which prove it."
)

TITLE = "Backpropagation through time"

ABOUT_TOO_FEW = (
    "Where it says “too few digits”, float64 cancels or underflows in a state that the line is "
    "made of: read no number of it as exactly zero, nor as the size that it has."
)

SHOW_ALL = "Show all"
FIRST_STEP = "Back to the first step"
QUIZ_OVER = "Start the quiz over"
PREDICT_FIRST = "Predict first; any answer opens the way on."
A_PREDICTION = "a prediction"

PREDICTION = "Your prediction"
ANSWER = "Answer"
USE = "Use these settings"
USE_HELP = "Puts the settings of this answer into the sidebar: all numbers of the page follow."


def needs_steps(steps: int, T: int) -> str:
    """Why a part has no numbers where the sequence is short."""
    have = "1 step" if T == 1 else f"{T} steps"
    return f"No numbers here: they need {steps} steps, and this sequence has {have}."


def needs_target(first: int, t: int) -> str:
    """Why a part has no numbers where the target step is early."""
    return f"No numbers here: they need a target step from {first} on, and it is t = {t}."


def opened(parts: int, every: int, score: str) -> str:
    """How far the visitor is."""
    return f"{parts} of {every} parts open · {score}"


def the_end(score: str) -> str:
    """What stands below the last part."""
    return f"This is the end of the derivation: {score}."


def next_part(name: str) -> str:
    """What stands on the button that opens the next part."""
    return f"Next: {name}"


def predict(title: str) -> str:
    """What stands over a question."""
    return f":material/help: **Predict: {title}**"


def right(why: str) -> str:
    """What is said of a right answer."""
    return f"**Yes.** {why}"


def wrong(tempts: str, option: str, why: str) -> str:
    """What is said of a wrong answer: why it tempts, and which is right."""
    return f"**Not this time.** {tempts} It is: *{option}* {why}"
