"""Numbers of many digits that carry their derivatives along nudges, and activations of them."""

import mpmath as mp


class Number:
    """A number and its derivatives along all nudges, or None where no nudge has reached it."""

    def __init__(self, value, slopes=None):
        self.value, self.slopes = mp.mpf(value), slopes

    def __add__(self, other):
        if self.slopes is None or other.slopes is None:
            slopes = other.slopes if self.slopes is None else self.slopes
        else:
            slopes = self.slopes + other.slopes
        return Number(self.value + other.value, slopes)

    def __mul__(self, other):
        parts = [(self.slopes, other.value), (other.slopes, self.value)]
        reached = [slopes * value for slopes, value in parts if slopes is not None]
        return Number(self.value * other.value, sum(reached[1:], *reached[:1]) if reached else None)

    def through(self, name):
        """A function of SQUASHES of the number."""
        value, slope = SQUASHES[name]
        slopes = None if self.slopes is None else self.slopes * slope(self.value)
        return Number(value(self.value), slopes)


def numbers(array):
    return [Number(v) for v in array.tolist()]


def dot(some, factors, start):
    """A sum of numbers times constants, on top of one to start with."""
    return sum((v * Number(w) for v, w in zip(some, factors, strict=True)), start)


def sigmoid(v):
    return 1 / (1 + mp.exp(-v))


def _hard_sigmoid(reach):
    def value(v):
        return min(max((v + reach) / (2 * reach), mp.mpf(0)), mp.mpf(1))

    def slope(v):
        return 1 / (2 * mp.mpf(reach)) if abs(v) < reach else mp.mpf(0)

    return value, slope


# Values and slopes, by the formulas of Keras' documentation.
SQUASHES = {
    "tanh": (mp.tanh, lambda v: mp.sech(v) ** 2),
    "sigmoid": (sigmoid, lambda v: sigmoid(v) * sigmoid(-v)),
    "relu": (lambda v: max(v, mp.mpf(0)), lambda v: mp.mpf(v > 0)),
    "linear": (lambda v: v, lambda v: mp.mpf(1)),
    "softsign": (lambda v: v / (1 + abs(v)), lambda v: 1 / (1 + abs(v)) ** 2),
    "elu": (lambda v: v if v > 0 else mp.expm1(v), lambda v: mp.exp(min(v, mp.mpf(0)))),
    "hard_sigmoid_fifth": _hard_sigmoid(2.5),
    "hard_sigmoid_sixth": _hard_sigmoid(3.0),
}
