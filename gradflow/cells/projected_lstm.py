"""The long short-term memory cell whose hidden state is a projection."""

from __future__ import annotations

from collections.abc import Mapping
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
    unusual_activations,
)
from gradflow.cells.lstm_gates import LSTMGates
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import finite_array, one_of


@dataclass(frozen=True)
class ProjectedLSTMTrace:
    """What the forward pass of an LSTM with a projection made; U counts its units.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    z : array of shape (T, 4, U)
        Pre-activations of the gates, in the order i, f, c, o.
    gates : array of shape (T, 4, U)
        Values of the gates: the recurrent activation, and for the candidate c the activation.
    c : array of shape (T + 1, U)
        Cell states; c[0] is the start and c[t] the state after step t.
    q : array of shape (T, U)
        What the projection multiplied: o phi(c_j).
    h : array of shape (T + 1, H)
        Hidden states; h[0] is the start and h[t] the state after step t.
    o : array of shape (T,) or (T, O)
        Readout w_o h_t + b_o of steps 1 .. T.
    """

    x: Array
    z: Array
    gates: Array
    c: Array
    q: Array
    h: Array
    o: Array

    __repr__ = trace_text

    @property
    def hidden(self) -> Array:
        """The state the readout sees, shape (T + 1, H)."""
        return self.h


@dataclass(frozen=True, eq=False)
class ProjectedLSTM(LSTMGates):
    """An LSTM of U units whose hidden state has H numbers: h_j = w_p (o phi(c_j)).

    All else is as in an `LSTM`. PyTorch calls U hidden_size and H proj_size. Axis 0 of w_x, w_h and
    b is the gate, in the order i, f, c, o.

    Parameters
    ----------
    w_x : array of shape (4, U, D)
        Input weights.
    w_h : array of shape (4, U, H)
        Recurrent weights.
    b : array of shape (4, U)
        Biases.
    w_p : array of shape (H, U)
        The projection.
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
    LSTM : Without a projection, which has paths by detours too.

    References
    ----------
    Sak, Senior and Beaufays (2014), "Long short-term memory recurrent neural network architectures
    for large scale acoustic modeling". The form is that of PyTorch's torch.nn.LSTM.

    Examples
    --------
    >>> import gradflow as gf
    >>> import numpy as np
    >>> w_x, w_h, b = np.ones((4, 5, 3)), np.ones((4, 5, 2)), np.zeros((4, 5))
    >>> cell = gf.ProjectedLSTM(w_x, w_h, b, w_p=np.ones((2, 5)))
    >>> cell
    ProjectedLSTM(H=2, D=3, units=5)
    >>> gf.gradient_flow(cell, np.ones((4, 3))).total("w_p").shape
    (4, 2, 5)
    """

    w_x: Any
    w_h: Any
    b: Any
    w_p: Any
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    def __post_init__(self) -> None:
        arrays = {name: finite_array(name, getattr(self, name)) for name in self.weights}
        for name in ("activation", "recurrent_activation"):
            one_of(name, getattr(self, name), ACTIVATIONS)
        w_x, w_p = arrays["w_x"], arrays["w_p"]
        if w_x.ndim != 3 or len(w_x) != 4 or w_x.size == 0:
            raise ValueError(f"w_x must have shape (4, U, D). Got {w_x.shape}.")
        if w_p.ndim != 2 or w_p.size == 0:
            raise ValueError(f"w_p must have shape (H, U). Got {w_p.shape}.")
        H, U = len(w_p), w_x.shape[1]
        match_shape("w_h", arrays["w_h"], (4, U, H), "(4, U, H)")
        match_shape("b", arrays["b"], (4, U), "(4, U)")
        match_shape("w_p", w_p, (H, U), "(H, U)")
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        sizes = f"H={self.H}, D={self.D}, units={self.units}"
        return f"ProjectedLSTM({sizes}{unusual_activations(self)})"

    @property
    def H(self) -> int:
        """Numbers of the hidden state."""
        return len(self.w_p)

    @property
    def units(self) -> int:
        """Numbers of the cell state and of each gate, U."""
        return int(self.w_p.shape[1])

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.H, self.units)

    @property
    def weights(self) -> dict[str, Array]:
        return {"w_x": self.w_x, "w_h": self.w_h, "b": self.b, "w_p": self.w_p}

    @property
    def parameters(self) -> dict[str, Parameter]:
        # The projection counts as a fifth gate, whose z is h itself.
        return {**super().parameters, "w_p": Parameter(4, "projected")}

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D), or (T, n, D) for n sequences at once
            Inputs.
        start : mapping
            "h" and "c": arrays of shape (H,) and (U,), or (n, H) and (n, U).
        weights : mapping
            What to use instead of the cell's own weights; they may be complex.

        Returns
        -------
        dict
            The arrays z, gates, c, q and h of `ProjectedLSTMTrace`; of n sequences with an axis for
            them after the step.
        """
        T, U = len(x), self.units
        gate_value, phi = self.squashes
        w_h, w_p = weights["w_h"].reshape(4 * U, self.H).T, weights["w_p"].T
        drive = x @ weights["w_x"].reshape(4 * U, -1).T + weights["b"].reshape(4 * U)  # (T, .., 4U)
        n = drive.shape[1:-1]
        z = np.empty((T, *n, 4, U), np.result_type(drive, w_h, w_p))
        gates, q = np.empty_like(z), np.empty((T, *n, U), z.dtype)
        c, h = (np.empty((T + 1, *n, width), z.dtype) for width in (U, self.H))
        c[0], h[0] = start["c"], start["h"]
        by_gate = np.moveaxis(gates, -2, 0)  # (4, T, .., U)
        for j in range(T):
            z[j] = (drive[j] + h[j] @ w_h).reshape(z[j].shape)
            gates[j] = gate_value.at(z[j])
            i, f, candidate, o = by_gate[:, j]
            candidate[...] = phi.at(z[j, ..., 2, :])
            c[j + 1] = f * c[j] + i * candidate
            q[j] = o * phi.at(c[j + 1])
            h[j + 1] = q[j] @ w_p
        return {"z": z, "gates": gates, "c": c, "q": q, "h": h}

    def trace(self, **arrays: Array) -> ProjectedLSTMTrace:
        return ProjectedLSTMTrace(**arrays)

    def source(self, parameter: str, trace: ProjectedLSTMTrace) -> Array:
        source = self.parameters[parameter].source
        return trace.q if source == "projected" else multiplied(source, trace)

    def slopes(self, trace: ProjectedLSTMTrace) -> tuple[Scaled, ...]:
        """Those of `LSTMGates`, (T, U), and dh_j/dz of the projection, which is 1, (T, H)."""
        return (*super().slopes(trace), Scaled.of(np.ones_like(trace.h[1:])))

    def plain_slopes(self, trace: ProjectedLSTMTrace) -> tuple[Array, ...]:
        """`slopes` in plain float64, as automatic differentiation has them; n sequences too."""
        return (*super().plain_slopes(trace), np.ones_like(trace.h[1:]))

    def gates(self, slopes: tuple[Scaled, ...]) -> tuple[Gate, ...]:
        """i, f and c take multiples of signal 1 (on c), o of 2 (on q), w_p of 0 (on h)."""
        _, _, i, f, candidate, o, projected = slopes
        return (Gate(1, i), Gate(1, f), Gate(1, candidate), Gate(2, o), Gate(0, projected))

    @property
    def passes(self) -> Passes:
        """A signal on h gets through the projection to c, and from there through a gate."""
        return Passes(slopes=2, weights=2)

    def recurrent(self) -> tuple[Array, Array]:
        """The recurrent weights, and the projection as those of one gate, (1, H, U)."""
        return self.w_h, self.w_p[None]

    def moves(self, slopes: tuple[Number, ...], w: tuple[Number, Number]) -> tuple[Number, ...]:
        """Those of `LSTMGates`, and the derivative of h by q."""
        *of_gates, projected = slopes
        return (*super().moves(tuple(of_gates), w[0]), projected[..., :, None] * w[1][0])

    def back(
        self, moves: tuple[Number, ...], carried: tuple[Number, ...], out: Room | None = None
    ) -> Step:
        *of_gates, h_by_q = moves
        h, c = carried
        (q, c), before = super().back(tuple(of_gates), (through(h, h_by_q), c), out)
        return (h, c, q), before
