"""The derivative of a cell's own state, from step to step and over many steps."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from gradflow.analysis.signed_signals import Signed, signed
from gradflow.cells import LSTM
from gradflow.cells.base import Cell
from gradflow.engine.parameter_names import checked_layer, layers_of
from gradflow.engine.step_maps import Steps
from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen, target_step, whole_number


class Derivatives:
    """What is asked of a derivative by an earlier state, from its matrices.

    Rows of a matrix are units of the later state and columns units of the earlier. Entry k - 1 of
    an array is over k steps, or of the single step that is the k-th back from the target.
    """

    t: int

    def one_step(self, j: int) -> Array:
        """From step j - 1 to step j, 1 <= j <= t: a matrix in plain float64."""
        raise NotImplementedError

    def products(self) -> Iterator[tuple[Array, int]]:
        """Over 1, 2, .., t steps, as matrices and powers of two."""
        raise NotImplementedError

    def over(self, k: int) -> Signed:
        """From step t - k to step t, 1 <= k <= t. The numbers share a power of two.

        See Also
        --------
        one_step : A single step.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.over(3).value
        array([[0.125]])
        """
        steps = whole_number("k", k, 1, self.t)
        product, exponent = next(islice(self.products(), steps - 1, None))
        return signed(Scaled.of(product, exponent))

    @functools.cached_property
    def spectral_radius(self) -> Array:
        """The largest |eigenvalue| of every single step, (t,).

        See Also
        --------
        log10_largest : What is left of all directions over many steps.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.spectral_radius
        array([0.5, 0.5, 0.5, 0.5])
        """
        maps = (self.one_step(j) for j in range(self.t, 0, -1))
        return frozen(np.array([np.abs(np.linalg.eigvals(one)).max() for one in maps]))

    @functools.cached_property
    def log10_largest(self) -> Array:
        """log10 of the largest singular value over k steps, (t,).

        See Also
        --------
        log10_smallest : What is left in the worst direction.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.log10_largest.round(3)
        array([-0.301, -0.602, -0.903, -1.204])
        """
        return frozen(np.array([_log10_norm(*product) for product in self.products()]))


@dataclass(frozen=True, eq=False, repr=False)
class StateJacobian(Derivatives):
    """d(state)_t/d(state)_j for the steps j before a target. Made by `state_jacobian`.

    The state is that of all units, N numbers: of an LSTM h and then c. What is asked for is made
    then.

    Attributes
    ----------
    t : int
        Target step.
    states : tuple of str
        Names of the states, in their order.
    widths : tuple of int
        Numbers of their units.

    See Also
    --------
    state_jacobian : Makes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> lstm = gf.LSTM.scalar(w_x=0.0, w_h=0.0, b_f=1.0)
    >>> jacobian = gf.state_jacobian(gf.gradient_flow(lstm, [0.0] * 50), 50)
    >>> jacobian
    StateJacobian(t=50, states=h, c, N=2)
    >>> jacobian.spectral_radius[:2].round(4)
    array([0.7311, 0.7311])
    >>> jacobian.of_cell_state().log10_largest[[0, 49]].round(3)
    array([-0.136, -6.802])
    """

    t: int
    states: tuple[str, ...]
    widths: tuple[int, ...]
    _cell: Cell
    _slopes: Any

    def __repr__(self) -> str:
        return f"StateJacobian(t={self.t}, states={', '.join(self.states)}, N={sum(self.widths)})"

    def one_step(self, j: int) -> Array:
        """d(state)_j/d(state)_(j-1), (N, N); 1 <= j <= t.

        See Also
        --------
        over : Several steps.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.one_step(2)
        array([[0.5]])
        """
        ends = np.cumsum(self.widths)
        units = tuple(np.split(np.eye(ends[-1]), ends[:-1], axis=1))
        _, before = self._cell.back(self._steps.plain(whole_number("j", j, 1, self.t)), units)
        return frozen(np.concatenate(before, axis=1))

    @functools.cached_property
    def log10_smallest(self) -> Array:
        """log10 of the smallest singular value over k steps, (t,).

        By the products of the inverses. Minus infinity from the first step on that has no inverse
        in float64, once its rows and columns have been brought to one size.

        See Also
        --------
        log10_largest : What is left in the best direction.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.log10_smallest.round(3)
        array([-0.301, -0.602, -0.903, -1.204])
        """
        smallest = np.full(self.t, -np.inf)
        for k, (product, exponent) in enumerate(self._inverse_products()):
            smallest[k] = -_log10_norm(product, exponent)
        return frozen(smallest)

    @functools.cached_property
    def lyapunov_exponents(self) -> Array:
        """How fast the N directions of the state grow, natural logarithm a step, descending, (N,).

        By QR over all t steps, from the target back: means over t steps, and not yet the limits.
        Minus infinity where a direction is lost.

        References
        ----------
        Benettin, Galgani, Giorgilli and Strelcyn (1980), "Lyapunov characteristic exponents for
        smooth dynamical systems"; for recurrent networks Engelken, Wolf and Abbott (2023),
        "Lyapunov spectra of chaotic recurrent neural networks".

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> jacobian.lyapunov_exponents.round(3)  # ln 0.5
        array([-0.693])
        """
        basis, logs = np.eye(sum(self.widths)), np.zeros(sum(self.widths))
        for j in range(self.t, 0, -1):
            basis, stretch = np.linalg.qr((basis.T @ self.one_step(j)).T)
            with np.errstate(divide="ignore"):
                logs += np.log(np.abs(np.diag(stretch)))
        return frozen(np.sort(logs / self.t)[::-1])

    def of_cell_state(self) -> CellStateJacobian:
        """The derivative of an LSTM's cell state alone, dc_t/dc_j.

        Raises
        ------
        ValueError
            If the state is not that of one LSTM.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.LSTM.scalar(w_x=0.0, w_h=0.0, b_f=0.0), [0.0] * 4)
        >>> jacobian = gf.state_jacobian(flow, 4)
        >>> jacobian.of_cell_state().over(2).value  # f = 0.5, twice
        array([[0.25]])
        """
        if not isinstance(self._cell, LSTM):
            raise ValueError(
                "of_cell_state must be asked of the state of one LSTM. "
                f"Got {type(self._cell).__name__}."
            )
        return CellStateJacobian(self.t, self)

    @functools.cached_property
    def _steps(self) -> Steps:
        return Steps(self._cell, self._slopes)

    def products(self) -> Iterator[tuple[Array, int]]:
        """The derivatives over 1, 2, .., t steps, as matrices and powers of two.

        See Also
        --------
        over : One of them, as numbers.

        Examples
        --------
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.5, activation="identity")
        >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0] * 4), 4)
        >>> [float(matrix[0, 0] * 2.0**power) for matrix, power in jacobian.products()]
        [0.5, 0.25, 0.125, 0.0625]
        """
        product, exponent = np.eye(sum(self.widths)), 0
        for j in range(self.t, 0, -1):
            product, shift = _rescaled(product @ self.one_step(j))
            exponent += shift
            yield product, exponent

    def _inverse_products(self) -> Iterator[tuple[Array, int]]:
        """Their inverses, up to the first step that has none."""
        product, exponent = np.eye(sum(self.widths)), 0
        for j in range(self.t, 0, -1):
            inverse = _inverse(self.one_step(j))
            if inverse is None:
                return
            product, shift = _rescaled(inverse @ product)
            exponent += shift
            yield product, exponent


@dataclass(frozen=True, eq=False, repr=False)
class CellStateJacobian(Derivatives):
    """dc_t/dc_j of an LSTM, where h_j follows c_j with its output gate held.

    That is what `signals` and training take as dL_t/dc_j. The start h_0 is given and follows
    nothing. The forget gates' product is this only where nothing runs through h.

    Attributes
    ----------
    t : int
        Target step.
    whole : StateJacobian
        That of h and c together.
    """

    t: int
    whole: StateJacobian

    def __repr__(self) -> str:
        return f"CellStateJacobian(t={self.t}, H={self.whole.widths[1]})"

    def one_step(self, j: int) -> Array:
        """dc_j/dc_(j-1), (H, H); 1 <= j <= t."""
        return frozen(self._followed(self.whole.one_step(j), j - 1))

    @functools.cached_property
    def log10_smallest(self) -> Array:
        """log10 of the smallest singular value over k steps, (t,).

        nan where it is too far below the largest for float64 to tell.
        """
        found = []
        for product, exponent in self.products():
            values = np.linalg.svd(product, compute_uv=False)
            told = values[-1] > len(values) * np.finfo(np.float64).eps * values[0]
            found.append(np.log10(values[-1]) + exponent * np.log10(2.0) if told else np.nan)
        return frozen(np.array(found))

    def products(self) -> Iterator[tuple[Array, int]]:
        for k, (product, exponent) in enumerate(self.whole.products(), start=1):
            yield self._followed(product, self.t - k), exponent

    def _followed(self, matrix: Array, j: int) -> Array:
        """The part of a derivative by (h, c)_j that is of c, with h_j following c_j."""
        H = self.whole.widths[1]
        by_h, by_c = matrix[H:, :H], matrix[H:, H:]
        if j == 0:
            return by_c
        h_by_c = self.whole._slopes[0][j - 1].plain()
        return np.asarray(by_c + by_h * h_by_c)


@requires_flow
def state_jacobian(flow: GradientFlow, t: int, layer: int | None = None) -> StateJacobian:
    """The derivative of the state at a target step by the state at every step before.

    Parameters
    ----------
    flow : GradientFlow
        Of one cell on one sequence.
    t : int
        Target step, 1 <= t <= flow.T.
    layer : int, optional
        The layer of a stack, 0 next to the input, whose own state it is. Unless given, the states
        of all layers together, the last layer first.

    Returns
    -------
    StateJacobian

    Raises
    ------
    ValueError
        If t is not a target step, or the layer is unknown.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks".

    Examples
    --------
    >>> import gradflow as gf
    >>> rnn = gf.RNN([[1.0], [1.0]], [[0.0, 2.0], [0.5, 0.0]], activation="identity")
    >>> jacobian = gf.state_jacobian(gf.gradient_flow(rnn, [1.0, 1.0, 1.0]), 3)
    >>> jacobian
    StateJacobian(t=3, states=s, N=2)
    >>> jacobian.over(2).value
    array([[1., 0.],
           [0., 1.]])
    >>> (10**jacobian.log10_largest).round(12)
    array([2., 1., 2.])
    """
    step = target_step(t, flow.T)
    cell, trace = flow.cell, flow.trace
    if layer is not None or len(flow.layers) == 1:
        number = checked_layer(cell, layer)
        traces = getattr(trace, "layers", (trace,))
        cell, trace = layers_of(cell)[number], traces[number]
    return StateJacobian(step, tuple(cell.states), cell.widths, cell, cell.slopes(trace))


def _rescaled(matrix: Array) -> tuple[Array, int]:
    """A matrix over a power of two, so that its largest number is from 1/2 to 1; and that power."""
    _, shift = np.frexp(np.abs(matrix).max())
    return np.ldexp(matrix, -shift), int(shift)


def _log10_norm(matrix: Array, exponent: int) -> float:
    """log10 of the largest singular value of matrix * 2^exponent."""
    with np.errstate(divide="ignore"):
        return float(np.log10(np.linalg.norm(matrix, 2)) + exponent * np.log10(2.0))


def _inverse(matrix: Array) -> Array | None:
    """The inverse; None where there is none in float64, whatever the units of the states."""
    rows = np.abs(matrix).max(axis=1, keepdims=True)
    if not rows.all():
        return None
    columns = np.abs(matrix / rows).max(axis=0)
    if not columns.all():
        return None
    even = matrix / rows / columns
    if np.linalg.cond(even) * len(even) * np.finfo(np.float64).eps > 1.0:
        return None
    return np.linalg.inv(even) / columns[:, None] / rows.T
