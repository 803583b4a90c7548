"""The long short-term memory cell with a forget gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradflow.cells.base import (
    Gate,
    Passes,
    by_gate,
    match_shape,
    multiplied,
    number,
    trace_text,
    unusual_activations,
)
from gradflow.cells.lstm_gates import GATES, LSTMGates
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import finite_array, one_of


@dataclass(frozen=True)
class LSTMTrace:
    """What the forward pass of an LSTM made. Gates stand in the order i, f, c, o.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    z : array of shape (T, 4, H)
        Pre-activations of the gates.
    gates : array of shape (T, 4, H)
        Values of the gates: the recurrent activation, and for the candidate c the activation.
    c : array of shape (T + 1, H)
        Cell states; c[0] is the start and c[t] the state after step t.
    h : array of shape (T + 1, H)
        Hidden states, the same way.
    o : array of shape (T,) or (T, O)
        Readout w_o h_t + b_o of steps 1 .. T.
    """

    x: Array
    z: Array
    gates: Array
    c: Array
    h: Array
    o: Array

    __repr__ = trace_text

    @property
    def hidden(self) -> Array:
        """The state the readout sees, shape (T + 1, H)."""
        return self.h


@dataclass(frozen=True, eq=False)
class LSTM(LSTMGates):
    """Gates z^g_j = w_xg x_j + w_hg h_(j-1) + b_g; c_j = f c_(j-1) + i c'; h_j = o phi(c_j).

    i, f and o are sigmoids of their z and c' is phi of its z, where phi is tanh, unless other
    activations are asked for. Axis 0 of each array is the gate, in the order i, f, c, o.

    Parameters
    ----------
    w_x : array of shape (4, H, D), or (4,) for a scalar cell
        Input weights.
    w_h : array of shape (4, H, H), or (4,)
        Recurrent weights.
    b : array of shape (4, H), or (4,)
        Biases.
    activation : str
        phi: a name of `gradflow.numerics.activations.ACTIVATIONS`.
    recurrent_activation : str
        The same, of the gates i, f and o.

    Raises
    ------
    ValueError
        If a weight is not finite, the shapes do not fit, or an activation is unknown.

    See Also
    --------
    ProjectedLSTM : With a projection of its hidden state.
    RNN, GRU : Other cells.
    Stack : Layers of cells.

    References
    ----------
    Gers, Schmidhuber and Cummins (2000), "Learning to forget: continual prediction with LSTM".

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> gf.LSTM(np.ones((4, 3, 2)), np.zeros((4, 3, 3)), np.zeros((4, 3)))
    LSTM(H=3, D=2)
    >>> gf.LSTM.scalar(w_x=0.5, w_h=0.5, b_f=2.0)
    LSTM(H=1, D=1)
    """

    w_x: Any
    w_h: Any
    b: Any
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    def __post_init__(self) -> None:
        w_x, w_h, b = (finite_array(name, getattr(self, name)) for name in ("w_x", "w_h", "b"))
        for name in ("activation", "recurrent_activation"):
            one_of(name, getattr(self, name), ACTIVATIONS)
        if w_x.shape[:1] != (4,) or w_x.ndim not in (1, 3) or w_x.size == 0:
            raise ValueError(f"w_x must have shape (4, H, D), or (4,). Got {w_x.shape}.")
        H = w_x.shape[1:2]
        match_shape("w_h", w_h, (4, *H, *H), "(4, H, H), or (4,)")
        match_shape("b", b, (4, *H), "(4, H), or (4,)")
        for name, array in (("w_x", w_x), ("w_h", w_h), ("b", b)):
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        return f"LSTM(H={self.H}, D={self.D}{unusual_activations(self)})"

    @classmethod
    def scalar(
        cls,
        w_x: float | Mapping[str, float],
        w_h: float | Mapping[str, float],
        b_f: float = 1.0,
        *,
        b_i: float = 0.0,
        b_c: float = 0.0,
        b_o: float = 0.0,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> LSTM:
        """A cell with D = H = 1, whose terms are signed numbers.

        Parameters
        ----------
        w_x, w_h : number or mapping
            One number for all gates, or one for each: {"i": .., "f": .., "c": .., "o": ..}.
        b_f : number
            Bias of the forget gate.
        b_i, b_c, b_o : number
            Biases of the other gates.
        activation, recurrent_activation : str
            See `LSTM`.

        Raises
        ------
        ValueError
            If a value is not a finite number, a mapping has other keys than the gates, or an
            activation is unknown.
        """
        b = [number(f"b_{g}", v) for g, v in zip(GATES, (b_i, b_f, b_c, b_o), strict=True)]
        return cls(
            by_gate("w_x", w_x, GATES),
            by_gate("w_h", w_h, GATES),
            np.array(b),
            activation,
            recurrent_activation,
        )

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.H, self.H)

    @property
    def weights(self) -> dict[str, Array]:
        return {"w_x": self.w_x, "w_h": self.w_h, "b": self.b}

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D), or (T, n, D) for n sequences at once
            Inputs.
        start : mapping
            "h" and "c": arrays of shape (H,), or (n, H).
        weights : mapping
            What to use instead of the cell's own weights; they may be complex.

        Returns
        -------
        dict
            The arrays z, gates, c and h of `LSTMTrace`; of n sequences with an axis for them after
            the step.
        """
        T, H = len(x), self.H
        gate_value, phi = self.squashes
        w_h = weights["w_h"].reshape(4 * H, H).T
        drive = x @ weights["w_x"].reshape(4 * H, -1).T + weights["b"].reshape(4 * H)  # (T, .., 4H)
        z = drive.astype(np.result_type(drive, w_h)).reshape(*drive.shape[:-1], 4, H)
        gates = np.empty_like(z)
        c = np.empty((T + 1, *drive.shape[1:-1], H), z.dtype)
        h = np.empty_like(c)
        c[0], h[0] = start["c"], start["h"]
        if H == 1 and drive.ndim == 2:
            squashes = (a.of_one(z.dtype) for a in self.squashes)
            z[:, :, 0], gates[:, :, 0], c[1:, 0], h[1:, 0] = _run_numbers(
                drive.tolist(), w_h[0].tolist(), c[0].item(), h[0].item(), *squashes
            )
            return {"z": z, "gates": gates, "c": c, "h": h}
        by_gate = np.moveaxis(gates, -2, 0)  # (4, T, .., H)
        for j in range(T):
            z_j = z[j]
            z_j += np.matmul(h[j], w_h).reshape(z_j.shape)
            gates[j] = gate_value.at(z_j)
            i, f, candidate, o = by_gate[:, j]
            candidate[...] = phi.at(z_j[..., 2, :])
            c_j = np.multiply(f, c[j], out=c[j + 1])
            c_j += i * candidate
            np.multiply(o, phi.at(c_j), out=h[j + 1])
        return {"z": z, "gates": gates, "c": c, "h": h}

    def trace(self, **arrays: Array) -> LSTMTrace:
        return LSTMTrace(**arrays)

    def source(self, parameter: str, trace: LSTMTrace) -> Array:
        return multiplied(self.parameters[parameter].source, trace)

    def gates(self, slopes: tuple[Scaled, ...]) -> tuple[Gate, ...]:
        """i, f and c take multiples of signal 1 (on c), o of signal 0 (on h)."""
        _, _, i, f, candidate, o = slopes
        return (Gate(1, i), Gate(1, f), Gate(1, candidate), Gate(0, o))

    @property
    def passes(self) -> Passes:
        """A signal on h gets to c, and from there through a gate."""
        return Passes(slopes=2, weights=1)

    def recurrent(self) -> Array:
        return self.w_h.reshape(4, self.H, self.H)


def _run_numbers(
    drive: list[list[Any]],
    w_h: list[Any],
    c: Any,
    h: Any,
    gate_value: Callable[[Any], Any],
    phi: Callable[[Any], Any],
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """The forward pass of one unit, on Python's numbers: z, gates, c and h of steps 1 .. T."""
    w_hi, w_hf, w_hc, w_ho = w_h
    every_z, every_gates, every_c, every_h = [], [], [], []
    for x_i, x_f, x_c, x_o in drive:
        z_i, z_f, z_c, z_o = x_i + w_hi * h, x_f + w_hf * h, x_c + w_hc * h, x_o + w_ho * h
        i, f, candidate, o = gate_value(z_i), gate_value(z_f), phi(z_c), gate_value(z_o)
        c = f * c + i * candidate
        h = o * phi(c)
        every_z.append((z_i, z_f, z_c, z_o))
        every_gates.append((i, f, candidate, o))
        every_c.append(c)
        every_h.append(h)
    return every_z, every_gates, every_c, every_h
