"""The terms of a GRU in high-precision arithmetic, from nudges that are pushed forward.

Every place that a weight adds to is nudged by itself, at one step: the pre-activations of r, z and
n, and the product that r multiplies. The backward sweep of gradflow goes the other way.
"""

from dataclasses import dataclass, field

import mpmath as mp
import numpy as np
from reference import DIGITS, Dual, log10_norm, signs

# Saturated at z of 450, h and n differ from 1 by 1e-390, and the terms hang on their difference.
MANY_DIGITS = 500
PLACES = ("r", "z", "n", "q")


@dataclass(frozen=True)
class GRUProblem:
    """A GRU on a sequence, with the unit loss on w_o h_t, in plain arrays.

    Attributes
    ----------
    w_x, w_h, b : arrays of shape (3, H, D), (3, H, H), (3, H)
    b_hn : array of shape (H,)
        Of no account where reset_after is False.
    x : array of shape (T, D)
    reset_after : bool
    start : array of shape (H,)
    w_o : array of shape (H,)
    """

    w_x: np.ndarray
    w_h: np.ndarray
    b: np.ndarray
    b_hn: np.ndarray
    x: np.ndarray
    reset_after: bool
    start: np.ndarray
    w_o: np.ndarray = field(default_factory=lambda: np.ones(1))


def _exponential_form(z, value, slope):
    return Dual(value(z.value), z.slope * slope(z.value))


def _sigmoid(z):
    return _exponential_form(
        z,
        lambda v: 1 / (1 + mp.exp(-v)),
        lambda v: 1 / ((1 + mp.exp(-v)) * (1 + mp.exp(v))),
    )


def _tanh(z):
    return _exponential_form(z, mp.tanh, lambda v: mp.sech(v) ** 2)


def _product(matrix, vector, bias):
    return [
        sum((v * w for v, w in zip(vector, row, strict=True)), extra)
        for row, extra in zip(matrix, bias, strict=True)
    ]


def run(problem, nudge=(0, "", 0), start=None):
    """A forward pass from the step of `nudge` = (j, place, unit) on, where the state is `start`.

    Returns h_(j-1), with the last h after all, and r_j h_(j-1), lists of numbers; and the change of
    L_t by the nudge.
    """
    h = [Dual(v) for v in (problem.start if start is None else start)]
    H = range(len(h))
    states, resets, changes = [], [], [mp.mpf(0)] * nudge[0]
    for j, x in list(enumerate(problem.x))[nudge[0] :]:
        nudged = {p: [Dual(0, (j, p, u) == nudge) for u in H] for p in PLACES}
        inputs = [Dual(v) for v in x]
        drive = {
            gate: _product(
                problem.w_x[g],
                inputs,
                [b + v for b, v in zip(nudged[gate], map(Dual, problem.b[g]), strict=True)],
            )
            for g, gate in enumerate("rzn")
        }
        r, z = (
            [_sigmoid(v) for v in _product(problem.w_h[g], h, drive[gate])]
            for g, gate in enumerate("rz")
        )
        reset = [a * b for a, b in zip(r, h, strict=True)]
        if problem.reset_after:
            bias = [b + v for b, v in zip(nudged["q"], map(Dual, problem.b_hn), strict=True)]
            q = _product(problem.w_h[2], h, bias)
            pre = [d + a * b for d, a, b in zip(drive["n"], r, q, strict=True)]
        else:
            pre = _product(problem.w_h[2], reset, drive["n"])
        n = [_tanh(v) for v in pre]
        states.append([v.value for v in h])
        resets.append([v.value for v in reset])
        h = [c + u * (p + Dual(-1) * c) for c, u, p in zip(n, z, h, strict=True)]
        changes.append(mp.fsum(w * v.slope for w, v in zip(problem.w_o, h, strict=True)))
    return [*states, [v.value for v in h]], resets, changes


def terms(problem, digits=DIGITS):
    """Every parameter's terms and each group's: name to object array (T, T, entries)."""
    with mp.workdps(digits):
        T, H = len(problem.x), len(problem.start)
        state, reset, _ = run(problem)
        one = [[mp.mpf(1)]] * T
        x = [[mp.mpf(v) for v in row] for row in problem.x.tolist()]
        last = ("q", state) if problem.reset_after else ("n", reset)
        of = {
            **{f"w_x{g}": (g, x) for g in "rzn"},
            **{f"b_{g}": (g, one) for g in "rzn"},
            "w_hr": ("r", state),
            "w_hz": ("z", state),
            "w_hn": last,
        }
        if problem.reset_after:
            of["b_hn"] = ("q", one)
        places = {place for place, _ in of.values()}
        delta = {
            (j, p, u): run(problem, (j, p, u), state[j])[2]
            for j in range(T)
            for p in places
            for u in range(H)
        }
        found = {}
        for name, (place, source) in of.items():
            found[name] = np.full((T, T, H * len(source[0])), mp.mpf(0))
            for t, k in zip(*np.tril_indices(T), strict=True):
                j = t - k
                found[name][t, k] = [delta[j, place, u][t] * v for u in range(H) for v in source[j]]
        for group in ("w_x", "w_h", "b_"):
            found[group.rstrip("_")] = np.concatenate([found[group + g] for g in "rzn"], axis=2)
        return found


def as_terms(entries, scalar):
    """(sign or None, log10) of one parameter's terms."""
    return (signs(entries) if scalar and entries.shape[2] == 1 else None), log10_norm(entries)
