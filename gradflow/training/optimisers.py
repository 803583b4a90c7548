"""What turns a gradient into new weights: clipping, and the optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradflow.numerics.scaled import Array

Arrays = Mapping[str, Array]

_MEAN, _SQUARE, _LEAST = 0.9, 0.999, 1e-8  # Adam's beta_1, beta_2 and epsilon


class Optimiser(Protocol):
    """An optimiser with what it remembers of the gradients so far."""

    def updated(self, weights: Arrays, gradients: Arrays) -> tuple[dict[str, Array], Optimiser]:
        """The weights after one update, and the optimiser to go on with."""


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with momentum: v = momentum v + g; w = w - rate v.

    Attributes
    ----------
    rate, momentum : float
    velocity : mapping, optional
        v by the names of the weights; 0 unless given.
    """

    rate: float
    momentum: float = 0.0
    velocity: Arrays | None = None

    def updated(self, weights: Arrays, gradients: Arrays) -> tuple[dict[str, Array], Momentum]:
        old = self.velocity or {name: np.zeros_like(g) for name, g in gradients.items()}
        velocity = {name: self.momentum * old[name] + g for name, g in gradients.items()}
        new = {name: w - self.rate * velocity[name] for name, w in weights.items()}
        return new, Momentum(self.rate, self.momentum, velocity)


@dataclass(frozen=True)
class Adam:
    """Adam with its usual numbers: 0.9, 0.999 and 1e-8.

    Attributes
    ----------
    rate : float
    updates : int
        Updates so far.
    means, squares : mapping, optional
        Running means of the gradients and of their squares; 0 unless given.

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization".
    """

    rate: float
    updates: int = 0
    means: Arrays | None = None
    squares: Arrays | None = None

    def updated(self, weights: Arrays, gradients: Arrays) -> tuple[dict[str, Array], Adam]:
        n = self.updates + 1
        zeros = {name: np.zeros_like(g) for name, g in gradients.items()}
        means, squares = self.means or zeros, self.squares or zeros
        means = {name: _MEAN * means[name] + (1 - _MEAN) * g for name, g in gradients.items()}
        squares = {
            name: _SQUARE * squares[name] + (1 - _SQUARE) * g * g for name, g in gradients.items()
        }
        step = self.rate / (1 - _MEAN**n)
        spread = 1 / np.sqrt(1 - _SQUARE**n)
        new = {
            name: w - step * means[name] / (np.sqrt(squares[name]) * spread + _LEAST)
            for name, w in weights.items()
        }
        return new, Adam(self.rate, n, means, squares)


OPTIMISERS = ("adam", "sgd")


def clipped(
    gradients: Arrays, norm: float | None, value: float | None
) -> tuple[Arrays, float, bool]:
    """A gradient with its norm, or each of its numbers, brought down to a bound.

    Parameters
    ----------
    gradients : mapping
    norm, value : float or None
        The most that the norm of all together, or any number, may be; the norm comes first.

    Returns
    -------
    gradients : mapping
    norm : float
        The norm before; infinity or nan where the gradient gave out.
    was_clipped : bool

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    before = float(np.sqrt(sum(float((g * g).sum()) for g in gradients.values())))
    was_clipped = False
    if norm is not None and before > norm:
        was_clipped = True
        gradients = {name: g * (norm / before) for name, g in gradients.items()}
    if value is not None:
        was_clipped |= any(np.abs(g).max() > value for g in gradients.values())
        gradients = {name: np.clip(g, -value, value) for name, g in gradients.items()}
    return gradients, before, was_clipped
