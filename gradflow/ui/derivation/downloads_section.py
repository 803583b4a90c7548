"""What the page Derivation gives away: its steps with their numbers, settings and Python."""

from __future__ import annotations

from gradflow.ui.derivation import derivation_words
from gradflow.ui.derivation.chapters import CHAPTERS
from gradflow.ui.derivation.example import Example
from gradflow.ui.derivation.step import Step, has_too_few
from gradflow.ui.downloads import download_words
from gradflow.ui.downloads.button_row import File, buttons, python_file, settings_button
from gradflow.ui.downloads.python_code import snippet
from gradflow.ui.downloads.section import copies
from gradflow.ui.shared import state
from gradflow.ui.shared.folded_section import opened_section
from gradflow.ui.shared.setting_words import settings_said

SECTION = "open_derivation_downloads"


def draw_downloads(example: Example) -> None:
    """Draw the section, and its contents once it is open."""
    section = opened_section(download_words.WITHOUT_LINK, SECTION, "download")
    if section is not None:
        settings, own = example.settings, state.own_numbers()
        code = snippet(settings, own)
        with section:
            files = (
                File(
                    "Markdown",
                    lambda: derivation_markdown(example).encode(),
                    download_words.DERIVATION,
                ),
                settings_button(settings, own),
                python_file(code),
            )
            buttons(files, "gradflow_derivation")
            copies(code)


def derivation_markdown(example: Example) -> str:
    """All steps, each formula with the same line in numbers below it.

    Parameters
    ----------
    example : Example
        Whose numbers.
    """
    lines = [f"# {derivation_words.TITLE}", *settings_said(example.settings, example.T)]
    number = 0
    for title, parts in CHAPTERS:
        lines.append(f"## {title}")
        for step in (part for part in parts if isinstance(part, Step)):
            number += 1
            lines += [f"### {number}. {step.title}", step.text, *_formulas(step, example)]
    return "\n\n".join(lines) + "\n"


def _formulas(step: Step, example: Example) -> list[str]:
    formulas, missing = step.formulas(example.settings), step.missing(example)
    if missing:
        return [*(f"$$\n{formula}\n$$" for formula in formulas), missing]
    numbers = step.shown(example)
    pairs = zip(formulas, numbers, strict=True)
    lines = [f"$$\n{line}\n$$" for pair in pairs for line in pair if line]
    return [*lines, *([derivation_words.ABOUT_TOO_FEW] if has_too_few(numbers) else [])]
