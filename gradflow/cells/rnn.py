"""The plain recurrent cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.cells.base import (
    Gate,
    Number,
    Parameter,
    Passes,
    Room,
    Step,
    match_shape,
    multiplied,
    through,
    trace_text,
)
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import finite_array, frozen, one_of


@dataclass(frozen=True)
class RNNTrace:
    """What the forward pass of an RNN made.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    z : array of shape (T, H)
        Pre-activations; z[0] is step 1.
    s : array of shape (T + 1, H)
        Hidden states; s[0] is the start and s[t] the state after step t.
    o : array of shape (T,) or (T, O)
        Readout w_o s_t + b_o of steps 1 .. T.
    """

    x: Array
    z: Array
    s: Array
    o: Array

    __repr__ = trace_text

    @property
    def hidden(self) -> Array:
        """The state the readout sees, shape (T + 1, H)."""
        return self.s


@dataclass(frozen=True, eq=False)
class RNN:
    """s_j = phi(w_x x_j + w_s s_(j-1) + b).

    Parameters
    ----------
    w_x : number, or array of shape (H, D)
        Input weight. Numbers make a scalar cell, whose terms have signs.
    w_s : number, or array of shape (H, H)
        Recurrent weight.
    b : number, or array of shape (H,)
        Bias; a number serves all units.
    activation : {"tanh", "identity", "sigmoid", "relu"}
        phi.

    Raises
    ------
    ValueError
        If a weight is not finite, the shapes do not fit, or the activation is unknown.

    See Also
    --------
    LSTM, GRU : Cells with gates.
    Stack : Layers of cells.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.RNN(w_x=0.5, w_s=0.9)
    RNN(H=1, D=1)
    >>> gf.RNN([[0.5], [1.0]], [[0.9, 0.0], [0.1, 0.8]], activation="relu")
    RNN(H=2, D=1, activation='relu')
    """

    w_x: Any
    w_s: Any
    b: Any = 0.0
    activation: str = "tanh"

    def __post_init__(self) -> None:
        w_x, w_s, b = (finite_array(name, getattr(self, name)) for name in ("w_x", "w_s", "b"))
        one_of("activation", self.activation, ACTIVATIONS)
        if not (w_x.ndim == w_s.ndim == 0) and not (w_x.ndim == 2 and w_x.size > 0):
            raise ValueError(
                f"w_x must be a number like w_s, or have shape (H, D). Got {w_x.shape}."
            )
        H = w_x.shape[:1]
        match_shape("w_s", w_s, H + H, "(H, H)")
        if b.ndim == 0 and H:
            b = frozen(np.full(H, float(b)))
        match_shape("b", b, H, "(H,)")
        for name, array in (("w_x", w_x), ("w_s", w_s), ("b", b)):
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        activation = "" if self.activation == "tanh" else f", activation={self.activation!r}"
        return f"RNN(H={self.H}, D={self.D}{activation})"

    @property
    def H(self) -> int:
        return int(self.b.size)

    @property
    def D(self) -> int:
        return int(self.w_x.size) // self.H

    @property
    def signed(self) -> bool:
        """Whether the cell was given numbers, so that its terms are signed numbers."""
        return bool(self.w_x.ndim == 0)

    @property
    def states(self) -> tuple[str, ...]:
        return ("s",)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.H,)

    @property
    def weights(self) -> dict[str, Array]:
        return {"w_x": self.w_x, "w_s": self.w_s, "b": self.b}

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {"w_x": Parameter(0, "x"), "w_s": Parameter(0, "state"), "b": Parameter(0, "one")}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return {}

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D), or (T, n, D) for n sequences at once
            Inputs.
        start : mapping
            "s": array of shape (H,), or (n, H).
        weights : mapping
            What to use instead of the cell's own weights; they may be complex.

        Returns
        -------
        dict
            The arrays z and s of `RNNTrace`; of n sequences with an axis for them after the step.
        """
        T, H = len(x), self.H
        activation = ACTIVATIONS[self.activation]
        w_s = weights["w_s"].reshape(H, H).T
        drive = x @ weights["w_x"].reshape(H, -1).T + weights["b"].reshape(H)  # (T, .., H)
        z = np.empty(drive.shape, np.result_type(drive, w_s))
        s = np.empty((T + 1, *z.shape[1:]), z.dtype)
        s[0] = start["s"]
        if H == 1 and z.ndim == 2:
            z[:, 0], s[1:, 0] = _run_numbers(
                drive[:, 0].tolist(),
                w_s.item(),
                s[0].item(),
                activation.of_one(z.dtype),
            )
            return {"z": z, "s": s}
        for j in range(T):
            z[j] = drive[j] + s[j] @ w_s
            s[j + 1] = activation.at(z[j])
        return {"z": z, "s": s}

    def trace(self, **arrays: Array) -> RNNTrace:
        return RNNTrace(**arrays)

    def source(self, parameter: str, trace: RNNTrace) -> Array:
        return multiplied(self.parameters[parameter].source, trace)

    def slopes(self, trace: RNNTrace) -> tuple[Scaled, ...]:
        """phi'(z_j), shape (T, H)."""
        return (ACTIVATIONS[self.activation].slope(trace.z),)

    def plain_slopes(self, trace: RNNTrace) -> tuple[Array, ...]:
        """`slopes` in plain float64, as automatic differentiation has them; n sequences too."""
        return (ACTIVATIONS[self.activation].slope_of_value(trace.s[1:]),)

    def gates(self, slopes: tuple[Scaled, ...]) -> tuple[Gate, ...]:
        (slope,) = slopes
        return (Gate(0, slope),)

    @property
    def passes(self) -> Passes:
        return Passes(slopes=1, weights=1)

    def recurrent(self) -> Array:
        return self.w_s.reshape(1, self.H, self.H)

    def moves(self, slopes: tuple[Number, ...], w: Number) -> tuple[Number, ...]:
        """ds_j/ds_(j-1) transposed to act on rows: phi'(z_j) w_s, shape (..., H, H)."""
        (slope,) = slopes
        return (slope[..., :, None] * w[0],)

    def back(
        self, moves: tuple[Number, ...], carried: tuple[Number, ...], out: Room | None = None
    ) -> Step:
        (s_to_s,) = moves
        (s,) = carried
        (to_s,) = (None,) if out is None else out
        return (s,), (through(s, s_to_s, to_s),)


def _run_numbers(
    drive: list[Any], w_s: Any, s: Any, phi: Callable[[Any], Any]
) -> tuple[list[Any], list[Any]]:
    """The forward pass of one unit, on Python's numbers: z and s of steps 1 .. T."""
    every_z, every_s = [], []
    for x in drive:
        z = x + w_s * s
        s = phi(z)
        every_z.append(z)
        every_s.append(s)
    return every_z, every_s
