"""What an LSTM and one with a projection have in common: the gates i, f, c, o on a cell state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradflow.cells.base import Number, Parameter, Room, Step, blended, through, times
from gradflow.cells.gated import Gated
from gradflow.numerics.scaled import Array, Scaled

GATES = ("i", "f", "c", "o")

_PARAMETERS = MappingProxyType(
    {
        f"{kind}{gate}": Parameter(number, source)
        for kind, source in (("w_x", "x"), ("w_h", "state"), ("b_", "one"))
        for number, gate in enumerate(GATES)
    }
)
_GROUPS = MappingProxyType(
    {
        name: tuple(f"{kind}{gate}" for gate in GATES)
        for name, kind in (("w_x", "w_x"), ("w_h", "w_h"), ("b", "b_"))
    }
)


class LSTMGates(Gated):
    """A cell with c_j = f c_(j-1) + i c' and q_j = o phi(c_j), of which h_j is made.

    The h_j of an LSTM is q_j itself. Traces have z, gates and c.
    """

    @property
    def states(self) -> tuple[str, ...]:
        return ("h", "c")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return _PARAMETERS

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        return _GROUPS

    def slopes(self, trace: Any) -> tuple[Scaled, ...]:
        """The local derivatives of a step.

        Returns
        -------
        tuple of six Scaled arrays of shape (T, H)
            dq_j/dc_j, dc_j/dc_(j-1) with the gates held, then dc_j/dz of the input gate, the forget
            gate and the candidate, and dq_j/dz of the output gate.
        """
        candidate, c, c_before = trace.gates[:, 2], trace.c[1:], trace.c[:-1]
        # What is squashed alike is taken together: few operations on large arrays.
        gate_value, phi = self.squashes
        z_gates = trace.z[:, (0, 1, 3)]
        gates = gate_value.scaled_from(z_gates, trace.gates[:, (0, 1, 3)])
        multiplied = np.stack([candidate, c_before, phi.value(c)], axis=1)
        by_gate = gate_value.slope(z_gates) * multiplied
        by_phi = phi.slope(np.stack([c, trace.z[:, 2]], axis=1)) * gates[:, (2, 0)]
        return (
            by_phi[:, 0],
            gates[:, 1],
            by_gate[:, 0],
            by_gate[:, 1],
            by_phi[:, 1],
            by_gate[:, 2],
        )

    def plain_slopes(self, trace: Any) -> tuple[Array, ...]:
        """`slopes` in plain float64, as automatic differentiation has them; n sequences too."""
        i, f, candidate, o = np.moveaxis(trace.gates, -2, 0)
        m = self.squashes[1].value(trace.c[1:])
        of_gate, of_phi = (squash.slope_of_value for squash in self.squashes)
        return (
            o * of_phi(m),
            f,
            of_gate(i) * candidate,
            of_gate(f) * trace.c[:-1],
            of_phi(candidate) * i,
            of_gate(o) * m,
        )

    def moves(self, slopes: tuple[Number, ...], w: Number) -> tuple[Number, ...]:
        """The four derivatives between (q, c) of one step and (h, c) of the step before.

        The three gates that act on c make one matrix, so that a step costs two products of
        (n, H) by (H, H) and not four.
        """
        q_by_c, c_by_c, i, f, candidate, o = slopes
        return q_by_c, c_by_c, blended((i, f, candidate), w[:3]), o[..., :, None] * w[3]

    def back(
        self, moves: tuple[Number, ...], carried: tuple[Number, ...], out: Room | None = None
    ) -> Step:
        q_by_c, c_by_c, c_by_h, q_by_h = moves
        q, c = carried
        to_h, to_c = (None, None) if out is None else out
        c = c + q * q_by_c
        before = through(c, c_by_h, to_h)
        before += through(q, q_by_h)
        return (q, c), (before, times(c, c_by_c, to_c))

    def log10_forget(self, trace: Any) -> Array:
        """log10 |f_j|, mean over the units, shape (T,)."""
        return self.squashes[0].log10_value(trace.z[:, 1]).mean(axis=1)
