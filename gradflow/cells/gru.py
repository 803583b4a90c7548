"""The gated recurrent unit, with the reset gate applied after the recurrent product or before."""

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
    blended,
    by_gate,
    match_shape,
    multiplied,
    number,
    through,
    trace_text,
    unusual_activations,
)
from gradflow.cells.gated import Gated
from gradflow.cells.gru_difference import state_minus_candidate
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array, Scaled
from gradflow.numerics.validation import finite_array, one_of

_GATES = ("r", "z", "n")


@dataclass(frozen=True)
class GRUTrace:
    """What the forward pass of a GRU made. Gates stand in the order r, z, n.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs; x[0] is step 1.
    z : array of shape (T, 3, H)
        Pre-activations of the gates.
    gates : array of shape (T, 3, H)
        Values of the gates: the recurrent activation, and for the candidate n the activation.
    q : array of shape (T, H)
        What the reset gate multiplied: w_hn h_(j-1) + b_hn, in the original form h_(j-1).
    h : array of shape (T + 1, H)
        Hidden states; h[0] is the start and h[t] the state after step t.
    o : array of shape (T,) or (T, O)
        Readout w_o h_t + b_o of steps 1 .. T.
    """

    x: Array
    z: Array
    gates: Array
    q: Array
    h: Array
    o: Array

    __repr__ = trace_text

    @property
    def hidden(self) -> Array:
        """The state the readout sees, shape (T + 1, H)."""
        return self.h


@dataclass(frozen=True, eq=False)
class GRU(Gated):
    """h_j = (1 - z_j) n_j + z_j h_(j-1), with the gates reset r, update z and the candidate n.

    r and z are sigmoids of w_x x_j + w_h h_(j-1) + b, each with its own weights, and n is the tanh
    of w_xn x_j + b_n + r_j (w_hn h_(j-1) + b_hn). In the original form (`reset_after` False) it is
    the tanh of w_xn x_j + b_n + w_hn (r_j h_(j-1)). Other activations can be asked for.

    Axis 0 of each array but b_hn is the gate, in the order r, z, n.

    Parameters
    ----------
    w_x : array of shape (3, H, D), or (3,) for a scalar cell
        Input weights.
    w_h : array of shape (3, H, H), or (3,)
        Recurrent weights.
    b : array of shape (3, H), or (3,)
        Biases. Where a framework has two for r and z, this is their sum.
    b_hn : number, or array of shape (H,), optional
        The bias within the reset product; 0 unless given. The original form has none.
    reset_after : bool
        Whether the reset gate is applied after the recurrent product, as PyTorch and cuDNN do.
    activation : str
        That of n: a name of `gradflow.numerics.activations.ACTIVATIONS`.
    recurrent_activation : str
        The same, of the gates r and z.

    Raises
    ------
    ValueError
        If a weight is not finite, the shapes do not fit, reset_after is no bool, b_hn is given
        to the original form, or an activation is unknown.

    See Also
    --------
    RNN, LSTM : Other cells.
    Stack : Layers of cells.

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical
    machine translation". The form with reset_after, and the letters r, z and n, are those of
    PyTorch's torch.nn.GRU.

    Examples
    --------
    >>> import gradflow as gf
    >>> gf.GRU.scalar(w_x=0.5, w_h={"r": 0.1, "z": 0.9, "n": 0.5}, b_z=1.0)
    GRU(H=1, D=1)
    """

    w_x: Any
    w_h: Any
    b: Any
    b_hn: Any = None
    reset_after: bool = True
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    def __post_init__(self) -> None:
        w_x, w_h, b = (finite_array(name, getattr(self, name)) for name in ("w_x", "w_h", "b"))
        for name in ("activation", "recurrent_activation"):
            one_of(name, getattr(self, name), ACTIVATIONS)
        if w_x.shape[:1] != (3,) or w_x.ndim not in (1, 3) or w_x.size == 0:
            raise ValueError(f"w_x must have shape (3, H, D), or (3,). Got {w_x.shape}.")
        H = w_x.shape[1:2]
        match_shape("w_h", w_h, (3, *H, *H), "(3, H, H), or (3,)")
        match_shape("b", b, (3, *H), "(3, H), or (3,)")
        if not isinstance(self.reset_after, bool):
            raise ValueError(f"reset_after must be True or False. Got {self.reset_after!r}.")
        arrays = {"w_x": w_x, "w_h": w_h, "b": b}
        if self.reset_after:
            b_hn = finite_array("b_hn", 0.0 if self.b_hn is None else self.b_hn)
            if b_hn.ndim == 0:
                b_hn = finite_array("b_hn", np.full(H, float(b_hn)))
            match_shape("b_hn", b_hn, H, "(H,), or a number")
            arrays["b_hn"] = b_hn
        elif self.b_hn is not None:
            raise ValueError(
                f"b_hn must be left out where reset_after is False. Got {self.b_hn!r}."
            )
        for name, array in arrays.items():
            object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        form = "" if self.reset_after else ", reset_after=False"
        return f"GRU(H={self.H}, D={self.D}{form}{unusual_activations(self)})"

    @classmethod
    def scalar(
        cls,
        w_x: float | Mapping[str, float],
        w_h: float | Mapping[str, float],
        b_z: float = 0.0,
        *,
        b_r: float = 0.0,
        b_n: float = 0.0,
        b_hn: float | None = None,
        reset_after: bool = True,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> GRU:
        """A cell with D = H = 1, whose terms are signed numbers.

        Parameters
        ----------
        w_x, w_h : number or mapping
            One number for all gates, or one for each: {"r": .., "z": .., "n": ..}.
        b_z : number
            Bias of the update gate: the larger, the longer the cell keeps its state.
        b_r, b_n : number
            Biases of the reset gate and of the candidate.
        b_hn : number, optional
            The bias within the reset product; 0 unless given. The original form has none.
        reset_after : bool
            See `GRU`.
        activation, recurrent_activation : str
            See `GRU`.

        Raises
        ------
        ValueError
            If a value is not a finite number, a mapping has other keys than the gates, b_hn is
            given to the original form, or an activation is unknown.
        """
        b = [number(f"b_{g}", v) for g, v in zip(_GATES, (b_r, b_z, b_n), strict=True)]
        return cls(
            by_gate("w_x", w_x, _GATES),
            by_gate("w_h", w_h, _GATES),
            np.array(b),
            None if b_hn is None else number("b_hn", b_hn),
            reset_after,
            activation,
            recurrent_activation,
        )

    @property
    def states(self) -> tuple[str, ...]:
        return ("h",)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.H,)

    @property
    def weights(self) -> dict[str, Array]:
        weights = {"w_x": self.w_x, "w_h": self.w_h, "b": self.b}
        return {**weights, "b_hn": self.b_hn} if self.reset_after else weights

    @property
    def parameters(self) -> dict[str, Parameter]:
        # The gates are r, z, n and, with reset_after, n's recurrent part, which r multiplies.
        parameters = {
            f"{kind}{gate}": Parameter(place, source)
            for kind, source in (("w_x", "x"), ("w_h", "state"), ("b_", "one"))
            for place, gate in enumerate(_GATES)
        }
        if self.reset_after:
            return {**parameters, "w_hn": Parameter(3, "state"), "b_hn": Parameter(3, "one")}
        return {**parameters, "w_hn": Parameter(2, "reset state")}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(f"{kind}{gate}" for gate in _GATES)
            for name, kind in (("w_x", "w_x"), ("w_h", "w_h"), ("b", "b_"))
        }

    def run(
        self, x: Array, start: Mapping[str, Array], weights: Mapping[str, Array]
    ) -> dict[str, Array]:
        """The forward pass.

        Parameters
        ----------
        x : array of shape (T, D), or (T, n, D) for n sequences at once
            Inputs.
        start : mapping
            "h": array of shape (H,), or (n, H).
        weights : mapping
            What to use instead of the cell's own weights; they may be complex.

        Returns
        -------
        dict
            The arrays z, gates, q and h of `GRUTrace`; of n sequences with an axis for them after
            the step.
        """
        T, H = len(x), self.H
        gate_value, phi = self.squashes
        w_h = weights["w_h"].reshape(3 * H, H).T
        w_hg, w_hn = w_h[:, : 2 * H], w_h[:, 2 * H :]
        drive = x @ weights["w_x"].reshape(3 * H, -1).T + weights["b"].reshape(3 * H)  # (T, .., 3H)
        b_hn = weights["b_hn"].reshape(H) if self.reset_after else np.zeros(H)
        n = drive.shape[1:-1]
        z = np.empty((T, *n, 3, H), np.result_type(drive, w_h, b_hn, start["h"]))
        gates = np.empty_like(z)
        q = np.empty((T, *n, H), z.dtype)
        h = np.empty((T + 1, *n, H), z.dtype)
        h[0] = start["h"]
        by_gate = np.moveaxis(gates, -2, 0)  # (3, T, .., H)
        for j in range(T):
            z_j = z[j]
            z_j[..., :2, :] = (drive[j, ..., : 2 * H] + h[j] @ w_hg).reshape(*n, 2, H)
            gates[j, ..., :2, :] = gate_value.at(z_j[..., :2, :])
            r, update, candidate = by_gate[:, j]
            q[j] = h[j] @ w_hn + b_hn if self.reset_after else h[j]
            reset = r * q[j]
            z_j[..., 2, :] = drive[j, ..., 2 * H :] + (reset if self.reset_after else reset @ w_hn)
            candidate[...] = phi.at(z_j[..., 2, :])
            h[j + 1] = gate_value.rest_at(z_j[..., 1, :]) * candidate + update * h[j]
        return {"z": z, "gates": gates, "q": q, "h": h}

    def trace(self, **arrays: Array) -> GRUTrace:
        return GRUTrace(**arrays)

    def source(self, parameter: str, trace: GRUTrace) -> Array:
        source = self.parameters[parameter].source
        if source == "reset state":
            return trace.gates[..., 0, :] * trace.h[:-1]
        return multiplied(source, trace)

    def slopes(self, trace: GRUTrace) -> tuple[Scaled, ...]:
        """The local derivatives of a step.

        Returns
        -------
        tuple of five Scaled arrays of shape (T, H)
            dh_j/dh_(j-1) with the gates held, then dh_j/dz of the update gate and the candidate,
            then, with reset_after, dh_j/dz of the reset gate and dh_j/dq_j; in the original form
            d(r_j h_(j-1))/dz of the reset gate, and r_j.
        """
        gate_value, phi = self.squashes
        z_r, z_z, z_n = (trace.z[:, g] for g in range(3))
        r, by_r = gate_value.scaled_value(z_r), gate_value.slope(z_r) * trace.q
        n = gate_value.scaled_rest(z_z) * phi.slope(z_n)
        update = gate_value.slope(z_z) * self._states_minus_candidates(trace)
        reset = (n * by_r, n * r) if self.reset_after else (by_r, r)
        return gate_value.scaled_value(z_z), update, n, *reset

    def plain_slopes(self, trace: GRUTrace) -> tuple[Array, ...]:
        """`slopes` in plain float64, as automatic differentiation has them; n sequences too."""
        r, z, candidate = np.moveaxis(trace.gates, -2, 0)
        of_gate, of_phi = (squash.slope_of_value for squash in self.squashes)
        by_r = of_gate(r) * trace.q
        n = (1.0 - z) * of_phi(candidate)
        reset = (n * by_r, n * r) if self.reset_after else (by_r, r)
        return z, of_gate(z) * (trace.h[:-1] - candidate), n, *reset

    def _states_minus_candidates(self, trace: GRUTrace) -> Scaled:
        drive = np.diff(trace.x, axis=0) @ self.w_x.reshape(3 * self.H, -1).T
        drive = drive.reshape(-1, 3, self.H)
        return state_minus_candidate(
            trace.z, trace.h, trace.q, drive, self.recurrent(), self.reset_after, self.squashes
        )

    def gates(self, slopes: tuple[Number, ...]) -> tuple[Gate, ...]:
        """All take multiples of signal 0 (on h); r, in the original form, of signal 1 (on r h)."""
        _, update, n, reset, r = slopes
        if self.reset_after:
            return (Gate(0, reset), Gate(0, update), Gate(0, n), Gate(0, r))
        return (Gate(1, reset), Gate(0, update), Gate(0, n))

    @property
    def passes(self) -> Passes:
        """In the original form a signal gets through the candidate and then the reset gate."""
        return Passes(1, 1) if self.reset_after else Passes(2, 2)

    def recurrent(self) -> Array:
        return self.w_h.reshape(3, self.H, self.H)

    def moves(self, slopes: tuple[Number, ...], w: Number) -> tuple[Number, ...]:
        """The derivatives between h of one step and of the step before; originally over r h."""
        kept, update, n, reset, r = slopes
        if self.reset_after:
            return kept, blended((reset, update, r), w)
        product_by_h, h_by_h, h_by_product = (
            slope[..., :, None] * w[gate] for gate, slope in enumerate((reset, update, n))
        )
        return kept, h_by_h, h_by_product, product_by_h, r

    def back(
        self, moves: tuple[Number, ...], carried: tuple[Number, ...], out: Room | None = None
    ) -> Step:
        (h,) = carried
        (to_h,) = (None,) if out is None else out
        kept, h_by_h, *others = moves
        before = through(h, h_by_h, to_h)
        before += h * kept
        if self.reset_after:
            return (h,), (before,)
        h_by_product, product_by_h, r = others
        product = through(h, h_by_product)
        before += through(product, product_by_h)
        before += product * r
        return (h, product), (before,)
