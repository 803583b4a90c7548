"""The state of a GRU less its candidate, h_(j-1) - n_j, without cancellation.

It scales every term of the update gate, and in two places the difference of the two float64 numbers
has no digits left. Where both are near 1 or -1, it is that of their distances from there, which add
up from positive parts: 1 - h_j = (1 - z_j) (1 - n_j) + z_j (1 - h_(j-1)), and likewise 1 + h_j. An
activation that goes beyond 1 and -1 has no such distances.
Where the cell comes to rest it is carried from step to step: with d_j = h_(j-1) - n_j,

    h_j - h_(j-1) = -(1 - z_j) d_j    and    d_(j+1) = z_j d_j - (n_(j+1) - n_j),

and the change of n follows from those of h and x, each activation by its secant.
"""

from __future__ import annotations

import numpy as np

from gradflow.numerics.activations import Activation
from gradflow.numerics.exponent_bounds import CLOSE
from gradflow.numerics.scaled import Array, Scaled


def state_minus_candidate(
    z: Array,
    h: Array,
    q: Array,
    drive: Array,
    w_h: Array,
    reset_after: bool,
    squashes: tuple[Activation, Activation],
) -> Scaled:
    """h_(j-1) - n_j of every step.

    Parameters
    ----------
    z : array of shape (T, 3, H)
        Pre-activations of the gates r, z and n.
    h : array of shape (T + 1, H)
        Hidden states.
    q : array of shape (T, H)
        What the reset gate multiplied.
    drive : array of shape (T - 1, 3, H)
        How w_x x_j changes from each step to the next.
    w_h : array of shape (3, H, H)
        Recurrent weights.
    reset_after : bool
        Whether the reset gate is applied after the recurrent product.
    squashes : tuple of two Activation
        The recurrent activation and the activation.

    Returns
    -------
    Scaled array of shape (T, H)
    """
    difference, size = _differences(z, h, *squashes)
    # Elsewhere it is taken as it is, so no error is carried longer than the states are close.
    close = np.abs(difference) < 2.0**-CLOSE * size
    close[0] = False  # no step is before it
    change = _Change(z, q, drive, w_h, reset_after, squashes)
    plain = Scaled.of(difference)
    mantissa, exponent = plain.mantissa.copy(), plain.exponent.copy()
    for j in np.flatnonzero(close.any(axis=1)).tolist():
        kept, change_of_n = change.parts(j, Scaled(mantissa[j - 1 : j], exponent[j - 1 : j]))
        parts = np.maximum(np.abs(kept.plain()), np.abs(change_of_n.plain()))[0]
        better = close[j] & (parts < size[j])
        carried = kept + -change_of_n
        mantissa[j, better] = carried.mantissa[0, better]
        exponent[j, better] = carried.exponent[0, better]
    return Scaled(mantissa, exponent)


def _differences(
    z: Array, h: Array, gate_value: Activation, phi: Activation
) -> tuple[Array, Array]:
    """h_(j-1) - n_j from whichever parts are smallest, and the size of these, (T, H) each."""
    n = phi.value(z[:, 2])
    if not (gate_value.within_one and phi.within_one):
        return h[:-1] - n, np.maximum(np.abs(h[:-1]), np.abs(n))
    side = np.array([1.0, -1.0])[:, None]
    kept, taken = gate_value.value(z[:, 1]), gate_value.distance(z[:, 1], 1.0)
    candidate = np.stack([phi.distance(z[:, 2], s) for s in (1.0, -1.0)], axis=1)  # (T, 2, H)
    state = np.empty((len(h), *candidate.shape[1:]))
    state[0] = 1.0 - side * h[0]
    for j in range(len(z)):
        state[j + 1] = taken[j] * candidate[j] + kept[j] * state[j]
    before = np.concatenate([h[:-1, None], -side * state[:-1]], axis=1)  # (T, 3, H)
    after = np.concatenate([n[:, None], -side * candidate], axis=1)
    size = np.maximum(np.abs(before), np.abs(after))
    best = size.argmin(axis=1, keepdims=True)
    found = np.take_along_axis(before - after, best, axis=1)[:, 0]
    return found, np.take_along_axis(size, best, axis=1)[:, 0]


class _Change:
    """What changes from one step to the next."""

    def __init__(
        self,
        z: Array,
        q: Array,
        drive: Array,
        w_h: Array,
        reset_after: bool,
        squashes: tuple[Activation, Activation],
    ) -> None:
        gate_value, phi = squashes
        self._reset_after = reset_after
        self._w_hr, self._w_hn = Scaled.of(w_h[0].T), Scaled.of(w_h[2].T)
        self._drive_r, self._drive_n = Scaled.of(drive[:, 0]), Scaled.of(drive[:, 2])
        self._by_r = gate_value.secant(z[:-1, 0], z[1:, 0])
        self._by_n = phi.secant(z[:-1, 2], z[1:, 2])
        self._r, self._q = gate_value.scaled_value(z[:, 0]), Scaled.of(q)
        self._kept = gate_value.scaled_value(z[:, 1])
        self._taken = gate_value.scaled_rest(z[:, 1])

    def parts(self, j: int, difference: Scaled) -> tuple[Scaled, Scaled]:
        """z d of row j - 1, whose difference is d, and how n changes to row j; (1, H) each."""
        was, now = slice(j - 1, j), slice(j, j + 1)
        h = -(self._taken[was] * difference)
        r = self._by_r[was] * (self._drive_r[was] + h @ self._w_hr)
        # r q at the new step less that at the old is (change of r) q + r (change of q).
        if self._reset_after:
            n = self._drive_n[was] + r * self._q[now] + self._r[was] * (h @ self._w_hn)
        else:
            n = self._drive_n[was] + (r * self._q[now] + self._r[was] * h) @ self._w_hn
        return self._kept[was] * difference, self._by_n[was] * n
