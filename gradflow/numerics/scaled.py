"""Numbers that do not give out: a float64 mantissa times an integer power of two.

A float64 ends at about 1e-308 and 1e308. The terms of a gradient carried over hundreds of steps do
not. A `Scaled` array holds, for each element, a mantissa and an exponent of its own; multiplying
by a power of two loses nothing, so its relative precision is that of float64 at any magnitude.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradflow.numerics.exponent_bounds import BEYOND, LEAST_FULL, ROW

Array = NDArray[Any]

# The exponent of an exact zero: below every other, and far from the ends of int64 so that sums of
# exponents stay exact.
ZERO_EXPONENT = -(2**60)

# Exponents of this size a step stay far above that of zero over any sequence that fits in memory.
_LARGEST_ARGUMENT = 2.0**42

# Arguments within this have exponentials that are far within the range of float64.
NEAR = 600.0

# How a float64 holds its power of two: above the bits of its fraction, with this added; 0 is 0.
_FRACTION_BITS = 52
_BIAS = 1023

# ln 2 as a part with 21 trailing zero bits, which small integers multiply without rounding, and
# the rest.
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10


@dataclass(frozen=True)
class Scaled:
    """An array of numbers mantissa * 2^exponent.

    The arithmetic of arrays (`*`, `+`, `@`, indexing) works as on a plain array, so that a formula
    written once serves both.

    Attributes
    ----------
    mantissa : float64 array
        0, or of size 1/2 up to 1.
    exponent : int64 array of the same shape
        Powers of two; a very low one where the mantissa is 0.
    """

    mantissa: Array
    exponent: Array

    def __repr__(self) -> str:
        if self.shape:
            return f"Scaled(shape={self.shape})"
        return f"Scaled({float(self.mantissa)!r} * 2^{int(self.exponent)})"

    # numpy hands `array * scaled` to __rmul__ instead of looping over elements.
    __array_ufunc__ = None

    @classmethod
    def of(cls, mantissa: Array, exponent: Array | int | None = None) -> Scaled:
        """Normalise mantissa * 2^exponent (both of any finite size; shapes broadcast).

        Where no exponent is given, the numbers are kept as they are, and neither they nor the
        result may be changed afterwards.
        """
        if exponent is None:
            return _Plain(mantissa)
        fraction, shift = np.frexp(mantissa)
        whole = np.where(fraction == 0.0, ZERO_EXPONENT, np.add(shift, exponent, dtype=np.int64))
        same = whole.shape == fraction.shape
        return cls(fraction if same else np.broadcast_to(fraction, whole.shape), whole)

    @classmethod
    def room(cls, mantissa: Array) -> Scaled:
        """Plain numbers as an array that others may be written into."""
        return cls.of(mantissa, np.zeros((), np.int64))

    @classmethod
    def beside(cls, parts: list[Scaled]) -> Scaled:
        """Arrays of shape (n, m) side by side, as one of shape (n, parts * m)."""
        return _joined(parts, axis=1)

    @classmethod
    def stacked(cls, parts: list[Scaled]) -> Scaled:
        """Arrays one after the other, along their first axis."""
        return _joined(parts, axis=0)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mantissa.shape

    def __getitem__(self, index: Any) -> Scaled:
        return Scaled(self.mantissa[index], self.exponent[index])

    def __neg__(self) -> Scaled:
        return Scaled(-self.mantissa, self.exponent)

    def __mul__(self, other: Scaled | Array | float) -> Scaled:
        if not isinstance(other, Scaled):
            other = Scaled.of(np.asarray(other, np.float64))
        return Scaled.of(self.mantissa * other.mantissa, self.exponent + other.exponent)

    __rmul__ = __mul__

    def __add__(self, other: Scaled) -> Scaled:
        top = np.maximum(self.exponent, other.exponent)
        return Scaled.of(self.over(top) + other.over(top), top)

    def sum(self, axis: int) -> Scaled:
        """Sum along one axis."""
        top = self.exponent.max(axis=axis, keepdims=True)
        return Scaled.of(self.over(top).sum(axis=axis), np.squeeze(top, axis))

    def norm(self, axis: int) -> Scaled:
        """Root of the sum of squares along one axis."""
        top = self.exponent.max(axis=axis, keepdims=True)
        return Scaled.of(np.linalg.norm(self.over(top), axis=axis), np.squeeze(top, axis))

    def __matmul__(self, other: Scaled | Array) -> Scaled:
        """Matrix product (n, H) @ (H, m), each element with an exponent of its own."""
        if not isinstance(other, Scaled):
            other = Scaled.of(other)
        rows_top = self.exponent.max(axis=1, keepdims=True)
        top = other.exponent.max()
        if _is_narrow(self, rows_top) and _is_narrow(other, top):
            return Scaled.of(self.over(rows_top) @ other.over(top), rows_top + top)
        return _product_by_bands(self, rows_top, other, top)

    def reshape(self, *shape: int) -> Scaled:
        """The same numbers in another shape."""
        return Scaled(self.mantissa.reshape(shape), self.exponent.reshape(shape))

    def transpose(self, *axes: int) -> Scaled:
        """The same numbers with their axes in another order."""
        return Scaled(self.mantissa.transpose(axes), self.exponent.transpose(axes))

    def over(self, top: Array) -> Array:
        """The numbers as plain ones over 2^top, which none of them reaches; 0 below 2^-1023."""
        return np.asarray(self.mantissa * _powers_of_two(self.exponent - top))

    def plain(self) -> Array:
        """The numbers as float64, which under- and overflow as float64 must."""
        return shifted(self.mantissa, self.exponent)

    def read_only(self) -> Scaled:
        """The same numbers, whose arrays refuse to be changed from now on."""
        self.mantissa.setflags(write=False)
        self.exponent.setflags(write=False)
        return self

    def log10(self) -> Array:
        """log10 of the magnitudes; minus infinity where zero."""
        return log10_scaled(self.mantissa, self.exponent)


class _Plain(Scaled):
    """Plain float64 numbers, parted into mantissas and exponents only where these are asked for.

    Most local derivatives of most cells are such, and a sweep in plain numbers never asks.
    """

    _numbers: Array

    def __init__(self, numbers: Array | float) -> None:
        plain = np.asarray(numbers, np.float64).view()
        plain.setflags(write=False)
        vars(self)["_numbers"] = plain

    def __getattr__(self, name: str) -> Any:
        if name not in ("mantissa", "exponent"):
            raise AttributeError(name)
        parts = Scaled.room(self._numbers).read_only()
        vars(self).update(mantissa=parts.mantissa, exponent=parts.exponent)
        return vars(self)[name]

    @property
    def shape(self) -> tuple[int, ...]:
        return self._numbers.shape

    def __getitem__(self, index: Any) -> Scaled:
        return _Plain(self._numbers[index])

    def __neg__(self) -> Scaled:
        return _Plain(-self._numbers)

    def __mul__(self, other: Scaled | Array | float) -> Scaled:
        factor = other if isinstance(other, Scaled) else _Plain(other)
        if not isinstance(factor, _Plain):
            return super().__mul__(factor)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            product = self._numbers * factor._numbers
        if _is_whole(product, self._numbers, factor._numbers):
            return _Plain(product)
        return super().__mul__(factor)

    __rmul__ = __mul__

    def __matmul__(self, other: Scaled | Array) -> Scaled:
        matrix = other if isinstance(other, Scaled) else _Plain(other)
        if isinstance(matrix, _Plain) and self._is_near_one() and matrix._is_near_one():
            return _Plain(self._numbers @ matrix._numbers)
        return super().__matmul__(matrix)

    def _is_near_one(self) -> bool:
        low, high = exponent_range(self, axis=None)
        return bool(low >= -ROW and high <= ROW)

    def reshape(self, *shape: int) -> Scaled:
        return _Plain(self._numbers.reshape(shape))

    def transpose(self, *axes: int) -> Scaled:
        return _Plain(self._numbers.transpose(axes))

    def plain(self) -> Array:
        return self._numbers

    def read_only(self) -> Scaled:
        return self


def plain_numbers(numbers: Scaled) -> Array:
    """`Scaled.plain` as a function."""
    return numbers.plain()


def _joined(parts: list[Scaled], axis: int) -> Scaled:
    if all(isinstance(part, _Plain) for part in parts):
        return _Plain(np.concatenate([part.plain() for part in parts], axis=axis))
    return Scaled(
        np.concatenate([part.mantissa for part in parts], axis=axis),
        np.concatenate([part.exponent for part in parts], axis=axis),
    )


def _is_whole(product: Array, a: Array, b: Array) -> bool:
    """Whether a product in plain numbers lost nothing to under- or overflow."""
    size = np.abs(product)
    if not np.isfinite(size.max(initial=0.0)):
        return False
    if size.min(initial=1.0) >= LEAST_FULL:
        return True
    return not ((size < LEAST_FULL) & (a != 0.0) & (b != 0.0)).any()


def exponential(y: Array) -> Scaled:
    """exp(y), where float64 would give 0 or infinity too.

    Parameters
    ----------
    y : array of any shape
        Arguments; the relative error of the result is about 1e-16 times |y|, as y itself has it.

    Returns
    -------
    Scaled array of the shape of y

    Raises
    ------
    ValueError
        If an argument is beyond 2^42, about 4e12, either way.
    """
    largest = np.abs(y).max(initial=0.0)
    if largest <= NEAR:
        return Scaled.of(np.exp(y))
    if largest > _LARGEST_ARGUMENT:
        raise ValueError(
            "x, the weights and the start must keep what activations and losses are taken of "
            f"within 4e12. Got {largest:g}."
        )
    whole = np.rint(y / np.log(2.0))
    fraction = (y - whole * _LN2_HIGH) - whole * _LN2_LOW
    return Scaled.of(np.exp(fraction), whole.astype(np.int64))


def shifted(mantissa: Array, exponent: Array) -> Array:
    """mantissa * 2^exponent as float64, 0 or infinity where out of its range."""
    if exponent.ndim == 0 and exponent == 0:
        return mantissa
    # ldexp takes a C int.
    shift = np.minimum(np.maximum(exponent, -BEYOND), BEYOND).astype(np.int32)
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(mantissa, shift)


def log10_scaled(mantissa: Array, exponent: Array) -> Array:
    """log10 of |mantissa| * 2^exponent; minus infinity where the mantissa is 0."""
    with np.errstate(divide="ignore"):
        log10 = np.asarray(np.log10(np.abs(mantissa)))
    if exponent.ndim or exponent:
        log10 += exponent * np.log10(2.0)
    return log10


def lagged(values: Array) -> Array:
    """values of the source step j = t + 1 - k at row t - 1 and column k - 1.

    Parameters
    ----------
    values : array of shape (T,)
        One value a step.

    Returns
    -------
    array of shape (T, T)
        A view; where k > t it repeats other values of `values`.
    """
    twice = np.concatenate([values, values])
    stride = twice.strides[0]
    T = len(values)
    return np.lib.stride_tricks.as_strided(
        twice[T:], shape=(T, T), strides=(stride, -stride), writeable=False
    )


def log10_norm(parts: Sequence[Scaled]) -> Array:
    """log10 of the root of the sum of squares, number by number, of arrays of one shape."""
    top = functools.reduce(np.maximum, [part.exponent for part in parts])
    size = functools.reduce(np.hypot, [part.over(top) for part in parts])
    return log10_scaled(size, top)


def _powers_of_two(exponent: Array) -> Array:
    """2^exponent, for exponents up to 0; 0 below -FULL. It takes a quarter of the time of ldexp."""
    bits = np.maximum(exponent, -_BIAS)
    bits += _BIAS
    bits <<= _FRACTION_BITS
    return np.asarray(bits.view(np.float64))


def _is_narrow(numbers: Scaled, top: Array) -> bool:
    """Whether all numbers but zeros are so near the power of two `top` that products stay plain."""
    depth = np.where(numbers.mantissa == 0.0, 0, numbers.exponent - top)
    return bool(depth.min(initial=0) > -ROW)


def _product_by_bands(rows: Scaled, rows_top: Array, matrix: Scaled, top: Array) -> Scaled:
    """rows @ matrix, of numbers any distance apart.

    Numbers are parted by bands of 2^ROW, counted from the largest of a row and of the matrix. Over
    the upper end of its band a number lies within 2^-ROW .. 1, so that a product is a plain one,
    and the products of bands p and q are over 2^(-ROW (p + q)).
    """
    rows_by_band = _by_band(rows, rows_top)
    sums: dict[int, Array] = {}
    for q, columns in _by_band(matrix, top).items():
        for p, some in rows_by_band.items():
            part = some @ columns
            sums[p + q] = sums[p + q] + part if p + q in sums else part
    shape = (len(rows.mantissa), matrix.shape[1])
    parts = [Scaled.of(part, rows_top + top - ROW * band) for band, part in sums.items()]
    return functools.reduce(operator.add, parts, Scaled.of(np.zeros(shape)))


def _by_band(numbers: Scaled, top: Array) -> dict[int, Array]:
    """For each band the numbers that lie in it, over its upper end, and 0 for the others."""
    depth = numbers.exponent - top
    bands = np.where(numbers.mantissa == 0.0, -1, -depth // ROW)
    return {
        band: np.where(bands == band, shifted(numbers.mantissa, depth + ROW * band), 0.0)
        for band in np.unique(bands[bands >= 0]).tolist()
    }


def exponent_range(numbers: Scaled, axis: int | tuple[int, ...] | None) -> tuple[Array, Array]:
    """Powers of two between which 1 and all numbers other than 0 lie, along axes.

    Returns
    -------
    low, high : int64 arrays
        2^low <= |number| < 2^high, and low <= 0 <= high.
    """
    if isinstance(numbers, _Plain):
        size = np.abs(numbers.plain())
        high = np.frexp(size.max(axis=axis, initial=0.0))[1]
        least = size.min(axis=axis, initial=1.0)
        if not np.all(least):
            least = np.where(size == 0.0, 0.5, size).min(axis=axis, initial=1.0)
        low = np.frexp(least)[1] - 1
        return np.minimum(low, 0).astype(np.int64), np.maximum(high, 0).astype(np.int64)
    exponent = np.where(numbers.mantissa == 0.0, 0, numbers.exponent)
    return np.minimum(exponent - 1, 0).min(axis=axis), exponent.max(axis=axis, initial=0)
