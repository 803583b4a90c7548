"""The README's fenced blocks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


PROGRAMS = [program for program in blocks("python") if "import gradflow" in program]

# Each program with what the README says that it prints.
EXAMPLES = [
    pytest.param(program, shown, id=f"example {number}")
    for number, (program, shown) in enumerate(zip(PROGRAMS, blocks("text"), strict=True), 1)
]
