"""The terms of layers of cells in high-precision arithmetic, from nudges that are pushed forward.

Every place that a weight adds to is nudged by itself, at one step and in one unit: the
pre-activations of the gates and, for a GRU, the product that its reset gate multiplies; and so is
every input. The backward sweep of gradflow goes the other way.
"""

from dataclasses import dataclass, field

import mpmath as mp
import numpy as np
from oracles.nudges import Number, dot, numbers
from oracles.reference import DIGITS, log10_norm, signs

import gradflow as gf

# Saturated at z of 450, h and n of a GRU differ from 1 by 1e-390, and terms hang on the difference.
MANY_DIGITS = 500

GATES = {"rnn": ("",), "lstm": tuple("ifco"), "gru": tuple("rzn"), "original gru": tuple("rzn")}
STATES = {"rnn": "s", "lstm": "hc", "gru": "h", "original gru": "h"}


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes
    ----------
    kind : str
        A key of GATES; an RNN is one of tanh.
    w_x, w_h, b : arrays of shape (gates, H, D), (gates, H, H), (gates, H)
    b_hn : array of shape (H,)
        Of a GRU that is not the original one.
    start : dict
        States by name, arrays of shape (H,).
    activation, recurrent_activation : str
        Keys of `nudges.SQUASHES`, of an LSTM or a GRU.
    """

    kind: str
    w_x: np.ndarray
    w_h: np.ndarray
    b: np.ndarray
    b_hn: np.ndarray = field(default_factory=lambda: np.zeros(1))
    start: dict = field(default_factory=dict)
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    @property
    def H(self):
        return self.b.shape[1]

    @property
    def places(self):
        """Where a nudge can be added; "q" is the product that r multiplies."""
        return (*GATES[self.kind], "q") if self.kind == "gru" else GATES[self.kind]

    def cell(self, scalar=False):
        """The same layer as gradflow has it."""
        w = {"w_x": self.w_x, "w_h": self.w_h, "b": self.b}
        if self.kind == "rnn":
            w = {"w_x": self.w_x[0], "w_s": self.w_h[0], "b": self.b[0]}
        if self.kind == "gru":
            w["b_hn"] = self.b_hn
        if scalar:
            w = {
                name: array.reshape(array.shape[:1] if len(array) > 1 else ())
                for name, array in w.items()
            }
        if self.kind == "rnn":
            return gf.RNN(**w)
        w |= {
            "activation": self.activation,
            "recurrent_activation": self.recurrent_activation,
        }
        return gf.LSTM(**w) if self.kind == "lstm" else gf.GRU(**w, reset_after=self.kind == "gru")


@dataclass(frozen=True)
class Stacked:
    """Layers on a sequence, layer 0 first, with the unit loss on w_o h_t of the last.

    x is (T, D) and w_o is (H,).
    """

    layers: list
    x: np.ndarray
    w_o: np.ndarray

    def flow(self, scalar=False):
        """What gradflow makes of it: a stack, or a cell where there is one layer."""
        cells = [layer.cell(scalar) for layer in self.layers]
        starts = [layer.start for layer in self.layers]
        named = {f"{n}.{s}": v for n, start in enumerate(starts) for s, v in start.items()}
        return gf.gradient_flow(
            cells[0] if len(cells) == 1 else gf.Stack(cells),
            self.x,
            gf.Readout(self.w_o[0] if scalar else self.w_o),
            gf.UnitLoss(),
            starts[0] if len(cells) == 1 else named,
        )


def random_layer(kind, H, D, generator, scale=1.0):
    gates = len(GATES[kind])
    return Layer(
        kind,
        scale * generator.normal(size=(gates, H, D)),
        scale * generator.normal(size=(gates, H, H)),
        generator.normal(size=(gates, H)),
        generator.normal(size=H),
        {state: generator.uniform(-1.0, 1.0, size=H) for state in STATES[kind]},
    )


def scalar_layer(kind, w_x, w_h, b, b_hn=0.0, **start):
    """Numbers, or one a gate."""
    gates = len(GATES[kind])
    w_x, w_h, b = (np.zeros(gates) + np.array(w, dtype=float) for w in (w_x, w_h, b))
    return Layer(
        kind,
        w_x.reshape(gates, 1, 1),
        w_h.reshape(gates, 1, 1),
        b.reshape(gates, 1),
        np.array([float(b_hn)]),
        {state: np.array([float(start.get(state, 0.0))]) for state in STATES[kind]},
    )


def _through(name, some):
    return [z.through(name) for z in some]


def _sum(matrix, vector, extra):
    rows = zip(matrix.tolist(), extra, strict=True)
    return [dot(vector, row, more) for row, more in rows]


def _added(a, b):
    return [v + w for v, w in zip(a, b, strict=True)]


def _times(a, b):
    return [v * w for v, w in zip(a, b, strict=True)]


def _step(layer, x, states, nudges):
    """The states after a step, and what a GRU's w_hn multiplied in its original form."""
    h = states[0]
    gates = GATES[layer.kind]
    drive = [
        _sum(layer.w_x[g], x, _added(nudges[gate], numbers(layer.b[g])))
        for g, gate in enumerate(gates)
    ]
    if layer.kind in ("rnn", "lstm"):
        z = [_sum(layer.w_h[g], h, drive[g]) for g in range(len(gates))]
        if layer.kind == "rnn":
            return [_through("tanh", z[0])], h
        i, f, candidate, o = (
            _through(layer.activation if g == "c" else layer.recurrent_activation, v)
            for g, v in zip(gates, z, strict=True)
        )
        c = _added(_times(f, states[1]), _times(i, candidate))
        return [_times(o, _through(layer.activation, c)), c], h
    r, z = (_through(layer.recurrent_activation, _sum(layer.w_h[g], h, drive[g])) for g in range(2))
    reset = _times(r, h)
    if layer.kind == "gru":
        q = _sum(layer.w_h[2], h, _added(nudges["q"], numbers(layer.b_hn)))
        n = _through(layer.activation, _added(drive[2], _times(r, q)))
    else:
        n = _through(layer.activation, _sum(layer.w_h[2], reset, drive[2]))
    taken = [Number(1) + Number(-1) * v for v in z]
    return [_added(_times(taken, n), _times(z, h))], reset


def run(problem, nudged=()):
    """The forward pass, with nudges (j, layer, place, unit).

    Returns for each step and layer (h_(j-1), x_j, r_j h_(j-1) of a GRU); the states after the last
    step, layer by layer; and dL_t by every nudge, an object array (T, nudges).
    """
    place_of = {nudge: place for place, nudge in enumerate(nudged)}

    def added(*nudge):
        if nudge not in place_of:
            return Number(0)
        slopes = np.full(len(nudged), mp.mpf(0))
        slopes[place_of[nudge]] = mp.mpf(1)
        return Number(0, slopes)

    states = [[numbers(layer.start[s]) for s in STATES[layer.kind]] for layer in problem.layers]
    seen, changes = [], []
    for j, given in enumerate(problem.x):
        x = [v + added(j, 0, "x", u) for u, v in enumerate(numbers(given))]
        seen.append([])
        for n, layer in enumerate(problem.layers):
            nudges = {p: [added(j, n, p, u) for u in range(layer.H)] for p in layer.places}
            after, reset = _step(layer, x, states[n], nudges)
            seen[-1].append([_values(some) for some in (states[n][0], x, reset)])
            states[n], x = after, after[0]
        loss = sum((Number(w) * v for w, v in zip(problem.w_o.tolist(), x, strict=True)), Number(0))
        changes.append(np.zeros(len(nudged)) if loss.slopes is None else loss.slopes)
    return seen, [[_values(state) for state in layer] for layer in states], np.array(changes)


def _values(some):
    return [number.value for number in some]


def terms(problem, digits=DIGITS):
    """Terms by (layer, name), and of the inputs by "x": object arrays (T, T, entries)."""
    with mp.workdps(digits):
        T, D = problem.x.shape
        widths = {(0, "x"): D} | {
            (n, p): layer.H for n, layer in enumerate(problem.layers) for p in layer.places
        }
        nudged = [(j, *at, u) for j in range(T) for at, H in widths.items() for u in range(H)]
        seen, _, changes = run(problem, nudged)
        column = dict(zip(nudged, changes.T, strict=True))
        ones = [[mp.mpf(1)]] * T

        def products(n, place, source):
            units = range(widths[n, place])
            found = np.full((T, T, len(units) * len(source[0])), mp.mpf(0))
            for t, k in zip(*np.tril_indices(T), strict=True):
                j = t - k
                found[t, k] = [column[j, n, place, u][t] * v for u in units for v in source[j]]
            return found

        found = {"x": products(0, "x", ones)}
        for n, layer in enumerate(problem.layers):
            state, x, reset = ([seen[j][n][which] for j in range(T)] for which in range(3))
            recurrent, bias = ("w_s", "b") if layer.kind == "rnn" else ("w_h", "b_")
            for gate in GATES[layer.kind]:
                found[n, f"w_x{gate}"] = products(n, gate, x)
                found[n, f"{bias}{gate}"] = products(n, gate, ones)
                found[n, f"{recurrent}{gate}"] = products(n, gate, state)
            if layer.kind == "gru":
                found[n, "w_hn"] = products(n, "q", state)
                found[n, "b_hn"] = products(n, "q", ones)
            if layer.kind == "original gru":
                found[n, "w_hn"] = products(n, "n", reset)
            if layer.kind != "rnn":
                for stem in ("w_x", "w_h", "b_"):
                    every = [found[n, stem + gate] for gate in GATES[layer.kind]]
                    found[n, stem.rstrip("_")] = np.concatenate(every, axis=2)
        return found


def as_terms(entries, scalar):
    """(sign or None, log10) of one parameter's terms."""
    return (signs(entries) if scalar and entries.shape[2] == 1 else None), log10_norm(entries)


def terms_found(flow, key):
    """(sign or None, log10) of gradflow for a key of `terms`."""
    layer, name = (None, "x") if key == "x" else key
    signed = flow.cell.signed and (key == "x" or name in flow.layers[layer].parameters)
    return (flow.sign(name, layer) if signed else None), flow.log10(name, layer)
