"""Numbers in LaTeX, in the form that the rest of the page has them in."""

from __future__ import annotations

import re

import numpy as np

import gradflow as gf
from gradflow.figures.builders.number_words import number, power
from gradflow.figures.builders.text import SUPERSCRIPTS
from gradflow.numerics.scaled import Scaled

_PLAIN = {chr(raised): chr(plain) for plain, raised in SUPERSCRIPTS.items()}
_RAISED = re.compile(f"[{''.join(_PLAIN)}]+")


def formula(latex: str) -> str:
    """Markdown of a formula that starts at the left and breaks where the page is narrow."""
    return f"$\\displaystyle {latex}$"


def plain(value: float) -> str:
    """A number as it stands in a formula."""
    return _latex(number(float(value)))


def signed(sign: float, log10: float) -> str:
    """The number sign * 10^log10, at any magnitude."""
    return ("-" if sign < 0 else "") + _latex(power(float(log10)))


def scaled(value: Scaled) -> str:
    """One `Scaled` number."""
    return signed(float(value.mantissa), float(value.log10()))


def term(flow: gf.GradientFlow, parameter: str, t: int, k: int) -> str:
    """One term of a scalar cell."""
    place = t - 1, k - 1
    return signed(flow.sign(parameter)[place], flow.log10(parameter)[place])


def total(flow: gf.GradientFlow, parameter: str, t: int) -> str:
    """dL_t/dw of a scalar cell."""
    sign, size = flow.sign_total(parameter), flow.log10_total(parameter)
    return signed(float(np.ravel(sign)[t - 1]), float(size[t - 1]))


def factor(latex: str) -> str:
    """A number in a product: a negative one, or one with a power of ten, in parentheses."""
    return f"({latex})" if latex.startswith("-") or "times" in latex else latex


def product(*factors: str) -> str:
    """Numbers multiplied; a line may break between any two."""
    return " \\cdot ".join(map(factor, factors))


def summed(*parts: str) -> str:
    """Numbers added; a line may break between any two."""
    return " + ".join(f"({part})" if part.startswith("-") else part for part in parts)


def _latex(text: str) -> str:
    raised = _RAISED.sub(lambda m: "^{" + "".join(_PLAIN[c] for c in m.group()) + "}", text)
    for shown, latex in (("×", "\\times"), ("∞", "\\infty"), (",", "{,}"), ("–", "\\text{–}")):
        raised = raised.replace(shown, latex)
    return raised
