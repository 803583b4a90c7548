"""Classes of an LSTM's paths in 80 digits, from nudges pushed forward.

A nudge of one pre-activation is carried to every later loss. It is kept in as many parts as there
are classes, and where it goes from h of one step into a gate of the next, the parts change places.
The forward pass itself is not touched, so that the parts add up to the derivative.
"""

from functools import partial

import mpmath as mp
import numpy as np
from oracles.reference import DIGITS, LOSS_SLOPES, log10_norm
from oracles.scalar_terms import GATES

SIGMOID = np.vectorize(lambda z: 1 / (1 + mp.exp(-z)), otypes=[object])
TANH = np.vectorize(mp.tanh, otypes=[object])
SECH = np.vectorize(mp.sech, otypes=[object])
EXACT = np.vectorize(mp.mpf, otypes=[object])


def one_more(classes, part, gate):
    """The class of a path after one more detour; the last class has all the rest."""
    return min(part + 1, classes - 1)


def of_latest_gate(part, gate):
    """The class of a path by the gate it came through last, which is the first from its target."""
    return 1 + gate


DETOURS = {n: (n, partial(one_more, n)) for n in range(2, 9)}
FIRST_GATE = (5, of_latest_gate)


def run(problem):
    """The forward pass: local derivatives of every step, sources and dL_t/dh_t."""
    weights = {name: EXACT(w) for name, w in problem.weights.items()}
    h, c = EXACT(problem.state("h")), EXACT(problem.state("c"))
    w_o = EXACT(np.reshape(np.zeros(len(h)) + np.array(problem.w_o), (-1, len(h))))
    steps, sources, seeds = [], [], []
    for x in EXACT(problem.inputs):
        z = weights["w_x"] @ x + weights["w_h"] @ h + weights["b"]
        i, f, o = (SIGMOID(z[g]) for g in (0, 1, 3))
        candidate, c_before = TANH(z[2]), c
        sources.append({"w_x": x, "w_h": h, "b_": EXACT([1])})
        c = f * c + i * candidate
        h = o * TANH(c)
        by_z = (
            i * SIGMOID(-z[0]) * candidate,
            f * SIGMOID(-z[1]) * c_before,
            SECH(z[2]) ** 2 * i,
            o * SIGMOID(-z[3]) * TANH(c),
        )
        steps.append((f, o * SECH(c) ** 2, by_z))
        out = list(w_o @ h + problem.b_o)
        slope = LOSS_SLOPES[problem.loss](out, [mp.mpf(problem.target)] * len(out))
        seeds.append(np.array(slope) @ w_o)
    return weights["w_h"], steps, sources, seeds


def class_entries(problem, parameter, division):
    """The terms of one parameter by class, object array (classes, T, T, entries); 0 where k > t."""
    classes, after = division
    gate = GATES.index(parameter[-1])
    with mp.workdps(DIGITS):
        w_h, steps, sources, seeds = run(problem)
        T, H = len(steps), len(seeds[0])
        source = [step[parameter[:-1]] for step in sources]
        result = np.full((classes, T, T, H * len(source[0])), mp.mpf(0))
        for j in range(T):
            for unit in range(H):
                h, c = (np.full((classes, H), mp.mpf(0)) for _ in range(2))
                for t in range(j, T):
                    f, h_by_c, by_z = steps[t]
                    z = np.full((4, classes, H), mp.mpf(0))
                    for g in range(4):
                        for part in range(classes):
                            z[g, after(part, g)] += w_h[g] @ h[part]
                    if t == j:
                        z[gate, 0, unit] += 1
                    c = f * c + sum(by_z[g] * z[g] for g in range(3))
                    h = h_by_c * c + by_z[3] * z[3]
                    for part in range(classes):
                        rows = slice(unit * len(source[j]), (unit + 1) * len(source[j]))
                        result[part, t, t - j, rows] = (h[part] @ seeds[t]) * source[j]
        return result


def class_sizes(entries):
    """(sign, log10) of classes of one entry or of the norm over entries, (classes, T, T) each."""
    sign = np.vectorize(lambda v: int(mp.sign(v)))(entries[..., 0])
    return sign, log10_norm(entries)
