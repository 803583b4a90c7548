"""Activations and their slopes, computed without cancellation at any argument."""

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from gradflow.numerics.decimals import (
    elu_of_decimal,
    sigmoid_of_decimal,
    softsign_of_decimal,
    tanh_of_decimal,
)
from gradflow.numerics.scaled import NEAR, Array, Scaled, exponential


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
    of_number, of_complex, of_decimal : callable
        The same for one number. A cell of one unit is run on Python's own numbers, which are much
        faster than arrays of one element.
    slope : callable
        Array of real z to the derivative at z, as a `Scaled` array of the same shape: where a plain
        float64 would be 0 (tanh from z of about 370 on) the slope keeps all its digits. At a kink
        it is 0 or the slope on the side of 0, as PyTorch has it.
    slope_of_value : callable
        Array of values to the derivative there, in plain float64: 0 where the value is rounded to
        the activation's end.
    secant : callable
        Arrays a and b to (value(b) - value(a)) / (b - a), a `Scaled` array; at a = b the slope.
    distance : callable
        Array of z, which may be complex, and a side, 1 or -1, to 1 - side * value(z) without
        cancellation: how far the value is from 1 or from -1.
    within_one : bool
        Whether the value is never beyond 1 or -1.
    scaled, scaled_distance : callable, optional
        The value of real z and 1 - value as `Scaled` arrays, where plain numbers give out.
    """

    name: str
    value: Callable[[Array], Array]
    of_number: Callable[[Any], Any]
    of_complex: Callable[[Any], Any]
    of_decimal: Callable[[Decimal], Decimal]
    slope: Callable[[Array], Scaled]
    slope_of_value: Callable[[Array], Array]
    secant: Callable[[Array, Array], Scaled]
    distance: Callable[[Array, float], Array]
    within_one: bool = True
    scaled: Callable[[Array], Scaled] | None = None
    scaled_distance: Callable[[Array], Scaled] | None = None

    def of_one(self, kind: np.dtype[Any]) -> Callable[[Any], Any]:
        """What takes one number from arrays of a type: float, complex, or object for decimals."""
        return {"c": self.of_complex, "O": self.of_decimal}.get(kind.kind, self.of_number)

    def at(self, z: Array) -> Array:
        """The value of z, which may hold decimals."""
        if z.dtype != object:
            return self.value(z)
        return np.asarray(np.frompyfunc(self.of_decimal, 1, 1)(z))

    def rest_at(self, z: Array) -> Array:
        """1 - value of z, which may hold decimals."""
        if z.dtype != object:
            return self.distance(z, 1.0)
        return self.at(-z) if self.name == "sigmoid" else 1 - self.at(z)

    def scaled_value(self, z: Array) -> Scaled:
        """The value of real z, so that a sigmoid is not 0 at z of -1000."""
        return Scaled.of(self.value(z)) if self.scaled is None else self.scaled(z)

    def scaled_from(self, z: Array, value: Array) -> Scaled:
        """`scaled_value`, of which the plain `value` is known."""
        is_plain = self.scaled is None or np.abs(z).max(initial=0.0) <= NEAR
        return Scaled.of(value) if is_plain else self.scaled_value(z)

    def scaled_rest(self, z: Array) -> Scaled:
        """1 - value of real z, so that of a sigmoid it is not 0 at z of 1000."""
        if self.scaled_distance is None:
            return Scaled.of(self.distance(z, 1.0))
        return self.scaled_distance(z)

    def log10_value(self, z: Array) -> Array:
        """log10 of |value|, right where a sigmoid rounds to 1; minus infinity where it is 0."""
        return log10_sigmoid(z) if self is SIGMOID else self.scaled_value(z).log10()


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
    if z.min(initial=0.0) >= -NEAR:  # choosing a side for each number takes longer than the rest
        return 1.0 / (1.0 + np.exp(-z))
    decayed = np.exp(-np.abs(z))
    return np.where(z < 0.0, decayed, 1.0) / (1.0 + decayed)


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
    if np.abs(z).max(initial=0.0) <= NEAR:
        return Scaled.of(sigmoid(z))
    decayed = np.exp(-np.abs(z))
    return exponential(np.minimum(z, 0.0)) * (1.0 / (1.0 + decayed))


def _tanh_slope(z: Array) -> Scaled:
    # 1 / cosh(z)^2 = 4 e / (1 + e)^2 with e = exp(-2 |z|): no difference of near equals.
    decayed = exponential(-2.0 * np.abs(z))
    return decayed * (4.0 / (1.0 + decayed.plain()) ** 2)


def _sigmoid_slope(z: Array) -> Scaled:
    # sigmoid(z) sigmoid(-z) = e / (1 + e)^2 with e = exp(-|z|).
    decayed = exponential(-np.abs(z))
    return decayed * (1.0 / (1.0 + decayed.plain()) ** 2)


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


def _tanh_distance(z: Array, side: float) -> Array:
    return 2.0 * sigmoid(-2.0 * side * z)


def _sigmoid_distance(z: Array, side: float) -> Array:
    return sigmoid(-z) if side > 0 else 1.0 + sigmoid(z)


def _relu(z: Array) -> Array:
    return np.where(np.real(z) > 0, z, 0.0)


def _relu_of_number(z: Any) -> Any:
    return z if z.real > 0 else 0.0


def _relu_of_decimal(z: Decimal) -> Decimal:
    return max(z, Decimal(0))


def _relu_slope(z: Array) -> Scaled:
    return Scaled.of(np.where(z > 0, 1.0, 0.0))


def _relu_secant(a: Array, b: Array) -> Scaled:
    return Scaled.of(_clipped_secant(a, b, 0.0, np.inf))


def _relu_distance(z: Array, side: float) -> Array:
    return 1.0 - side * _relu(z)


def _clipped_secant(a: Array, b: Array, low: float, high: float) -> Array:
    """The secant of the function that clips its argument, between its kinks 1."""
    gap = np.clip(b, low, high) - np.clip(a, low, high)
    inside = np.where((a > low) & (a < high), 1.0, 0.0)
    return np.divide(gap, b - a, out=inside, where=a != b)


def _identity(z: Any) -> Any:
    return z


def _identity_slope(z: Array) -> Scaled:
    return Scaled.of(np.ones_like(z))


def _identity_secant(a: Array, b: Array) -> Scaled:
    return Scaled.of(np.ones_like(a))


def _identity_distance(z: Array, side: float) -> Array:
    return 1.0 - side * z


def _softsign(z: Array) -> Array:
    return z / (1.0 + _size(z))


def _size(z: Array) -> Array:
    """|z|, of complex z the one that can be differentiated along the real axis."""
    return np.where(np.real(z) < 0, -z, z)


def _softsign_of_number(z: Any) -> Any:
    return z / (1.0 - z if z.real < 0 else 1.0 + z)


def _softsign_slope(z: Array) -> Scaled:
    rate = Scaled.of(1.0 / (1.0 + np.abs(z)))
    return rate * rate


def _softsign_secant(a: Array, b: Array) -> Scaled:
    # On one side of 0 the two fractions have a difference of (b - a) over their denominators.
    alike = Scaled.of(1.0 / (1.0 + np.abs(a))) * (1.0 / (1.0 + np.abs(b)))
    apart = a * b < 0.0
    across = np.divide(_softsign(b) - _softsign(a), b - a, out=np.zeros_like(a), where=apart)
    return _chosen(apart, Scaled.of(across), alike)


def _softsign_distance(z: Array, side: float) -> Array:
    # 1 / (1 + |z|) where z is on that side, and (1 + 2 |z|) / (1 + |z|) on the other.
    size = _size(z)
    towards = (np.real(z) >= 0) == (side > 0)
    return np.where(towards, 1.0, 1.0 + 2.0 * size) / (1.0 + size)


def _elu(z: Array) -> Array:
    return np.where(np.real(z) > 0, z, np.expm1(np.where(np.real(z) > 0, 0.0, z)))


def _elu_of_number(z: Any) -> Any:
    return z if z > 0 else math.expm1(z)


def _elu_of_complex(z: Any) -> Any:
    return z if z.real > 0 else complex(np.expm1(z))


def _elu_slope(z: Array) -> Scaled:
    return exponential(np.minimum(z, 0.0))


def _elu_secant(a: Array, b: Array) -> Scaled:
    # exp(low) (exp(gap) - 1) / gap below 0; the part above 0 rises with slope 1.
    low, high = np.minimum(a, b), np.maximum(a, b)
    gap = np.abs(np.minimum(b, 0.0) - np.minimum(a, 0.0))
    top = exponential(np.minimum(high, 0.0))
    below = top * np.divide(-np.expm1(-gap), gap, out=np.ones_like(gap), where=gap > 0.0)
    across = (low < 0.0) & (high > 0.0)
    mixed = np.divide(high - np.expm1(np.minimum(low, 0.0)), high - low, out=gap, where=across)
    return _chosen(across, Scaled.of(mixed), below)


def _elu_distance(z: Array, side: float) -> Array:
    if side > 0:
        return 1.0 - _elu(z)
    return np.where(np.real(z) > 0, 1.0 + z, np.exp(np.where(np.real(z) > 0, 0.0, z)))


def _chosen(condition: Array, yes: Scaled, no: Scaled) -> Scaled:
    return Scaled(
        np.where(condition, yes.mantissa, no.mantissa),
        np.where(condition, yes.exponent, no.exponent),
    )


def _hard_sigmoid(name: str, reach: float) -> Activation:
    """(z + reach) / (2 reach), no less than 0 and no more than 1.

    Added before it is divided, so that it keeps its digits where it is close to 0.
    """

    def value(z: Array) -> Array:
        inside = np.where(np.real(z) < reach, (z + reach) / (2.0 * reach), 1.0)
        return np.where(np.real(z) > -reach, inside, 0.0)

    def of_number(z: Any) -> Any:
        if -reach < z.real < reach:
            return (z + reach) / (2.0 * reach)
        return 0.0 if z.real < 0 else 1.0

    def slope(z: Array) -> Scaled:
        return Scaled.of(np.where(np.abs(z) < reach, 0.5 / reach, 0.0))

    def secant(a: Array, b: Array) -> Scaled:
        return Scaled.of(_clipped_secant(a, b, -reach, reach) / (2.0 * reach))

    def distance(z: Array, side: float) -> Array:
        return value(-z) if side > 0 else 1.0 + value(z)

    def of_decimal(z: Decimal) -> Decimal:
        edge = Decimal(reach)
        return (min(max(z, -edge), edge) + edge) / (2 * edge)

    def slope_of_value(y: Array) -> Array:
        return np.where((y > 0.0) & (y < 1.0), 0.5 / reach, 0.0)

    return Activation(
        name, value, of_number, of_number, of_decimal, slope, slope_of_value, secant, distance
    )


TANH = Activation(
    "tanh",
    np.tanh,
    math.tanh,
    cmath.tanh,
    tanh_of_decimal,
    _tanh_slope,
    lambda y: 1.0 - y * y,
    tanh_secant,
    _tanh_distance,
)
SIGMOID = Activation(
    "sigmoid",
    sigmoid,
    sigmoid_of_number,
    sigmoid_of_complex,
    sigmoid_of_decimal,
    _sigmoid_slope,
    lambda y: y * (1.0 - y),
    sigmoid_secant,
    _sigmoid_distance,
    scaled=scaled_sigmoid,
    scaled_distance=lambda z: scaled_sigmoid(-z),
)
RELU = Activation(
    "relu",
    _relu,
    _relu_of_number,
    _relu_of_number,
    _relu_of_decimal,
    _relu_slope,
    lambda y: np.where(y > 0.0, 1.0, 0.0),
    _relu_secant,
    _relu_distance,
    within_one=False,
)
IDENTITY = Activation(
    "identity",
    _identity,
    _identity,
    _identity,
    _identity,
    _identity_slope,
    np.ones_like,
    _identity_secant,
    _identity_distance,
    within_one=False,
)
SOFTSIGN = Activation(
    "softsign",
    _softsign,
    _softsign_of_number,
    _softsign_of_number,
    softsign_of_decimal,
    _softsign_slope,
    lambda y: (1.0 - np.abs(y)) ** 2,
    _softsign_secant,
    _softsign_distance,
)
ELU = Activation(
    "elu",
    _elu,
    _elu_of_number,
    _elu_of_complex,
    elu_of_decimal,
    _elu_slope,
    lambda y: 1.0 + np.minimum(y, 0.0),
    _elu_secant,
    _elu_distance,
    within_one=False,
)
# Both are called hard sigmoid: max(0, min(1, z / 5 + 1 / 2)) in Keras up to 2 and in ONNX, and
# max(0, min(1, z / 6 + 1 / 2)) in Keras 3 and PyTorch.
HARD_SIGMOID_FIFTH = _hard_sigmoid("hard_sigmoid_fifth", 2.5)
HARD_SIGMOID_SIXTH = _hard_sigmoid("hard_sigmoid_sixth", 3.0)

ACTIVATIONS = {
    a.name: a
    for a in (
        TANH,
        IDENTITY,
        SIGMOID,
        RELU,
        HARD_SIGMOID_FIFTH,
        HARD_SIGMOID_SIXTH,
        SOFTSIGN,
        ELU,
    )
}
# Keras' name for the identity.
ACTIVATIONS["linear"] = IDENTITY
