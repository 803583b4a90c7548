"""Numbers, their products and their sums in LaTeX, at any magnitude."""

from __future__ import annotations

import math
import re

import numpy as np

import gradflow as gf
from gradflow.figures.builders.number_words import digits
from gradflow.numerics.scaled import Scaled
from gradflow.ui.shared.doubtful_terms import few_digits

# What stands for a number that float64 has lost.
TOO_FEW = "too few digits"


def formula(latex: str) -> str:
    """Markdown of a formula that starts at the left and breaks where the page is narrow."""
    return f"$\\displaystyle {latex}$"


def symbol(parameter: str) -> str:
    """The name of a parameter."""
    return re.sub(r"_(\w+)", r"_{\1}", parameter)


def plain(value: float) -> str:
    """A float64."""
    with np.errstate(divide="ignore"):
        return signed(value, float(np.log10(abs(value))))


def signed(sign: float, log10: float) -> str:
    """The number sign * 10^log10, to three digits; a dash for nan."""
    if math.isnan(log10):
        return "\\text{–}"
    if log10 == -math.inf:
        return "0"
    minus = "-" if sign < 0 else ""
    if log10 == math.inf:
        return f"{minus}\\infty"
    shown, exponent = digits(log10, 2)
    power = "" if exponent is None else f" \\times 10^{{{exponent}}}"
    return minus + shown.replace(",", "{,}") + power


def scaled(value: Scaled) -> str:
    """One `Scaled` number."""
    return signed(float(value.mantissa), float(value.log10()))


def term(flow: gf.GradientFlow, parameter: str, t: int, k: int) -> str:
    """One term of a scalar cell; words where float64 has lost one that it has as 0."""
    place = t - 1, k - 1
    if not flow.sign(parameter)[place]:
        few = few_digits(flow, parameter)
        if few is not None and few[place]:
            return f"\\text{{{TOO_FEW}}}"
    return signed(flow.sign(parameter)[place], flow.log10(parameter)[place])


def total(flow: gf.GradientFlow, parameter: str, t: int) -> str:
    """dL_t/dw of a scalar cell; words where it is 0 of terms that float64 has lost."""
    sign, size = flow.sign_total(parameter), flow.log10_total(parameter)
    if not np.ravel(sign)[t - 1]:
        few = few_digits(flow, parameter)
        if few is not None and few[t - 1].any():
            return f"\\text{{{TOO_FEW}}}"
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
