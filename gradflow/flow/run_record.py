"""What every flow tells of its run: what was given, what the forward pass made, the targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from gradflow.flow.refined_states import Given, OnStep
from gradflow.losses import Loss, Readout
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import frozen

Refined = TypeVar("Refined")


class SweptBack(Protocol):
    """What a sweep started from."""

    @property
    def loss_slope(self) -> Scaled: ...
    @property
    def seeds(self) -> Scaled: ...
    @property
    def targets(self) -> Array: ...
    def index_of(self, t: Any) -> int: ...


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run of a cell, or of layers, on a sequence, and which targets were carried back.

    Attributes
    ----------
    cell : Cell or BidirectionalStack
        The cell, or the layers.
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    readout : Readout
        The readout.
    loss : Loss
        The loss.
    initial_state : mapping
        Starting states by name, arrays of shape (H,).
    weights : array of the same shape as `mask`
        w_t, by which the loss of each step is multiplied; 0 at steps that do not count.
    mask : bool array, an entry for each step that was given
        Steps that count. T, and every t, k and j, count these alone; `steps` has their numbers.
    trace : RNNTrace, LSTMTrace, GRUTrace, StackTrace or BidirectionalTrace
        What the forward pass made.

    See Also
    --------
    GradientFlow, BidirectionalFlow : The terms of such a run.

    Examples
    --------
    >>> import gradflow as gf
    >>> isinstance(gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 0.0]), gf.flow.RunRecord)
    True
    """

    cell: Any
    x: Array
    readout: Readout
    loss: Loss
    initial_state: Mapping[str, Array]
    weights: Array
    mask: Array
    trace: Any
    _backward: SweptBack

    @property
    def T(self) -> int:
        """Sequence length: the steps that count.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.T
        3
        """
        return len(self.x)

    @property
    def targets(self) -> Array:
        """The target steps t whose terms there are, ascending, (n,): the rows of (n, T) arrays.

        See Also
        --------
        index_of : The row of one of them.

        Examples
        --------
        >>> import gradflow as gf
        >>> x = [1.0, 0.0, -1.0]
        >>> gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), x).targets.tolist()
        [1, 2, 3]
        >>> gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), x, targets="last").targets.tolist()
        [3]
        """
        return self._backward.targets

    @property
    def steps(self) -> Array:
        """The number that each step had among those that were given, (T,): 1 .. T without a mask.

        Examples
        --------
        >>> import gradflow as gf
        >>> mask = [False, True, True]
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [0.0, 1.0, -1.0], mask=mask)
        >>> flow.T, flow.steps.tolist()
        (2, [2, 3])
        """
        return frozen(np.flatnonzero(self.mask) + 1)

    def index_of(self, t: int) -> int:
        """The row that a target has in arrays of shape (n, T).

        Parameters
        ----------
        t : int
            Target step, one of `targets`.

        Returns
        -------
        int
            From 0 on.

        Raises
        ------
        ValueError
            If t is not one of the targets.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0], targets=[1, 3])
        >>> flow.index_of(3)
        1
        """
        return self._backward.index_of(t)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters whose terms can be asked for, one gate each.

        Those of a stack hold their layer: "0.w_xf" is the w_xf of layer 0, and may be asked for as
        that or with the argument `layer`. Where layers read both ways, the direction stands between
        them: "0.reverse.w_xf".

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.parameters
        ('w_x', 'w_s', 'b')
        """
        return tuple(self.cell.parameters)

    @property
    def loss_slope(self) -> Scaled:
        """w_t dL_t/do_t, (T,) or (T, O), as mantissa and power of two.

        See Also
        --------
        state_slope : What reaches the hidden state of it.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.loss_slope.plain().round(3)
        array([ 0.462,  0.393, -0.145])
        """
        return self._backward.loss_slope

    @property
    def state_slope(self) -> Scaled:
        """w_t dL_t/d(what the last layer hands on)_t, (T, H), as mantissa and power of two.

        See Also
        --------
        loss_slope : What it is made of.

        Examples
        --------
        >>> import gradflow as gf
        >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0, -1.0])
        >>> flow.state_slope.shape
        (3, 1)
        """
        return self._backward.seeds

    @property
    def _given(self) -> Given:
        return Given(self.initial_state, self.readout, self.loss, self.weights, self.mask)

    def _refined_once(
        self, refine: Callable[[Any, Given, OnStep], Refined], on_step: OnStep = None
    ) -> Refined:
        """The backward pass from states of higher precision, which the first call finds."""
        if "_refined" not in vars(self):
            vars(self)["_refined"] = refine(self._backward, self._given, on_step)
        found: Refined = vars(self)["_refined"]
        return found
