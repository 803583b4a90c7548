"""The readout and the losses: what dL_t/dh_t is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gradflow.numerics.activations import scaled_sigmoid
from gradflow.numerics.scaled import Array, Scaled, exponential
from gradflow.numerics.validation import finite_array, shown


@dataclass(frozen=True, eq=False)
class Readout:
    """o_t = w_o h_t + b_o.

    Parameters
    ----------
    w_o : number, array of shape (H,), or array of shape (O, H)
        A number weighs every hidden unit alike. (O, H) makes a vector of O outputs.
    b_o : number, or array of shape (O,)
        Bias.

    Raises
    ------
    ValueError
        If a value is not finite or the shapes do not fit.

    See Also
    --------
    gradient_flow : Takes it.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.Readout(w_o=2.0)
    Readout(w_o=2.0, b_o=0.0)
    >>> gf.Readout([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], b_o=[0.0, 0.5])
    Readout(w_o=array of shape (2, 3), b_o=array of shape (2,))
    """

    w_o: Any = 1.0
    b_o: Any = 0.0

    def __post_init__(self) -> None:
        w_o, b_o = finite_array("w_o", self.w_o), finite_array("b_o", self.b_o)
        if w_o.ndim > 2 or w_o.size == 0:
            raise ValueError(f"w_o must be a number or have shape (H,) or (O, H). Got {w_o.shape}.")
        outputs = w_o.shape[:-1]
        if b_o.shape not in ((), outputs):
            raise ValueError(f"b_o must be a number or have shape {outputs}. Got {b_o.shape}.")
        object.__setattr__(self, "w_o", w_o)
        object.__setattr__(self, "b_o", b_o)

    def __repr__(self) -> str:
        return f"Readout(w_o={_text(self.w_o)}, b_o={_text(self.b_o)})"

    def matrix(self, H: int) -> Array:
        """The weights as an array of shape (O, H).

        Raises
        ------
        ValueError
            If w_o is for another number of units.
        """
        if self.w_o.ndim == 0:
            return np.full((1, H), self.w_o)
        if self.w_o.shape[-1] != H:
            raise ValueError(f"w_o must weigh the H={H} units of the cell. Got {self.w_o.shape}.")
        return self.w_o.reshape(-1, H)

    def rows_cancel(self, share: float = 1e-6) -> bool:
        """Whether the rows of w_o sum to nothing, so that the sum of the outputs has no gradient.

        A softmax leaves the sum of the rows as training found it, and a start of zeros leaves it
        at nothing.

        Parameters
        ----------
        share : float
            How long the sum of the rows may be, of the sum of their lengths.

        Examples
        --------
        >>> import gradflow as gf
        >>> gf.Readout([[2.0, -3.0], [-2.0, 3.0]]).rows_cancel()
        True
        >>> gf.Readout([2.0, -3.0]).rows_cancel()
        False
        """
        rows = np.atleast_2d(self.w_o)
        lengths = np.linalg.norm(rows, axis=1).sum()
        return bool(np.linalg.norm(rows.sum(axis=0)) <= share * lengths)

    def outputs(self, hidden: Array) -> Array:
        """o, shape (T,) or (T, O), from hidden states of shape (T, H)."""
        o = hidden @ self.matrix(hidden.shape[1]).T
        return (o if self.w_o.ndim == 2 else o[:, 0]) + self.b_o


@runtime_checkable
class Loss(Protocol):
    """A loss at each step, as a function of the readout."""

    def slope(self, o: Array) -> Scaled:
        """dL_t/do_t, of the shape of o, (T,) or (T, O). Checks that the targets fit o."""


@dataclass(frozen=True, repr=False)
class UnitLoss:
    """L_t = one output o_t, so that dL_t/do_t = 1, for looking at the recurrence alone.

    Parameters
    ----------
    output : int or array of T ints, optional
        Which of several outputs, numbered from 0, at all steps or at each: the logit of a class.
        Unless given their sum. Of a classifier that sum says nothing: a softmax ignores what is
        added to all of its logits.

    Raises
    ------
    ValueError
        If `output` is not such; from `gradient_flow` if the readout has no such output.

    See Also
    --------
    SquaredError, BinaryCrossEntropy, SoftmaxCrossEntropy : Losses with a target.
    LinearLoss : The same with a factor at each step.
    Readout.rows_cancel : Whether the outputs' sum has any gradient.

    Examples
    --------
    >>> import gradflow as gf
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 0.0], loss=gf.UnitLoss())
    >>> flow.loss_slope.plain().tolist()
    [1.0, 1.0]
    >>> readout = gf.Readout([[1.0], [-1.0]])
    >>> flow = gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 0.0], readout, gf.UnitLoss(output=1))
    >>> flow.loss_slope.plain().tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """

    output: Any = None

    def __post_init__(self) -> None:
        if self.output is not None:
            given = finite_array("output", self.output)
            if given.ndim > 1 or not _are_classes(given):
                raise ValueError(
                    "output must be whole numbers from 0, one for all steps or one for each. "
                    f"Got {shown(self.output)}."
                )
            # Of Python's own numbers, so that equal losses are equal.
            whole = given.astype(int)
            object.__setattr__(self, "output", tuple(whole.tolist()) if given.ndim else int(whole))

    def __repr__(self) -> str:
        return "UnitLoss()" if self.output is None else f"UnitLoss(output={_text(self.output)})"

    def slope(self, o: Array) -> Scaled:
        if self.output is None:
            return Scaled.of(np.ones_like(o))
        chosen = _one_hot("output", np.array(self.output), o.reshape(len(o), -1))
        return Scaled.of(chosen.reshape(o.shape))


@dataclass(frozen=True, eq=False)
class LinearLoss:
    """L_t = g_t o_t, summed over outputs, so that dL_t/do_t = g_t: a gradient that is known.

    With `Readout(numpy.eye(H))` the outputs are the hidden units, and g_t is what the rest of a
    network sends back to them.

    Parameters
    ----------
    gradient : number, array of shape (T,), or array of shape (T, O)
        g.

    Raises
    ------
    ValueError
        If a value is not finite; from `gradient_flow` if the shape does not fit the readout.

    See Also
    --------
    UnitLoss : The same with 1 for every g_t.

    Examples
    --------
    >>> import gradflow as gf
    >>> loss = gf.LinearLoss(gradient=[0.0, 0.0, -2.0])
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.5, w_s=0.9), [1.0, 1.0, 1.0], loss=loss)
    >>> flow.loss_slope.plain().tolist()
    [0.0, 0.0, -2.0]
    """

    gradient: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradient", finite_array("gradient", self.gradient))

    def __repr__(self) -> str:
        return f"LinearLoss(gradient={_text(self.gradient)})"

    def slope(self, o: Array) -> Scaled:
        return Scaled.of(_spread(self.gradient, o, "gradient"))


@dataclass(frozen=True, eq=False)
class SquaredError:
    """L_t = 1/2 (o_t - y_t)^2, summed over outputs.

    Parameters
    ----------
    target : number, array of shape (T,), or array of shape (T, O)
        y.

    Raises
    ------
    ValueError
        If a value is not finite; from `gradient_flow` if the shape does not fit the readout.

    See Also
    --------
    UnitLoss, BinaryCrossEntropy, SoftmaxCrossEntropy : Other losses.

    Examples
    --------
    >>> import gradflow as gf
    >>> loss = gf.SquaredError(target=[0.0, 0.0, 1.0])
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.0, w_s=0.9), [1.0, 1.0, 1.0], loss=loss)
    >>> flow.loss_slope.plain().tolist()
    [0.0, 0.0, -1.0]
    """

    target: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", finite_array("target", self.target))

    def __repr__(self) -> str:
        return f"SquaredError(target={_text(self.target)})"

    def slope(self, o: Array) -> Scaled:
        return Scaled.of(o - _spread(self.target, o))


@dataclass(frozen=True, eq=False)
class BinaryCrossEntropy:
    """L_t = -y log p - (1 - y) log(1 - p) with p = sigmoid(o_t), summed over outputs.

    Parameters
    ----------
    target : number, array of shape (T,), or array of shape (T, O)
        y, from 0 to 1.

    Raises
    ------
    ValueError
        If a value is not from 0 to 1; from `gradient_flow` if the shape does not fit the readout.

    See Also
    --------
    UnitLoss, SquaredError, SoftmaxCrossEntropy : Other losses.

    Examples
    --------
    >>> import gradflow as gf
    >>> loss = gf.BinaryCrossEntropy(target=1.0)
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.0, w_s=0.9), [1.0, 1.0], loss=loss)
    >>> flow.loss_slope.plain().tolist()
    [-0.5, -0.5]
    """

    target: Any = 1.0

    def __post_init__(self) -> None:
        target = finite_array("target", self.target)
        _within_unit_interval(target)
        object.__setattr__(self, "target", target)

    def __repr__(self) -> str:
        return f"BinaryCrossEntropy(target={_text(self.target)})"

    def slope(self, o: Array) -> Scaled:
        # p - y without a difference of near equals: (1 - y) sigmoid(o) - y sigmoid(-o). A part that
        # is multiplied by 0 is taken at 0, so that no o is too large for it.
        y = _spread(self.target, o)
        above = scaled_sigmoid(np.where(y < 1.0, o, 0.0)) * (1.0 - y)
        return above + scaled_sigmoid(np.where(y > 0.0, -o, 0.0)) * -y


@dataclass(frozen=True, eq=False)
class SoftmaxCrossEntropy:
    """L_t = -sum of y log p with p = softmax(o_t), for a readout of shape (O, H).

    Parameters
    ----------
    target : int, array of T ints, or array of shape (T, O)
        The class, numbered from 0, or the probability of each class.

    Raises
    ------
    ValueError
        If probabilities are not from 0 to 1 or do not add up to 1; from `gradient_flow` if a class
        or the shape does not fit the readout.

    See Also
    --------
    UnitLoss, SquaredError, BinaryCrossEntropy : Other losses.

    Examples
    --------
    >>> import gradflow as gf
    >>> readout, loss = gf.Readout([[1.0], [-1.0]]), gf.SoftmaxCrossEntropy(target=1)
    >>> flow = gf.gradient_flow(gf.RNN(w_x=0.0, w_s=0.9), [1.0], readout, loss)
    >>> flow.loss_slope.plain().tolist()
    [[0.5, -0.5]]
    """

    target: Any = 0

    def __post_init__(self) -> None:
        target = finite_array("target", self.target)
        if target.ndim == 2:
            _within_unit_interval(target)
            sums = target.sum(axis=1)
            if not np.allclose(sums, 1.0, rtol=0.0, atol=1e-9):
                worst = sums[np.argmax(np.abs(sums - 1.0))]
                raise ValueError(f"target must add up to 1 over the classes. Got a sum of {worst}.")
        elif target.ndim > 2 or not _are_classes(target):
            raise ValueError(
                "target must be classes (whole numbers from 0) or probabilities of shape (T, O). "
                f"Got {shown(self.target)}."
            )
        object.__setattr__(self, "target", target)

    def __repr__(self) -> str:
        return f"SoftmaxCrossEntropy(target={_text(self.target)})"

    def slope(self, o: Array) -> Scaled:
        if o.ndim != 2:
            raise ValueError(
                f"loss SoftmaxCrossEntropy must have a readout w_o of shape (O, H). "
                f"Got outputs of shape {o.shape}."
            )
        y = self._probabilities(o)
        weight = exponential(o - o.max(axis=1, keepdims=True))
        p = weight * (1.0 / weight.plain().sum(axis=1, keepdims=True))
        # p - y without a difference of near equals: p (1 - y) - y (1 - p). 1 - p is safe for every
        # class but the likeliest, and for that one it is the sum of the others.
        top = np.eye(o.shape[1])[o.argmax(axis=1)]
        rest = Scaled.of((1.0 - p.plain()) * (1.0 - top))
        rest = rest + (p * (1.0 - top)).sum(axis=1)[:, None] * top
        return p * (1.0 - y) + rest * -y

    def _probabilities(self, o: Array) -> Array:
        if self.target.ndim == 2:
            return _spread(self.target, o)
        return _one_hot("target", self.target, o)


def text_of_sum(loss: Loss, readout: Readout) -> str:
    """What is to be said of a loss that adds up the outputs of a classifier; else nothing."""
    outputs = len(readout.w_o) if readout.w_o.ndim == 2 else 1
    if outputs == 1 or not isinstance(loss, UnitLoss) or loss.output is not None:
        return ""
    return f", of the sum of {outputs} outputs, which a softmax ignores"


def _text(numbers: Any) -> str:
    array = np.asarray(numbers)
    return f"array of shape {array.shape}" if array.ndim else repr(array.item())


def _are_classes(numbers: Array) -> bool:
    return bool((numbers == np.rint(numbers)).all() and (numbers >= 0).all())


def _one_hot(name: str, classes: Array, o: Array) -> Array:
    """1 at the class of each step, (T, O)."""
    each_step = _spread(classes, o[:, 0], name)
    if each_step.max() >= o.shape[1]:
        raise ValueError(f"{name} must be a class below O={o.shape[1]}. Got {each_step.max():g}.")
    return np.eye(o.shape[1])[each_step.astype(int)]


def _spread(target: Array, o: Array, name: str = "target") -> Array:
    if target.shape not in ((), o.shape[:1], o.shape) or (target.ndim == 1 and o.ndim == 2):
        raise ValueError(f"{name} must be a number or have shape {o.shape}. Got {target.shape}.")
    return np.broadcast_to(target, o.shape)


def _within_unit_interval(target: Array) -> None:
    outside = (target < 0.0) | (target > 1.0)
    if outside.any():
        raise ValueError(f"target must be from 0 to 1. Got {target[outside].flat[0]}.")
