"""Input sequences: ones, an impulse, a sine, noise, a long sentence; one's own from text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradflow.numbers_in_text import number_columns, parse_numbers
from gradflow.numerics.validation import (
    finite_array,
    finite_number,
    frozen,
    shown,
    true_or_false,
    whole_number,
)

__all__ = [
    "Agreement",
    "agreement",
    "impulse",
    "next_symbols",
    "noise",
    "number_columns",
    "ones",
    "parse_numbers",
    "signs",
    "sine",
]

Floats = NDArray[np.float64]

# Words of the sentence outside the clause: The, cat, and was.
WORDS_AROUND = 3

_FOODS = (
    "fish",
    "rice",
    "bread",
    "cheese",
    "chicken",
    "soup",
    "eggs",
    "ham",
    "cream",
    "beans",
    "tuna",
    "butter",
    "cake",
    "shrimp",
    "noodles",
    "milk",
    "porridge",
    "bacon",
    "crab",
    "pie",
    "sausages",
    "yoghurt",
    "salmon",
    "crumbs",
)


@dataclass(frozen=True, eq=False)
class Agreement:
    """A sentence whose verb agrees with a noun many words before it.

    Attributes
    ----------
    x : array of shape (T,)
        Input at each word: 1 at a singular noun or -1 at a plural one (step 2), else noise.
    words : tuple of T str
        The sentence; the last word is the verb, the target step.

    See Also
    --------
    agreement : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> sentence = gf.sequences.agreement(4, plural=False, generator=np.random.default_rng(0))
    >>> sentence
    Agreement(T=7, 'The cat which already ate fish was')
    >>> sentence.x.round(1)
    array([ 0. ,  1. ,  0.1,  0. , -0.1,  0. ,  0.1])
    """

    x: Floats
    words: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Agreement(T={len(self.x)}, {shown(' '.join(self.words))})"


def ones(T: int) -> Floats:
    """1 at every step.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on.

    See Also
    --------
    impulse, sine, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.ones(3)
    array([1., 1., 1.])
    """
    return frozen(np.ones(whole_number("T", T, 1)))


def impulse(T: int) -> Floats:
    """1 at step 1 and 0 after it.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on.

    See Also
    --------
    ones, sine, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.impulse(3)
    array([1., 0., 0.])
    """
    x = np.zeros(whole_number("T", T, 1))
    x[0] = 1.0
    return frozen(x)


def sine(T: int, period: float = 20.0) -> Floats:
    """sin(2 pi j / period) at step j.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.
    period : float
        In steps, above 0.

    Returns
    -------
    array of shape (T,)
        Exactly 0 at the sine's zeros, where rounding would leave some 1e-16.

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on, or period is not a finite number above 0.

    See Also
    --------
    ones, impulse, noise, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.sequences.sine(4, period=4.0)
    array([ 1.,  0., -1.,  0.])
    """
    steps = np.arange(1, whole_number("T", T, 1) + 1)
    turns = steps / _at_least("period", period, 1e-3)
    x = np.sin(2.0 * np.pi * (turns % 1.0))
    return frozen(np.where(np.abs(x) < 1e-12 * np.maximum(turns, 1.0), 0.0, x))


def noise(T: int, generator: np.random.Generator) -> Floats:
    """Independent standard normal numbers.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.
    generator : numpy.random.Generator
        Where they come from.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on, or generator is not a Generator.

    See Also
    --------
    ones, impulse, sine, agreement : Other inputs.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> gf.sequences.noise(3, np.random.default_rng(0)).shape
    (3,)
    """
    return frozen(_generator(generator).standard_normal(whole_number("T", T, 1)))


def signs(T: int, generator: np.random.Generator) -> Floats:
    """1 or -1 at every step, at random: steps that are all of one size.

    Parameters
    ----------
    T : int
        Sequence length, at least 1.
    generator : numpy.random.Generator
        Where they come from.

    Returns
    -------
    array of shape (T,)

    Raises
    ------
    ValueError
        If T is not a whole number from 1 on, or generator is not a Generator.

    See Also
    --------
    noise : Steps of all sizes.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> gf.sequences.signs(5, np.random.default_rng(0))
    array([ 1.,  1.,  1., -1., -1.])
    """
    return frozen(_generator(generator).choice([-1.0, 1.0], whole_number("T", T, 1)))


def next_symbols(x: Any) -> NDArray[np.int64]:
    """The symbol that follows each step, for a model that predicts the next one.

    Parameters
    ----------
    x : array of shape (T, D)
        Symbols as inputs: a single 1 in each row, and 0 elsewhere.

    Returns
    -------
    int array of shape (T - 1,)
        The classes of steps 2 .. T. The last step has none, so that the inputs are x[:-1].

    Raises
    ------
    ValueError
        If a row is no symbol, or there is only one.

    See Also
    --------
    gradflow.SoftmaxCrossEntropy : Takes them as its target.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> gf.sequences.next_symbols(np.eye(3)[[0, 2, 1, 1]]).tolist()
    [2, 1, 1]
    """
    symbols = finite_array("x", x)
    one_each = symbols.ndim == 2 and bool(
        ((symbols == 0.0) | (symbols == 1.0)).all() and (symbols.sum(axis=1) == 1.0).all()
    )
    if not one_each or len(symbols) < 2:
        raise ValueError(
            "x must have shape (T, D) with T from 2 on, and a single 1 in each row of zeros. "
            f"Got {shown(x)}."
        )
    return frozen(symbols[1:].argmax(axis=1))


def agreement(
    clause: int, plural: bool, generator: np.random.Generator, spread: float = 0.1
) -> Agreement:
    """The sentence "The cat, which already ate ..., was full", up to its verb.

    What the verb needs, the number of its noun, was read a whole relative clause earlier.

    Parameters
    ----------
    clause : int
        Words between the noun and the verb, at least 1; the sentence has T = clause + 3 words.
    plural : bool
        "The cats .. were" instead of "The cat .. was".
    generator : numpy.random.Generator
        Where the inputs of the other words come from.
    spread : float
        Standard deviation of those inputs, at least 0.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If clause is not a whole number from 1 on, plural is not a bool, generator is not a
        Generator or spread is not a finite number from 0 on.

    See Also
    --------
    ones, impulse, sine, noise : Other inputs.

    References
    ----------
    Linzen, Dupoux and Goldberg (2016), "Assessing the ability of LSTMs to learn syntax-sensitive
    dependencies".

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> found = gf.sequences.agreement(6, plural=True, generator=np.random.default_rng(0))
    >>> print(*found.words)
    The cats which already ate fish and rice were
    """
    length = whole_number("clause", clause, 1)
    x = _generator(generator).standard_normal(length + WORDS_AROUND) * _at_least(
        "spread", spread, 0.0
    )
    many = true_or_false("plural", plural)
    x[1] = -1.0 if many else 1.0
    noun, verb = ("cats", "were") if many else ("cat", "was")
    return Agreement(frozen(x), ("The", noun, *_relative_clause(length), verb))


def _relative_clause(length: int) -> list[str]:
    if length < 3:
        return ["outside"] if length == 1 else ["which", "ate"]
    # A list of foods with "and" between has an odd number of words: "the" before it makes it even.
    left = length - 3
    article = ["the"] if left and left % 2 == 0 else []
    foods = islice(cycle(_FOODS), (left + 1) // 2)
    listed = [word for food in foods for word in ("and", food)][1:]
    return ["which", "already", "ate", *article, *listed]


def _at_least(name: str, value: Any, least: float) -> float:
    number = finite_number(name, value)
    if number < least:
        raise ValueError(f"{name} must be a finite number from {least:g} on. Got {value}.")
    return number


def _generator(generator: Any) -> np.random.Generator:
    if not isinstance(generator, np.random.Generator):
        raise ValueError(f"generator must be a numpy.random.Generator. Got {shown(generator)}.")
    return generator
