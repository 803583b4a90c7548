"""Activations and their slopes, computed without cancellation at any argument."""

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.numerics.scaled import Array, Scaled, exponential


@dataclass(frozen=True)
class Activation:
    """One activation: its value and its slope.

    Attributes
    ----------
    name : str
        The name it is asked for by.
    value : callable
        Array of pre-activations z, of any shape, to an array of the same shape. Complex z is taken
        too, so that a derivative can be checked with a complex step.
    of_number, of_complex : callable
        The same for one number. A cell of one unit is run on Python's own numbers, which are much
        faster than arrays of one element.
    slope : callable
        Array of real z to the derivative at z, as a `Scaled` array of the same shape: where a plain
        float64 would be 0 (tanh from z of about 370 on) the slope keeps all its digits.
    """

    name: str
    value: Callable[[Array], Array]
    of_number: Callable[[Any], Any]
    of_complex: Callable[[Any], Any]
    slope: Callable[[Array], Scaled]

    def of_one(self, complex_: bool) -> Callable[[Any], Any]:
        """`of_complex` or `of_number`."""
        return self.of_complex if complex_ else self.of_number


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), with no overflow and full relative precision on both sides.

    Parameters
    ----------
    z : array of any shape
        Pre-activations, real or complex.

    Returns
    -------
    array of the shape of z
    """
    if np.iscomplexobj(z):
        positive = np.real(z) >= 0
        decayed = np.exp(np.where(positive, -z, z))
        return np.where(positive, 1.0, decayed) / (1.0 + decayed)
    return np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))


def sigmoid_of_number(z: float) -> float:
    """`sigmoid` of one number."""
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    grown = math.exp(z)
    return grown / (1.0 + grown)


def sigmoid_of_complex(z: complex) -> complex:
    """`sigmoid` of one complex number."""
    decayed = cmath.exp(-z if z.real >= 0.0 else z)
    return (1.0 if z.real >= 0.0 else decayed) / (1.0 + decayed)


def log10_sigmoid(z: Array) -> Array:
    """log10 of sigmoid(z), right where sigmoid(z) rounds to 1 or to 0.

    Parameters
    ----------
    z : array of any shape
        Pre-activations.

    Returns
    -------
    array of the shape of z
    """
    return -np.logaddexp(0.0, -z) / np.log(10.0)


def scaled_sigmoid(z: Array) -> Scaled:
    """sigmoid(z) as mantissa and exponent, so that it is not 0 at z of -1000."""
    decayed = np.exp(-np.abs(z))
    return exponential(np.minimum(z, 0.0)) * (1.0 / (1.0 + decayed))


def _tanh_slope(z: Array) -> Scaled:
    # 1 / cosh(z)^2 = 4 e / (1 + e)^2 with e = exp(-2 |z|): no difference of near equals.
    decayed = np.exp(-2.0 * np.abs(z))
    return exponential(-2.0 * np.abs(z)) * (4.0 / (1.0 + decayed) ** 2)


def _sigmoid_slope(z: Array) -> Scaled:
    # sigmoid(z) sigmoid(-z) = e / (1 + e)^2 with e = exp(-|z|).
    decayed = np.exp(-np.abs(z))
    return exponential(-np.abs(z)) * (1.0 / (1.0 + decayed) ** 2)


def tanh_secant(a: Array, b: Array) -> Scaled:
    """(tanh b - tanh a) / (b - a), the slope between two arguments; at a = b that at a.

    Parameters
    ----------
    a, b : arrays of any shape, the same

    Returns
    -------
    Scaled array of the shape of a
    """
    # sinh(b - a) / (b - a) / (cosh a cosh b), with every exponential taken of a negative number.
    gap, near = np.abs(b - a), np.minimum(np.abs(a), np.abs(b))
    least = np.where(np.signbit(a) == np.signbit(b), near, 0.0)
    mean = np.divide(-np.expm1(-2.0 * gap), 2.0 * gap, out=np.ones_like(gap), where=gap > 0.0)
    scale = (1.0 + np.exp(-2.0 * np.abs(a))) * (1.0 + np.exp(-2.0 * np.abs(b)))
    return exponential(-2.0 * least) * (4.0 * mean / scale)


def sigmoid_secant(a: Array, b: Array) -> Scaled:
    """(sigmoid(b) - sigmoid(a)) / (b - a); see `tanh_secant`."""
    return tanh_secant(0.5 * a, 0.5 * b) * 0.25


def _relu(z: Array) -> Array:
    return np.where(np.real(z) > 0, z, 0.0)


def _relu_of_number(z: Any) -> Any:
    return z if z.real > 0 else 0.0


def _relu_slope(z: Array) -> Scaled:
    # 0 at z = 0, as PyTorch has it.
    return Scaled.of(np.where(z > 0, 1.0, 0.0))


def _identity(z: Any) -> Any:
    return z


def _identity_slope(z: Array) -> Scaled:
    return Scaled.of(np.ones_like(z))


TANH = Activation("tanh", np.tanh, math.tanh, cmath.tanh, _tanh_slope)
SIGMOID = Activation("sigmoid", sigmoid, sigmoid_of_number, sigmoid_of_complex, _sigmoid_slope)
RELU = Activation("relu", _relu, _relu_of_number, _relu_of_number, _relu_slope)
IDENTITY = Activation("identity", _identity, _identity, _identity, _identity_slope)

ACTIVATIONS = {a.name: a for a in (TANH, IDENTITY, SIGMOID, RELU)}
