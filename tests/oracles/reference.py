"""Terms to 60 digits and more: read from `reference/*.json`, or made here with mpmath.

What is made here nudges every pre-activation by itself and pushes the nudges forward; the backward
sweep of gradflow goes the other way.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp
import numpy as np
from oracles.nudges import Number, dot, numbers, sigmoid
from oracles.scalar_terms import (
    GATES,
    Problem,
    stem,
    targets,
)

import gradflow as gf

DIGITS = 80
FOLDER = Path(__file__).parents[1] / "reference"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))

LOSSES = {
    "unit": lambda target: gf.UnitLoss(),
    "squared": gf.SquaredError,
    "binary": gf.BinaryCrossEntropy,
    "softmax": gf.SoftmaxCrossEntropy,
}

INPUTS = {
    "ones": lambda n: np.ones(len(n)),
    "sine": lambda n: np.sin(3 * n / 7 + 1 / 3),
    "alternating": lambda n: (-1.0) ** n * (1 + n / 10),
}


@dataclass(frozen=True)
class Reference:
    """One case.

    Attributes
    ----------
    problem : Problem
        The cell, the input, the readout and the loss, all scalar.
    rows : dict
        Parameter name to {t: (sign, log10)}, arrays of shape (t,) by lag.
    states : dict
        Name of a state to (sign, log10), arrays of shape (T,); the first follows x[0].
    forget_product : dict
        {t: (sign, log10)} as in rows; empty for an RNN.
    by_detours : dict
        {t: [(sign, log10) by number of detours, for k = 1 .. t]} of w_xc; empty for an RNN.
    """

    problem: Problem
    rows: dict
    states: dict
    forget_product: dict
    by_detours: dict


def flow_of(problem):
    """What gradflow makes of a problem."""
    weights = problem.weights
    if problem.scalar and problem.is_lstm:
        by_gate = {w: dict(zip(GATES, np.ravel(weights[w]).tolist(), strict=True)) for w in weights}
        biases = {f"b_{g}": value for g, value in by_gate.pop("b").items()}
        cell = gf.LSTM.scalar(**by_gate, **biases)
    elif problem.scalar:
        numbers = {name: float(np.squeeze(w)) for name, w in weights.items()}
        cell = gf.RNN(**numbers, activation=problem.activation)
    elif problem.is_lstm:
        cell = gf.LSTM(**weights)
    else:
        cell = gf.RNN(**weights, activation=problem.activation)
    return gf.gradient_flow(
        cell,
        problem.x,
        readout=gf.Readout(problem.w_o, problem.b_o),
        loss=LOSSES[problem.loss](problem.target),
        initial_state=problem.start or None,
    )


def terms_of(flow, name):
    """(sign or None, log10) of gradflow, in the form of the oracles."""
    signed = flow.cell.signed and name in flow.parameters
    return (flow.sign(name) if signed else None), flow.log10(name)


def load(name):
    """The case of that name."""
    case = json.loads((FOLDER / f"{name}.json").read_text())
    states = {"cell_state": "c", "hidden_state": "h" if case["cell"] == "lstm" else "s"}
    return Reference(
        problem=_problem(case),
        rows={parameter: _rows(rows) for parameter, rows in case["rows"].items()},
        states={letter: _pairs(case[key]) for key, letter in states.items() if key in case},
        forget_product=_rows(case.get("forget_product", [])),
        by_detours={
            t: [_pairs(classes) for classes in row]
            for t, row in enumerate(case.get("w_xc_by_detours", []), start=1)
        },
    )


def _problem(case):
    given = dict(case["parameters"])
    x = INPUTS[case["input"]](np.arange(case["T"]))
    # The files have one b_o; in those of an LSTM it is the output gate's bias and the readout's.
    w_o, b_o = given.pop("w_o"), given["b_o"]
    if case["cell"] == "lstm":
        weights = {
            "w_x": np.array([given[f"w_x{g}"] for g in GATES]).reshape(4, 1, 1),
            "w_h": np.array([given[f"w_h{g}"] for g in GATES]).reshape(4, 1, 1),
            "b": np.array([given[f"b_{g}"] for g in GATES]).reshape(4, 1),
        }
    else:
        weights = {
            "w_x": np.array([[given["w_x"]]]),
            "w_s": np.array([[given["w_s"]]]),
            "b": np.array([given["b"]]),
        }
    return Problem(weights, x, w_o=w_o, b_o=b_o, loss="squared", target=case["target"], scalar=True)


def _rows(rows):
    by_step = rows.items() if isinstance(rows, dict) else enumerate(rows, start=1)
    return {int(t): _pairs(row) for t, row in by_step}


def _pairs(row):
    sign = np.array([pair[0] for pair in row], dtype=int)
    log10 = np.array([-np.inf if pair[1] is None else pair[1] for pair in row])
    return sign, log10


# dL_t/do_t of every output; none subtracts near equals, so that 80 digits are enough.
LOSS_SLOPES = {
    "unit": lambda o, y: [mp.mpf(1) for _ in o],
    "squared": lambda o, y: [v - w for v, w in zip(o, y, strict=True)],
    "binary": lambda o, y: [
        (1 - w) * sigmoid(v) - w * sigmoid(-v) for v, w in zip(o, y, strict=True)
    ],
    "softmax": lambda o, y: [
        mp.fsum(y[m] * mp.exp(o[n]) - y[n] * mp.exp(o[m]) for m in range(len(o)))
        / mp.fsum(map(mp.exp, o))
        for n in range(len(o))
    ],
}


def high_precision_run(problem, nudged=()):
    """Hidden states, and dL_t by every nudge (step, gate, unit) of a z: (T, nudges)."""
    place_of = {nudge: place for place, nudge in enumerate(nudged)}

    def bias(value, *nudge):
        if nudge not in place_of:
            return Number(value)
        slopes = np.full(len(nudged), mp.mpf(0))
        slopes[place_of[nudge]] = mp.mpf(1)
        return Number(value, slopes)

    weights = {name: w.astype(float) for name, w in problem.weights.items()}
    b = weights["b"]
    weights = {name: np.atleast_3d(w.T).T for name, w in weights.items()}  # (gates, H, ...)
    weights["b"] = b.reshape(len(weights["w_x"]), -1)
    H = weights["b"].shape[1]
    h = numbers(problem.state("h" if problem.is_lstm else "s"))
    c = numbers(problem.state("c"))
    w_o = np.reshape(np.zeros(H) + np.array(problem.w_o), (-1, H))
    b_o, y = np.zeros(len(w_o)) + np.array(problem.b_o), targets(problem)
    hidden, changes = [h], []
    for j, x in enumerate(problem.inputs):
        z = [
            [
                dot(h, row_h, dot(numbers(x), row_x, bias(value, j, g, u)))
                for u, (row_x, row_h, value) in enumerate(zip(*rows, strict=True))
            ]
            for g, rows in enumerate(zip(*weights.values(), strict=True))
        ]
        if problem.is_lstm:
            i, f, o = ([v.through("sigmoid") for v in z[g]] for g in (0, 1, 3))
            c = [f[u] * c[u] + i[u] * z[2][u].through("tanh") for u in range(H)]
            h = [o[u] * c[u].through("tanh") for u in range(H)]
        else:
            name = "linear" if problem.activation == "identity" else problem.activation
            h = [v.through(name) for v in z[0]]
        out = [dot(h, row, Number(b)) for row, b in zip(w_o, b_o, strict=True)]
        aim = [mp.mpf(v) for v in np.zeros(len(out)) + y[j]]
        slopes = LOSS_SLOPES[problem.loss]([v.value for v in out], aim)
        loss = dot(out, slopes, Number(0))  # its slopes are those of the loss
        changes.append(np.full(len(nudged), mp.mpf(0)) if loss.slopes is None else loss.slopes)
        hidden.append(h)
    return hidden, np.array(changes)


def high_precision_entries(problem):
    """Every name's terms, object arrays (T, T, entries of the parameter); 0 where k > t."""
    with mp.workdps(DIGITS):
        T, H = len(problem.x), problem.weights["b"].shape[-1]
        gates = range(4 if problem.is_lstm else 1)
        nudged = [(j, g, u) for j in range(T) for g in gates for u in range(H)]
        hidden, changes = high_precision_run(problem, nudged)
        delta = dict(zip(nudged, changes.T, strict=True))
        recurrent = [[v.value for v in h] for h in hidden[:-1]]
        ones, inputs = [[mp.mpf(1)]] * T, [[mp.mpf(v) for v in x] for x in problem.inputs]
        sources = dict(zip(problem.weights, (inputs, recurrent, ones), strict=True))
        result = {}
        for weight, source in sources.items():
            for chosen in ([[g] for g in gates] if problem.is_lstm else []) + [list(gates)]:
                name = weight if len(chosen) == len(gates) else stem(weight) + GATES[chosen[0]]
                terms = np.full((T, T, len(chosen) * H * len(source[0])), mp.mpf(0))
                for t, k in zip(*np.tril_indices(T), strict=True):
                    j = t - k
                    terms[t, k] = [
                        delta[j, g, u][t] * v for g in chosen for u in range(H) for v in source[j]
                    ]
                result[name] = terms
        return result


def high_precision_terms(problem, entries=None):
    """Every name's terms as (sign or None, log10), (T, T) each; signs are those of scalar terms."""
    entries = high_precision_entries(problem) if entries is None else entries
    return {
        name: (signs(terms) if problem.scalar and terms.shape[2] == 1 else None, log10_norm(terms))
        for name, terms in entries.items()
    }


def signs(terms):
    """Signs of terms of one entry, (T, T)."""
    return np.vectorize(lambda v: int(mp.sign(v)))(terms[:, :, 0])


def log10_norm(entries):
    """log10 of the root of the sum of squares over the last axis."""
    with mp.workdps(DIGITS):
        squares = np.sum(entries * entries, axis=-1)
        return np.vectorize(lambda v: float(mp.log10(v) / 2) if v else -np.inf)(squares)
