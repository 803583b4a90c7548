"""Recurrent networks of PyTorch, run step by step with a copy of every weight at each step.

The copies are leaves of their own, so that the gradient of L_t with respect to the copy of step j
is one term. The equations of a step are PyTorch's own cells (`torch.nn.RNNCell` and the like, by
`torch.func.functional_call`), and not written out here.
"""

from dataclasses import dataclass

import numpy as np
import torch

import gradflow as gf


class ProjectedLSTMCell(torch.nn.Module):
    """A step of PyTorch's LSTM with proj_size, of which PyTorch has no cell."""

    def __init__(self, D, H, dtype):
        super().__init__()
        self.hidden_size = H + 2
        layer = torch.nn.LSTM(D, self.hidden_size, proj_size=H, dtype=dtype)
        for name, weight in layer.named_parameters():
            setattr(self, name.removesuffix("_l0"), weight)

    def forward(self, x, state):
        h, c = state
        biases = [self.bias_ih, self.bias_hh]
        weights = [self.weight_ih, self.weight_hh, *biases, self.weight_hr]
        states = (h[None], c[None])
        _, h, c = torch.lstm(x[None], states, weights, True, 1, 0.0, False, False, False)
        return h[0], c[0]


CELLS = {"tanh": torch.nn.RNNCell, "relu": torch.nn.RNNCell}
CELLS |= {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell, "projected": ProjectedLSTMCell}
LSTM_GATES = ["i", "f", "c", "o"]
GATES = {"tanh": [""], "relu": [""], "lstm": LSTM_GATES, "gru": ["r", "z", "n"]}
GATES |= {"projected": LSTM_GATES}


def network(kind, D, sizes, seed):
    """A stack of PyTorch's cells, layer 0 first, in float64."""
    torch.manual_seed(seed)
    options = {"nonlinearity": kind} if kind in ("tanh", "relu") else {}
    widths = [D, *sizes]
    return torch.nn.ModuleList(
        CELLS[kind](below, H, dtype=torch.float64, **options)
        for below, H in zip(widths[:-1], sizes, strict=True)
    )


def run(layers, x, weights=None):
    """Hidden states of the last layer at every step, (T, H); weights[layer][name][j] if given."""
    states = [_start(layer) for layer in layers]
    hidden = []
    for j, given in enumerate(x):
        passed = given
        for n, layer in enumerate(layers):
            shared = dict(layer.named_parameters())
            copies = {w: weights[n][w][j] for w in shared} if weights else shared
            states[n] = torch.func.functional_call(layer, copies, (passed[None], states[n]))
            passed = (states[n][0] if isinstance(states[n], tuple) else states[n])[0]
        hidden.append(passed)
    return torch.stack(hidden)


def _start(layer):
    zero = torch.zeros(1, layer.hidden_size, dtype=torch.float64)
    if isinstance(layer, ProjectedLSTMCell):
        return zero[:, : len(layer.weight_hr)], zero
    return (zero, zero) if isinstance(layer, torch.nn.LSTMCell) else zero


def trained(layers, readout, x, target, steps=30):
    """The same layers after a few steps of training on the sequence."""
    optimizer = torch.optim.Adam([*layers.parameters(), readout], lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((run(layers, x) @ readout - target) ** 2).mean()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


@dataclass(frozen=True)
class Terms:
    """The terms of every weight of every layer, from copies of each weight.

    weights[layer][PyTorch's name] is an array (T, T, *shape): target t in row t - 1, source step j
    in column j - 1. inputs is (T, T, D), the same way.
    """

    weights: list
    inputs: np.ndarray


def terms(layers, readout, x, target):
    """Terms of L_t = (readout . h_t - target_t)^2 / 2, by PyTorch's autograd."""
    T = len(x)
    copies = [
        {name: _copies([weight] * T) for name, weight in layer.named_parameters()}
        for layer in layers
    ]
    inputs = _copies(x)
    losses = 0.5 * (run(layers, inputs, copies) @ readout.detach() - target) ** 2
    weights = [{name: _gradients(losses, c) for name, c in layer.items()} for layer in copies]
    return Terms(weights, _gradients(losses, inputs))


def _copies(tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def _gradients(losses, leaves):
    """Of every loss with respect to every leaf, (T, T, *shape of a leaf)."""
    options = {"retain_graph": True, "materialize_grads": True}
    rows = [torch.autograd.grad(loss, leaves, **options) for loss in losses]
    return np.array([[gradient.numpy() for gradient in row] for row in rows])


def cell_of(kind, layer):
    """The same layer as gradflow has it."""
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    gates, H = len(GATES[kind]), layer.hidden_size
    w_x, w_h = w["weight_ih"].reshape(gates, H, -1), w["weight_hh"].reshape(gates, H, -1)
    b_x, b_h = w["bias_ih"].reshape(gates, H), w["bias_hh"].reshape(gates, H)
    if kind == "lstm":
        return gf.LSTM(w_x, w_h, b_x + b_h)
    if kind == "projected":
        return gf.ProjectedLSTM(w_x, w_h, b_x + b_h, w["weight_hr"])
    if kind == "gru":
        b = b_x + b_h * np.array([[1.0], [1.0], [0.0]])
        return gf.GRU(w_x, w_h, b, b_h[2])
    return gf.RNN(w_x[0], w_h[0], (b_x + b_h)[0], activation=kind)


def by_name(kind, terms):
    """One layer's terms by gradflow's names: arrays (T, T, entries), source step in the column."""
    gates = GATES[kind]
    T = len(terms["weight_ih"])
    state = "w_s" if len(gates) == 1 else "w_h"
    stems = {"weight_ih": "w_x", "weight_hh": state, "bias_ih": "b_" if len(gates) > 1 else "b"}
    found = {}
    for theirs, stem in stems.items():
        parts = terms[theirs].reshape(T, T, len(gates), -1)
        found |= {f"{stem}{gate}": parts[:, :, g] for g, gate in enumerate(gates)}
        found[stem.rstrip("_")] = terms[theirs].reshape(T, T, -1)
    if kind == "gru":
        found["b_hn"] = terms["bias_hh"].reshape(T, T, 3, -1)[:, :, 2]
    if kind == "projected":
        found["w_p"] = terms["weight_hr"].reshape(T, T, -1)
    return found


def network_both_ways(kind, D, sizes, merge, seed):
    """Pairs of PyTorch's cells, one pair a layer, layer 0 first, in float64."""
    torch.manual_seed(seed)
    handed_on = [2 * H if merge == "concat" else H for H in sizes]
    options = {"nonlinearity": kind} if kind in ("tanh", "relu") else {}
    return [
        [CELLS[kind](below, H, dtype=torch.float64, **options) for _ in ("forward", "reverse")]
        for below, H in zip([D, *handed_on], sizes, strict=False)
    ]


JOINED = {
    "concat": lambda a, b: torch.cat([a, b], dim=1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


def run_both_ways(layers, x, merge, biases):
    """What the last layer hands on at every step, (T, H).

    biases[layer][direction] has a copy of the input's bias for each step, (T, gates H).
    """
    for pair, copies in zip(layers, biases, strict=True):
        found = []
        for direction, (cell, bias) in enumerate(zip(pair, copies, strict=True)):
            state, hidden = _start(cell), [None] * len(x)
            for j in range(len(x))[:: -1 if direction else 1]:
                weights = {**dict(cell.named_parameters()), "bias_ih": bias[j]}
                state = torch.func.functional_call(cell, weights, (x[j][None], state))
                hidden[j] = (state[0] if isinstance(state, tuple) else state)[0]
            found.append(torch.stack(hidden))
        x = JOINED[merge](*found)
    return x


def stack_both_ways(kind, layers, merge):
    """The same network of gradflow."""
    pairs = ([cell_of(kind, cell) for cell in pair] for pair in layers)
    return gf.BidirectionalStack([gf.Bidirectional(*pair, merge) for pair in pairs])


def terms_both_ways(layers, x, merge, w_o):
    """dL_t/d(the copy of the bias at step j), L_t = w_o y_t, and dL_t/dx_j.

    The first is by layer and direction, (T, T, gates H); the second is (T, T, D).
    """
    T = len(x)
    x = x.clone().requires_grad_()
    biases = [
        [cell.bias_ih.detach().repeat(T, 1).requires_grad_() for cell in pair] for pair in layers
    ]
    leaves = [x, *(bias for pair in biases for bias in pair)]
    o = run_both_ways(layers, x, merge, biases) @ w_o
    rows = [torch.autograd.grad(o_t, leaves, retain_graph=True) for o_t in o]
    inputs, *others = (torch.stack(part).numpy() for part in zip(*rows, strict=True))
    return [others[n : n + 2] for n in range(0, len(others), 2)], inputs


def totals_both_ways(kind, layers, x, merge, w_o):
    """dL_t/dw of L_t = w_o y_t by autograd: arrays (T, gates, H, ...) by gradflow's names."""
    biases = [[cell.bias_ih.expand(len(x), -1) for cell in pair] for pair in layers]
    o = run_both_ways(layers, x, merge, biases) @ w_o
    own = "w_s" if len(GATES[kind]) == 1 else "w_h"
    names = {"w_x": "weight_ih", own: "weight_hh", "b": "bias_ih"}
    if kind == "projected":
        names["w_p"] = "weight_hr"
    weights = {
        f"{number}.{direction}.{name}": getattr(cell, theirs)
        for number, pair in enumerate(layers)
        for direction, cell in zip(("forward", "reverse"), pair, strict=True)
        for name, theirs in names.items()
    }
    leaves = list(weights.values())
    rows = [torch.autograd.grad(o_t, leaves, retain_graph=True) for o_t in o]
    found = {}
    for (name, weight), of_each in zip(weights.items(), zip(*rows, strict=True), strict=True):
        gates = len(GATES[kind])
        total = torch.stack(of_each).numpy()
        if not name.endswith("w_p"):
            total = total.reshape(len(x), gates, -1, *weight.shape[1:])
        found[name] = total[:, 0] if gates == 1 else total
    return found
