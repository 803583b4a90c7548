"""Tasks whose answer hangs on an input many steps back, told at the last step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradflow.models.tasks import CLASSES, SYMBOLS
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import finite_number, whole_number
from gradflow.sequences import WORDS_AROUND

HELD_OUT = 512

_HELD_OUT_SEED = 20_001
_CORRECT_WITHIN = 0.04  # what counts as the right sum, as Hochreiter and Schmidhuber have it


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """Sequences with an answer each, made at random.

    Attributes
    ----------
    name : str
        "agreement", "recall" or "adding".
    delay : int
        Steps between the input that decides and the last step.
    T, D : int
        Length and input size of a sequence.
    outputs : int
        Numbers that the readout gives: one a class, or 1 of a task that asks for a number.
    chance : float
        The accuracy of an answer that does not look at the sequence.
    """

    name: str
    delay: int
    T: int
    D: int
    outputs: int
    chance: float
    _make: Callable[[np.random.Generator, int], tuple[Array, Array]]

    def __repr__(self) -> str:
        return f"Task({self.name!r}, delay={self.delay}, T={self.T}, D={self.D})"

    @property
    def has_classes(self) -> bool:
        """Whether the answer is a class."""
        return self.outputs > 1

    def batch(self, generator: np.random.Generator, n: int) -> tuple[Array, Array]:
        """Sequences at random.

        Parameters
        ----------
        generator : numpy.random.Generator
            Where they come from.
        n : int
            How many.

        Returns
        -------
        x : array of shape (T, n, D)
            Inputs.
        answers : array of shape (n,)
            Classes, numbered from 0, or numbers.
        """
        return self._make(generator, whole_number("n", n, 1))

    def held_out(self) -> tuple[Array, Array]:
        """The 512 sequences that training never sees; every call gives the same."""
        return self.batch(np.random.default_rng(_HELD_OUT_SEED), HELD_OUT)

    def mean_loss(self, o: Array, answers: Array) -> float:
        """The mean of the losses, from outputs of shape (n, outputs)."""
        if not self.has_classes:
            return float(0.5 * np.mean((o[:, 0] - answers) ** 2))
        highest = o.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(o - highest).sum(axis=1)) + highest[:, 0]
        return float(np.mean(log_sum - o[np.arange(len(o)), answers]))

    def loss_slope(self, o: Array, answers: Array) -> Array:
        """The slope of the mean of the losses, (n, outputs) as the outputs are.

        In plain float64, as an optimiser takes it: where outputs leave it, so does the slope.
        """
        if not self.has_classes:
            return (o - answers[:, None]) / len(o)
        p = np.exp(o - o.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(o)), answers] -= 1.0
        return p / len(o)

    def accuracy(self, o: Array, answers: Array) -> float:
        """The share of answers that are right; of numbers, those within 0.04."""
        if self.has_classes:
            return float(np.mean(o.argmax(axis=1) == answers))
        return float(np.mean(np.abs(o[:, 0] - answers) < _CORRECT_WITHIN))


def agreement(delay: int = 20, spread: float = 0.1) -> Task:
    """The verb at the end agrees with a noun before a clause: is it singular or plural?

    The input is 1 at a singular noun and -1 at a plural one, at step 2, and noise at every other
    word, as `gradflow.sequences.agreement` has it.

    Parameters
    ----------
    delay : int
        Words from the noun to the verb, at least 2; the sentence has delay + 2.
    spread : float
        Standard deviation of the noise, from 0 on.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If an argument is not such.

    Examples
    --------
    >>> import numpy as np
    >>> from gradflow import training
    >>> task = training.agreement(delay=10)
    >>> task
    Task('agreement', delay=10, T=12, D=1)
    >>> x, answers = task.batch(np.random.default_rng(0), 4)
    >>> x[1, :, 0].tolist(), answers.tolist()
    ([-1.0, -1.0, -1.0, 1.0], [1, 1, 1, 0])
    """
    words = whole_number("delay", delay, 2) + WORDS_AROUND - 1
    size = finite_number("spread", spread)
    if size < 0.0:
        raise ValueError(f"spread must be from 0 on. Got {size}.")

    def make(generator: np.random.Generator, n: int) -> tuple[Array, Array]:
        plural = generator.integers(2, size=n)
        x = generator.standard_normal((words, n, 1)) * size
        x[1, :, 0] = 1.0 - 2.0 * plural
        return x, plural

    return Task("agreement", delay, words, 1, 2, 0.5, make)


def recall(delay: int = 20) -> Task:
    """The first symbol, one of four, is asked for after symbols of two other kinds.

    Parameters
    ----------
    delay : int
        Steps from the first symbol to the last, at least 1.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If delay is not such.

    Examples
    --------
    >>> from gradflow import training
    >>> training.recall(delay=30)
    Task('recall', delay=30, T=31, D=6)
    """
    others = whole_number("delay", delay, 1)
    every_symbol = np.eye(len(SYMBOLS))

    def make(generator: np.random.Generator, n: int) -> tuple[Array, Array]:
        answers = generator.integers(CLASSES, size=n)
        rest = generator.integers(CLASSES, len(SYMBOLS), size=(others, n))
        return every_symbol[np.concatenate([answers[None], rest])], answers

    return Task("recall", delay, others + 1, len(SYMBOLS), CLASSES, 1.0 / CLASSES, make)


def adding(delay: int = 20) -> Task:
    """The sum of two numbers that are marked, the first of them at one of the first two steps.

    Inputs are a number from 0 to 1 and its mark, 1 at two steps and 0 elsewhere. The second marked
    number is in the later half.

    Parameters
    ----------
    delay : int
        Steps from the first to the last, at least 3.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If delay is not such.

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long short-term memory", whose sequences vary in length.

    Examples
    --------
    >>> import numpy as np
    >>> from gradflow import training
    >>> x, answers = training.adding(delay=10).batch(np.random.default_rng(0), 5)
    >>> bool(np.allclose((x[..., 0] * x[..., 1]).sum(axis=0), answers))
    True
    """
    T = whole_number("delay", delay, 3) + 1

    def make(generator: np.random.Generator, n: int) -> tuple[Array, Array]:
        x = np.zeros((T, n, 2))
        x[..., 0] = generator.random((T, n))
        early, late = generator.integers(2, size=n), generator.integers(T // 2, T, size=n)
        each = np.arange(n)
        x[early, each, 1] = x[late, each, 1] = 1.0
        return x, x[early, each, 0] + x[late, each, 0]

    # The best constant answer is 1; a sum of two uniform numbers is within 0.04 of it so often.
    return Task("adding", delay, T, 2, 1, 1.0 - (1.0 - _CORRECT_WITHIN) ** 2, make)


TASKS = {"agreement": agreement, "recall": recall, "adding": adding}
