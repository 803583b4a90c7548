"""Formulas and sentences that explain one term: what made it small, and which paths carry it."""

from __future__ import annotations

import math

from gradflow.analysis.term_factors import Factor
from gradflow.figures.builders.number_words import percent, power, signed, signed_percent
from gradflow.ui.comparison.term_parts import Paths, Product, Term, Value
from gradflow.ui.shared import latex

# What fits a line of a formula on a phone, in digits, and what of LaTeX takes no room there.
_LONGEST_LINE = 30
_MARKUP = str.maketrans("", "", "^{}")

# log10 from which on a second factor is worth a word.
_SEEN = 0.1

_DETOURS = (
    "A detour takes one step back through $h$ and a gate's recurrent weight instead of along the "
    "cell. Shares are of the summed sizes; what pulls against the sum is negative."
)

UNSURE = (
    "**Float64 has too few digits here.** It cancels or underflows in a state that the term is "
    "made of: read no number of it as exactly zero, nor as the size that it has."
)
CELL_PATH = "cell path"
LSTM_CELL_PATH = "LSTM, cell path"

# What the product of all factors is.
THE_TERM = "the term"
THE_CELL_PATH = "the cell path"

UNSURE_PATHS = "Which paths carry the term cannot be told."

# log10 from which on downward a factor is small enough for a cause to be named.
_SMALL = -1.0

# The cause of a small factor, by the factor's name.
CAUSES = {
    "slope of the loss": "The loss sends little back from the target step.",
    "readout": "The output hardly sees the state.",
    "output gate": "The gate lets little of the cell out.",
    "slope at the cell state": "Saturation: the tanh of a large cell state is flat.",
    "slope of the gate": "The gate hardly moves the cell there.",
    "slope of the output gate": "The gate hardly moves the hidden state there.",
    "input": "The weight multiplied little.",
    "state before": "The weight multiplied little.",
}

# What is multiplied in a factor of many numbers, by the factor's name.
_MANY = {
    "activation slopes": "slopes",
    "recurrent weight": "times $w_s$",
    "forget gates": "forget gates",
}

# The name of the factor that stands for a path that is not there.
_NO_PATH = "no cell path to this gate"


def title(t: int, k: int, parameter: str = "") -> str:
    """The heading of the section, with the LSTM's parameter where it is not the heatmap's."""
    named = f", {parameter} of the LSTM" if parameter else ""
    return f"One cell explained: t\u00a0=\u00a0{t}, k\u00a0=\u00a0{k}{named}"


def place(t: int, k: int) -> str:
    """A sentence that says which term is explained, and how to choose another."""
    back = {1: "the target step itself", 2: "one step back"}.get(k, f"{k - 1} steps back")
    return (
        f"The part that step {t + 1 - k} ({back}) has in the gradient of the loss at step {t}. "
        "Choose another lag $k$ or target $t$ here, or pick a cell of a heatmap."
    )


def heading(name: str, parameter: str, t: int, k: int, path: str = "") -> str:
    """The heading of a formula: the network, its path, the gradient and the lag."""
    along = f", {path}" if path else ""
    return f"**{name}{along}:** $dL_{{{t}}}/d{latex.symbol(parameter)}$ at $k = {k}$"


def formula(product: Product, a_line: int) -> str:
    """A product in LaTeX: its symbols, its numbers, its value.

    Parameters
    ----------
    product : Product
        The factors and their product.
    a_line : int
        How many symbols fit a line on a phone.
    """
    symbols = [factor.symbol for factor in product.factors]
    lines = [symbols[n : n + a_line] for n in range(0, len(symbols), a_line)]
    numbers = _lines([latex.factor(_latex(factor)) for factor in product.factors])
    return (
        rf"\begin{{aligned}}&{_broken(lines)} \\[4pt] &= {_broken(numbers)} \\[4pt] "
        rf"&= {_latex(product.value)}\end{{aligned}}"
    )


def why(product: Product) -> str:
    """The factor that made a product small or large, and the one that worked against it."""
    if any(factor.name == _NO_PATH for factor in product.factors):
        return "**Exactly zero:** the output gate acts on $h$ alone, off the path along the cell."
    zeros = [f"{factor.name} ${factor.symbol}$" for factor in product.factors if not factor.sign]
    if zeros:
        factors = "a zero factor" if len(zeros) == 1 else "zero factors"
        return f"**Exactly zero**, because of {factors}: {', '.join(zeros)}."
    small, large = product.smallest, product.largest
    if product.decisive.log10 == 0.0:
        return "**No factor changes the size.**"
    if product.value.log10 > 0.0:
        parts = [f"**Largest factor: {large.name}**, {_equation(large)}."]
        if small.log10 < -_SEEN:
            parts.append(f"Smallest: {small.name}, {_equation(small)}.")
    else:
        parts = [f"**Smallest factor: {small.name}**, {_equation(small)}.", *_causes(product)]
        if large.log10 > _SEEN:
            parts.append(f"Against it: {large.name}, {_equation(large)}.")
    return " ".join(parts)


def _causes(product: Product) -> list[str]:
    """Why the smallest factor is small: its average, or a cause where there is one."""
    small = product.smallest
    count = product.counts.get(small.name, 1)
    if small.name not in _MANY:
        return [CAUSES[small.name]] if small.log10 <= _SMALL and small.name in CAUSES else []
    mean = small.log10 / count
    said = [f"That is {count} {_MANY[small.name]}, on average {power(mean)}."] if count > 1 else []
    steepest = math.log10(product.steepest)
    if small.name == "activation slopes" and mean < steepest - math.log10(2.0):
        said.append("Saturation: they are less than half as steep as the activation can be.")
    return said


def about_paths(gate: str, cell: Term) -> str:
    """The gate that is explained where none was chosen, and what a detour is."""
    shown = {"all": "the norm over the four gates", "product": "the product of the forget gates"}
    said = []
    if gate in shown:
        name = latex.symbol(cell.names[1])
        said.append(f"The heatmap shows {shown[gate]}; here it is one gate's, ${name}$.")
    if cell.k > 1:
        said.append(_DETOURS)
    return " ".join(said)


def dominance_said(paths: Paths) -> str:
    """A sentence on whether the cell path or the detours carry the LSTM's term."""
    cell, rest, whole = paths.values[0], paths.rest, paths.whole
    if paths.dominant_part is None:
        return "**Every path is exactly zero.**"
    if len(paths.labels) == 1:
        return "**There is one path only.** At $k = 1$ no step back is taken."
    if not cell.sign:
        return "**The detours carry all of it.** The cell path is exactly zero."
    if not rest.sign:
        return "**The cell path carries all of it.** The detours add up to exactly zero."
    if paths.dominant_part == "neither":
        return _cancelled(cell, rest, whole)
    if paths.dominant_part == "cell":
        if rest.sign == cell.sign:
            return f"**The cell path carries most of it:** {_share_of(cell, whole)}."
        return f"**The cell path carries it.** The detours cancel {_share_of(rest, cell)} of it."
    if rest.sign == cell.sign:
        return (
            "**The detours carry most of it.** The cell path, which many texts take for the "
            f"whole, is {_share_of(cell, whole)}."
        )
    return (
        "**The detours carry it.** The cell path, which many texts take for the whole, has the "
        f"other sign and cancels {_share_of(cell, rest)} of theirs."
    )


def _cancelled(cell: Value, rest: Value, whole: Value) -> str:
    if not whole.sign:
        return "**The cell path and the detours cancel** to exactly zero."
    larger = max(cell, rest, key=lambda value: value.log10)
    name = "cell path" if larger is cell else "detours"
    alone = power(larger.log10 - whole.log10)
    return f"**The cell path and the detours cancel.** The {name} alone would be {alone} times it."


def _share_of(one: Value, other: Value) -> str:
    return percent(10.0 ** (one.log10 - other.log10))


def table(paths: Paths) -> dict[str, list[str]]:
    """The classes of paths and their sum, by column."""
    values = (*paths.values, paths.whole)
    shares = zip(values, paths.shares, strict=True)
    return {
        "LSTM's paths": [*paths.labels, "sum: the term"],
        "Value": [value_words(value) for value in values],
        "Share": [_share_words(value, share) for value, share in shares],
    }


BARS = (
    "A bar to the left makes the product smaller, one to the right larger. Full colour: what "
    "made it small, or large. Outlined: the product."
)


def value_words(value: Value | Factor) -> str:
    """A value at any magnitude, for people."""
    return signed(value.sign, value.log10)


def _share_words(value: Value, share: float) -> str:
    # A class may be so far below the largest that its share is zero in float64, and is yet not 0.
    return "< 0.1%" if value.sign and abs(share) < 5e-4 else signed_percent(share)


def _equation(factor: Factor) -> str:
    return f"${factor.symbol} = {_latex(factor)}$"


def _latex(value: Value | Factor) -> str:
    return latex.signed(value.sign, value.log10)


def _lines(numbers: list[str]) -> list[list[str]]:
    """The numbers in lines that are short enough for a phone."""
    lines = [numbers[:1]]
    for number in numbers[1:]:
        if _width([*lines[-1], number]) > _LONGEST_LINE:
            lines.append([])
        lines[-1].append(number)
    return lines


def _broken(lines: list[list[str]]) -> str:
    return r" \\ &\quad \cdot ".join(r" \cdot ".join(line) for line in lines)


def _width(numbers: list[str]) -> float:
    """About how wide a product is, in digits."""
    bare = [number.replace(r" \times ", "××") for number in numbers]
    return sum(len(number.translate(_MARKUP)) + 1.5 for number in bare)
