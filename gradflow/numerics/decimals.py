"""Numbers of many digits, with any exponent: Python's own `decimal`, and activations of them.

Arrays of them have the type object, and NumPy takes their sums and products as they are.
"""

from __future__ import annotations

import decimal
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction

import numpy as np

from gradflow.numerics.scaled import Array, Scaled

# Below this, a difference from 1 is taken as a series: its next part is smaller by 10^-120.
_SMALL = Decimal("1e-20")

# Where the exponential ends: nothing that is added to 1 is seen beyond.
_FAR = Decimal(10) ** 6


def many_digits(digits: int) -> AbstractContextManager[decimal.Context]:
    """Within it, arithmetic on decimals has so many digits and does not under- or overflow."""
    context = decimal.Context(digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    return decimal.localcontext(context)


def as_decimals(array: Array) -> Array:
    """Plain numbers as decimals, which they are exactly."""
    converted = np.empty(array.size, object)
    converted[:] = [Decimal(number) for number in array.ravel().tolist()]
    return converted.reshape(array.shape)


def scaled_decimals(array: Array) -> Scaled:
    """Decimals as mantissas and powers of two."""
    parts = [_mantissa_and_exponent(number) for number in array.ravel()]
    mantissa, exponent = (np.array(part).reshape(array.shape) for part in zip(*parts, strict=True))
    return Scaled.of(mantissa, exponent)


def _mantissa_and_exponent(number: Decimal) -> tuple[float, int]:
    top, bottom = number.as_integer_ratio()
    exponent = top.bit_length() - bottom.bit_length()
    return float(Fraction(top, bottom) * Fraction(2) ** -exponent), exponent


def tanh_of_decimal(z: Decimal) -> Decimal:
    """tanh z, with its digits at any z."""
    if abs(z) < _SMALL:
        return z - z**3 / 3 + 2 * z**5 / 15
    grown = (2 * min(max(z, -_FAR), _FAR)).exp()
    return (grown - 1) / (grown + 1)


def sigmoid_of_decimal(z: Decimal) -> Decimal:
    """1 / (1 + exp(-z)), with its digits on either side."""
    if z > 0:
        return 1 / (1 + (-min(z, _FAR)).exp())
    grown = max(z, -_FAR * _FAR).exp()
    return grown / (1 + grown)


def softsign_of_decimal(z: Decimal) -> Decimal:
    """z / (1 + |z|)."""
    return z / (1 + abs(z))


def elu_of_decimal(z: Decimal) -> Decimal:
    """z, and exp(z) - 1 below 0 with its digits at any z."""
    if z > 0:
        return z
    if z > -_SMALL:
        return z + z**2 / 2 + z**3 / 6 + z**4 / 24 + z**5 / 120
    return max(z, -_FAR).exp() - 1
