"""The gradient of a whole loss, as an optimiser gets it, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradflow.analysis import truncation
from gradflow.analysis.lag_split import LagBins, lag_bins
from gradflow.analysis.truncation import Truncated, TruncationCurve
from gradflow.cells.base import Cell
from gradflow.engine.parameter_names import full_name, layers_of
from gradflow.losses import Loss, Readout, text_of_sum
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen, optional_callable, true_or_false

_READOUT = ("readout.w_o", "readout.b_o")


@dataclass(frozen=True, eq=False, repr=False)
class TrainingGradient:
    """The gradient of L = sum over t of w_t L_t, in plain float64. Made by `training_gradient`.

    Attributes
    ----------
    cell, readout, loss
        The cell, the readout and the loss L_t.
    weights : array of shape (T,)
        w_t; 0 at steps that do not count.
    mask : bool array of shape (T,)
        Steps that count. Lags count these steps alone.
    gradients : mapping
        The gradient of every array of weights, in its shape: "w_x", "w_h" and "b" of an LSTM,
        "0.w_x" and so on of a stack, and last "readout.w_o" and "readout.b_o".
    state_gradients : mapping
        dL/d(state)_j by the names of the states, (T, H) with step j in row j - 1; nan at steps that
        do not count, whose state is that of the step before.

    See Also
    --------
    training_gradient : Makes it.
    GradientFlow : The terms of each single target.

    Examples
    --------
    >>> import numpy as np
    >>> import gradflow as gf
    >>> swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> rnn = gf.RNN([[1.0], [1.0]], 0.9 * swap, activation="identity")
    >>> readout = gf.Readout([1.0, -1.0])
    >>> gradient = gf.training_gradient(rnn, [0.0, 0.0], gf.UnitLoss(), readout=readout)
    >>> gradient
    TrainingGradient(RNN, T=2, global_norm=2.534)
    >>> gradient.state_gradients["s"][0].round(12)
    array([ 0.1, -0.1])
    """

    cell: Cell
    readout: Readout
    loss: Loss
    weights: Array
    mask: Array
    gradients: Mapping[str, Array]
    state_gradients: Mapping[str, Array]
    _parts: truncation.Parts

    def __repr__(self) -> str:
        kind, added = type(self.cell).__name__, text_of_sum(self.loss, self.readout)
        return f"TrainingGradient({kind}, T={self.T}, global_norm={self.global_norm():.4g}{added})"

    @property
    def T(self) -> int:
        """Sequence length.

        Examples
        --------
        >>> import gradflow as gf
        >>> gf.training_gradient(gf.RNN(1.0, 0.9), [1.0] * 20, gf.UnitLoss()).T
        20
        """
        return len(self.mask)

    def value(self, parameter: str, layer: int | None = None) -> Array:
        """The gradient of one parameter.

        Parameters
        ----------
        parameter : str
            A key of `gradients`, or a parameter of one gate, such as "w_xf".
        layer : int, optional
            The layer of a stack, 0 next to the input; may be left out where there is only one.

        Returns
        -------
        array of the shape of the parameter

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        norm : Its length.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> round(float(gradient.value("b")), 3)
        120.942
        """
        if isinstance(parameter, str) and parameter in self.gradients:
            return self.gradients[parameter]
        name = full_name(self.cell, parameter, layer)
        if name in self.gradients:
            return self.gradients[name]
        group = next(g for g, names in self.cell.groups.items() if name in names)
        return self.gradients[group][self.cell.groups[group].index(name)]

    def norm(self, parameter: str, layer: int | None = None) -> float:
        """The length of the gradient of one parameter; the arguments are those of `value`.

        See Also
        --------
        value : The gradient itself.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> round(gradient.norm("b"), 3)
        120.942
        """
        return float(np.linalg.norm(self.value(parameter, layer)))

    def global_norm(self, both_biases: bool = False, readout: bool = True) -> float:
        """The length of the gradient of all parameters together, by which clipping goes.

        Parameters
        ----------
        both_biases : bool
            Whether to count a bias twice where PyTorch has two that are added up, as its
            `clip_grad_norm_` does.
        readout : bool
            Whether the readout is trained.

        Raises
        ------
        ValueError
            If an argument is not such.

        See Also
        --------
        norm : Of one parameter.

        References
        ----------
        Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural
        networks".

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> round(gradient.global_norm(), 3), round(gradient.global_norm(readout=False), 3)
        (122.584, 120.942)
        """
        with_readout = true_or_false("readout", readout)
        names = [name for name in self.gradients if with_readout or name not in _READOUT]
        if true_or_false("both_biases", both_biases):
            names += _twice(self.cell)
        return float(np.linalg.norm([self.norm(name) for name in names]))

    def by_source(self, parameter: str, layer: int | None = None) -> Array:
        """What each source step adds to the gradient of a parameter, over all targets together.

        Parameters
        ----------
        parameter, layer
            As for `value`, but for the readout's.

        Returns
        -------
        array of shape (T, *shape of the parameter)
            Source step j in row j - 1; 0 at steps that do not count.

        Raises
        ------
        ValueError
            If the name or the layer is unknown.

        See Also
        --------
        by_lag : The same by the lag.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> gradient.by_source("b")[[0, 18, 19]].round(3).tolist()
        [8.784, 1.9, 1.0]
        """
        name, parts = full_name(self.cell, parameter, layer), self._parts
        return at_steps(parts.sums.by_source(parts.signals, name), self.mask, 0.0)

    def source_norms(self, parameter: str, layer: int | None = None) -> Array:
        """The norms of `by_source`, (T,), without the arrays; the arguments are the same.

        See Also
        --------
        by_source : The gradients themselves.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> gradient.source_norms("b")[-2:].tolist()
        [1.9, 1.0]
        """
        name, parts = full_name(self.cell, parameter, layer), self._parts
        return at_steps(parts.sums.source_norms(parts.signals, name), self.mask, 0.0)

    def by_lag(
        self, first: Sequence[int], on_step: Callable[[float], None] | None = None
    ) -> LagBins:
        """The gradient of the cell's weights split by lag, in bins.

        Parameters
        ----------
        first : sequence of int
            The first lag of each bin, ascending, from 1 on and up to T. A bin ends where the next
            begins, and the last at T.
        on_step : callable, optional
            As in `gradient_flow`, after each lag.

        Returns
        -------
        LagBins

        Raises
        ------
        ValueError
            If the lags are not such.

        See Also
        --------
        by_source : The same by the source step.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> bins = gradient.by_lag([1, 6, 11])
        >>> bins.last.tolist(), bins.together.norm.round(1).tolist()
        ([5, 10, 20], [74.6, 31.9, 14.4])
        """
        optional_callable("on_step", on_step)
        return lag_bins(self._parts, first, on_step)

    def truncated(self, window: int) -> Truncated:
        """The gradient of the terms of lags 1 .. window: each loss sees as many steps back.

        Parameters
        ----------
        window : int
            Lags, from 1 on.

        Returns
        -------
        Truncated

        Raises
        ------
        ValueError
            If window is not such.

        See Also
        --------
        chunked : Where the graph is cut.
        truncation_curve : Every window.

        References
        ----------
        Williams and Peng (1990), "An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories".

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> gradient.truncated(10)
        Truncated(window=10, relative_error=0.119, cosine=1)
        """
        return truncation.truncated(self._parts, window)

    def chunked(self, every: int, offset: int = 0) -> Truncated:
        """The gradient where the graph is cut every so many steps, and the state carried on.

        Training loops do so: backward on a chunk, `detach` the state, next chunk. Of layers that
        read in both directions the chunks are separate sequences instead, since no state is carried
        back into a chunk from the one after it; each is then asked about by itself.

        Parameters
        ----------
        every : int
            Steps of a chunk, from 1 on.
        offset : int
            Steps before the first cut, 0 <= offset < every; with 0 that is `every`.

        Returns
        -------
        Truncated

        Raises
        ------
        ValueError
            If an argument is not such.

        See Also
        --------
        truncated : A window for each target.
        chunk_curve : Several lengths.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> gradient.chunked(10)
        Truncated(every=10, relative_error=0.316, cosine=1)
        """
        return truncation.chunked(self._parts, every, offset)

    def truncation_curve(self, on_step: Callable[[float], None] | None = None) -> TruncationCurve:
        """The likeness of `truncated` to the whole, for every window from 1 to the last lag.

        Parameters
        ----------
        on_step : callable, optional
            As in `gradient_flow`, after each length.

        Returns
        -------
        TruncationCurve

        See Also
        --------
        truncated : One window.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> curve = gradient.truncation_curve()
        >>> [curve.shortest(error) for error in (0.01, 0.05, 0.1)]
        [17, 13, 11]
        """
        optional_callable("on_step", on_step)
        return truncation.truncation_curve(self._parts, on_step)

    def chunk_curve(
        self,
        lengths: Sequence[int] | None = None,
        offset: int = 0,
        on_step: Callable[[float], None] | None = None,
    ) -> TruncationCurve:
        """The likeness of `chunked` to the whole, for chunks of several lengths.

        Parameters
        ----------
        lengths : sequence of int, optional
            Steps of a chunk, ascending, from 1 on. Unless given every length up to 128, and beyond
            it lengths that grow by an eighth, to the whole sequence.
        offset : int
            As for `chunked`; below the shortest length.
        on_step : callable, optional
            As in `gradient_flow`, after each length.

        Returns
        -------
        TruncationCurve

        Raises
        ------
        ValueError
            If an argument is not such.

        See Also
        --------
        chunked : One length.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> curve = gradient.chunk_curve([5, 10, 20])
        >>> curve.together.relative_error.round(3).tolist()
        [0.565, 0.316, 0.0]
        """
        optional_callable("on_step", on_step)
        return truncation.chunk_curve(self._parts, lengths, offset, on_step)

    def lost_to_windows(self, windows: Sequence[int]) -> Iterator[dict[str, Array]]:
        """What `truncated` leaves out of the gradient, for several windows from one sweep.

        Parameters
        ----------
        windows : sequence of int
            Lags, ascending, from 1 on.

        Yields
        ------
        dict
            The gradient of every array of the cell's weights that is lost, in its shape.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> [round(float(lost["b"]), 3) for lost in gradient.lost_to_windows([10, 20])]
        [14.429, 0.0]
        """
        return truncation.lost_to_windows(self._parts, truncation.ascending("windows", windows, 1))

    def lost_to_chunks(self, lengths: Sequence[int]) -> Iterator[dict[str, Array]]:
        """What `chunked` leaves out of the gradient, for chunks of several lengths.

        Parameters
        ----------
        lengths : sequence of int
            Steps of a chunk, ascending, from 1 on.

        Yields
        ------
        dict
            As of `lost_to_windows`.

        Examples
        --------
        >>> import numpy as np
        >>> import gradflow as gf
        >>> rnn = gf.RNN(1.0, 0.9, activation="identity")
        >>> gradient = gf.training_gradient(rnn, np.zeros(20), gf.UnitLoss())
        >>> [round(float(lost["b"]), 3) for lost in gradient.lost_to_chunks([10, 20])]
        [38.18, 0.0]
        """
        return truncation.lost_to_chunks(self._parts, truncation.ascending("lengths", lengths, 1))


def at_steps(rows: Array, counts: Array, elsewhere: float) -> Array:
    """Rows of the steps that count, (n, ..), at their steps: (T, ..)."""
    if counts.all():
        return frozen(rows)
    placed = np.full((len(counts), *rows.shape[1:]), elsewhere)
    placed[counts] = rows
    return frozen(placed)


def _twice(cell: Cell) -> list[str]:
    """The biases of one gate that PyTorch has as a sum of two."""
    return [
        name
        for number, layer in enumerate(layers_of(cell))
        for own, (_, source) in layer.parameters.items()
        if source == "one" and not ("b_hn" in layer.parameters and own in ("b_n", "b_hn"))
        for name in [full_name(cell, own, number)]
    ]
