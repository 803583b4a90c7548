"""Text for Plotly, which reads a few HTML tags in every label."""

from __future__ import annotations

import re

# What XML, and so an SVG, cannot hold (W3C 2008, 2.2), and the other control characters.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def escaped(text: str) -> str:
    """The text with nothing left that Plotly would read as a tag or an entity, or cannot draw."""
    drawn = _NOT_TEXT.sub("\ufffd", text)
    return drawn.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def subscripted(text: str) -> str:
    """The text escaped, with w_x written with a real subscript."""
    return re.sub(r"_(\w+)", r"<sub>\1</sub>", escaped(text))


def shortened(text: str, longest: int) -> str:
    """The text, ended by an ellipsis where it is longer than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def power_of_ten(exponent: int) -> str:
    """10 to a whole power: "1", "10", "10⁻³"."""
    if exponent in (0, 1):
        return "10" if exponent else "1"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces, and within a word that is longer."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
            continue
        if lines[-1]:
            lines.append("")
        while len(word) > width:
            lines[-1], word = word[:width], word[width:]
            lines.append("")
        lines[-1] = word
    return lines
