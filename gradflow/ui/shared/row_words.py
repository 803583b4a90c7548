"""Sentences on one row of terms: how far back it reaches, in facts that can be read off the row."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gradflow.analysis.memory import Reach
from gradflow.figures.builders.number_words import part

# log10 of how many times its own term a row must grow to before that is said.
_GROWN = math.log10(5.0)


class Finding(NamedTuple):
    """What is said of one row.

    Attributes
    ----------
    head : str
        The finding, a whole sentence.
    facts : str
        The numbers behind it, in whole sentences.
    """

    head: str
    facts: str

    @property
    def markdown(self) -> str:
        """Both as one paragraph."""
        return f"**{self.head}** {self.facts}"


def finding(name: str, seen: Reach, unsure: bool) -> Finding:
    """How far one network's terms reach back from a target step.

    Parameters
    ----------
    name : str
        The network.
    seen : Reach
        The measures of the row that is shown, with an eps of 1%.
    unsure : bool
        Whether some of its terms have too few digits.
    """
    t, row = seen.t, seen.log10_signal
    if unsure:
        return Finding(
            f"Float64 has too few digits for the {name}.",
            "How far it reaches cannot be told: a state that terms of "
            f"step {t} are made of cancels or underflows.",
        )
    some = np.flatnonzero(np.isfinite(row)) + 1
    if not some.size:
        return Finding(f"The {name} has no gradient here.", f"Every term of step {t} is zero.")
    if some[0] > 1:
        largest = int(row.argmax()) + 1
        return Finding(
            f"The {name}'s step {t} itself does not count.",
            f"Its own term is zero; the largest is that of step {t + 1 - largest}.",
        )
    if t == 1:
        return Finding(f"The {name} has one step only.", "There is nothing to carry back.")
    last = int(some[-1])
    if last == 1:
        return Finding(
            f"The {name} goes no step back.", f"Every term but that of step {t} itself is zero."
        )
    return Finding(_head(name, seen, last), " ".join(_facts(seen, last)))


def _head(name: str, seen: Reach, last: int) -> str:
    """The finding; where the verdict and the last term do not agree, neither is claimed."""
    first_step, left = seen.t + 1 - last, _over_own(seen, last)
    if seen.verdict == "vanishing" and seen.horizon < last:
        return f"The {name} forgets."
    if seen.verdict == "exploding" and left > _GROWN:
        return f"The {name} explodes."
    if seen.verdict == "stable" and seen.horizon == last:
        return f"The {name} reaches back to step {first_step}."
    return f"The {name} from step {seen.t} back to step {first_step}:"


def _facts(seen: Reach, last: int) -> list[str]:
    t, peak = seen.t, int(seen.log10_signal.argmax()) + 1
    first, left = t + 1 - last, part(_over_own(seen, last))
    said = [f"Step {first} has {left} step {t}'s own term."]
    if seen.horizon < last:
        said = [
            f"{_back(seen.horizon)} less than 1% of step {t}'s own term is left; "
            f"step {first} has {left} it."
        ]
    if peak < last and _over_own(seen, peak) > _GROWN:
        said.append(f"The most is {part(_over_own(seen, peak))} it, at step {t + 1 - peak}.")
    if last < t:
        said.append(f"Before step {first} every term is zero.")
    return said


def _over_own(seen: Reach, k: int) -> float:
    """log10 of the term at lag k over that of the target step itself."""
    return float(seen.log10_signal[k - 1] - seen.log10_signal[0])


def _back(horizon: int) -> str:
    if horizon == 1:
        return "From one step back on"
    return f"More than {horizon - 1} step{'' if horizon == 2 else 's'} back"
