"""Slow, independent derivatives, and the comparison that a term has to pass.

Three ways to the terms of a gradient, none of which is the backward sweep of gradflow:

- `autograd_terms`: a copy of each weight at every step, differentiated by HIPS autograd;
- `complex_step_totals`: the sums over terms, from complex arithmetic in a plain forward loop;
- `formula_terms`: the product of five factors of a scalar RNN, as it stands in a textbook.

Arrays of terms have target step t in row t-1 and lag k in column k-1, like those of gradflow.
"""

from dataclasses import dataclass, field

import autograd.numpy as np
from autograd import grad, jacobian

GATES = "ifco"
LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class Problem:
    """One cell on one sequence, in plain arrays.

    Attributes
    ----------
    weights : dict
        w_x (H, D), w_s (H, H), b (H,) of an RNN; w_x (4, H, D), w_h (4, H, H), b (4, H) of an
        LSTM.
    x : array of shape (T,) or (T, D)
    w_o, b_o : numbers or arrays
        Readout: a number, (H,) or (O, H), and a number or (O,).
    loss : str
        A key of LOSSES.
    target : number, (T,) or (T, O)
    activation : str
        Of an RNN.
    start : dict
        Initial states by name, shape (H,); 0 where missing.
    scalar : bool
        Whether gradflow is to be given numbers, and so to return signs.
    """

    weights: dict
    x: np.ndarray
    w_o: object = 1.0
    b_o: object = 0.0
    loss: str = "squared"
    target: object = 0.0
    activation: str = "tanh"
    start: dict = field(default_factory=dict)
    scalar: bool = False

    @property
    def is_lstm(self):
        return "w_h" in self.weights

    @property
    def inputs(self):
        return np.reshape(self.x, (len(self.x), -1))

    @property
    def names(self):
        """Every name that terms have, those of the gates before those of the four together."""
        if not self.is_lstm:
            return tuple(self.weights)
        return tuple(f"{stem(w)}{g}" for w in self.weights for g in GATES) + tuple(self.weights)

    def state(self, name):
        return np.zeros(self.weights["b"].shape[-1]) + np.array(self.start.get(name, 0.0))


def stem(weight):
    return "b_" if weight == "b" else weight


# --- forward, with a weight for every step: real numbers, complex numbers and autograd's boxes ---


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


ACTIVATIONS = {
    "tanh": np.tanh,
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "relu": lambda z: z * (np.real(z) > 0),
}

LOSSES = {
    "unit": lambda o, y: np.sum(o),
    "squared": lambda o, y: 0.5 * np.sum((o - y) ** 2),
    "binary": lambda o, y: np.sum(np.log(1.0 + np.exp(o)) - y * o),
    "softmax": lambda o, y: np.log(np.sum(np.exp(o))) - np.sum(y * o),
}


def one_hot(target, T, outputs):
    """Classes (a number or (T,)) or probabilities (T, O), as probabilities."""
    if np.ndim(target) == 2:
        return np.array(target)
    return np.eye(outputs)[np.broadcast_to(target, T)]


def targets(problem):
    """The target of every step."""
    T = len(problem.x)
    if problem.loss == "softmax":
        return one_hot(problem.target, T, len(problem.w_o))
    return problem.target if np.ndim(problem.target) else np.full(T, problem.target)


def losses(copies, problem):
    """L_t for every t, shape (T,), from weights (T, ...) of which step j uses row j."""
    h, c = problem.state("h" if problem.is_lstm else "s"), problem.state("c")
    phi, y, result = ACTIVATIONS[problem.activation], targets(problem), []
    for j, x in enumerate(problem.inputs):
        if problem.is_lstm:
            z = copies["w_x"][j] @ x + copies["w_h"][j] @ h + copies["b"][j]
            c = sigmoid(z[1]) * c + sigmoid(z[0]) * np.tanh(z[2])
            h = sigmoid(z[3]) * np.tanh(c)
        else:
            h = phi(copies["w_x"][j] @ x + copies["w_s"][j] @ h + copies["b"][j])
        w_o, b_o = copies["readout.w_o"][j], copies["readout.b_o"][j]
        o = (w_o @ h if np.ndim(w_o) else w_o * np.sum(h)) + b_o
        result.append(LOSSES[problem.loss](o, y[j]))
    return np.array(result)


def _copies(problem):
    shared = {**problem.weights, "readout.w_o": problem.w_o, "readout.b_o": problem.b_o}
    T = len(problem.x)
    return {name: np.array([np.array(w, dtype=float)] * T) for name, w in shared.items()}


# --- terms from autograd, totals from autograd and from complex steps ---


def autograd_terms(problem):
    """Every parameter's terms: name to an array (T, T, *shape of the parameter), 0 where k > t.

    Names are those of the weights; the readout's are "readout.w_o" and "readout.b_o".
    """
    copies = _copies(problem)
    return {
        name: by_lag(
            jacobian(lambda w, name=name: losses({**copies, name: w}, problem))(copies[name])
        )
        for name in copies
    }


def autograd_row(problem, t):
    """The terms of one target step by lag: name to an array (t, *shape of the parameter)."""
    slopes = grad(lambda copies: losses(copies, problem)[t - 1])(_copies(problem))
    return {name: terms[t - 1 :: -1] for name, terms in slopes.items()}


def by_lag(terms):
    """Terms (T, T, ...) by source step j, as terms by lag k."""
    result = np.zeros_like(terms)
    for t in range(len(terms)):
        result[t, : t + 1] = terms[t, t::-1]
    return result


def complex_step_totals(problem, name, step=1e-30):
    """dL_t/d(weight) for every t, shape (T, *shape of the weight)."""
    copies = _copies(problem)
    shape = copies[name].shape
    result = np.zeros(shape)
    for index in np.ndindex(shape[1:]):
        nudged = copies[name].astype(complex)
        nudged[(slice(None), *index)] += 1j * step
        result[(slice(None), *index)] = losses({**copies, name: nudged}, problem).imag / step
    return result


def gate_terms(terms, name):
    """The terms of one gate ("w_xf"), or of the weight itself, out of those of autograd."""
    if name in terms:
        return terms[name]
    weight = "b" if name.startswith("b_") else name[:-1]
    return terms[weight][:, :, GATES.index(name[-1])]


def magnitudes(terms, scalar):
    """(sign or None, log10) of terms (T, T, ...): signed when scalar, else the Frobenius norm."""
    flat = np.reshape(terms, (*terms.shape[:2], -1))
    signed = scalar and flat.shape[2] == 1
    size = np.sqrt(np.sum(flat**2, axis=2))
    log10 = np.full(size.shape, -np.inf)
    log10[size > 0] = np.log10(size[size > 0])
    return (np.sign(flat[:, :, 0]) if signed else None), log10


# --- the textbook's formula ---


def formula_terms(problem, name, power=None):
    """Terms of a scalar tanh RNN with the squared error, (T, T), from their five factors.

    `power` is the weight that is raised to k-1: w_s, unless a wrong one is wanted.
    """
    w_x, w_s, b = (float(np.squeeze(problem.weights[w])) for w in ("w_x", "w_s", "b"))
    power = w_s if power is None else power
    T, x = len(problem.x), problem.inputs[:, 0]
    s = [float(np.squeeze(problem.state("s")))]
    for value in x:
        s.append(float(np.tanh(w_x * value + w_s * s[-1] + b)))
    slopes = 1.0 - np.array(s[1:]) ** 2
    source = {"w_x": x, "w_s": np.array(s[:-1]), "b": np.ones(T)}[name]
    result = np.zeros((T, T))
    for t in range(T):
        slope = problem.w_o * s[t + 1] + problem.b_o - problem.target
        for k in range(t + 1):
            product = np.prod(slopes[t - k : t + 1])
            result[t, k] = slope * problem.w_o * product * power**k * source[t - k]
    return result


# --- the comparison ---


def assert_same_terms(found, expected, rtol=1e-10, may_be_zero=None):
    """Compare (sign or None, log10) with the same of an oracle, in relative error of each term.

    A term the oracle has as exactly zero must be sign 0 and minus infinity, and no other may be.
    Where `may_be_zero` holds, zero is accepted as well. All are arrays (T, T), or rows of them.
    """
    (sign, log10), (expected_sign, expected_log10) = found, expected
    valid = (
        np.tri(*log10.shape, dtype=bool) if log10.ndim == 2 else np.ones(log10.shape, dtype=bool)
    )
    assert np.isnan(log10[~valid]).all(), "log10 must be nan where k > t"
    zero = np.isneginf(expected_log10)
    if may_be_zero is not None:
        zero = zero | (may_be_zero & np.isneginf(log10))
    wrong = valid & (np.isneginf(log10) != zero)
    assert not wrong.any(), f"zero in one only, at {np.argwhere(wrong)[:5].tolist()}"
    compared = valid & ~zero
    error = np.abs(np.expm1(LN10 * (log10[compared] - expected_log10[compared])))
    worst = error.max(initial=0.0)
    assert worst <= rtol, f"relative error {worst:.3g} at {np.argwhere(compared)[error.argmax()]}"
    if sign is not None and expected_sign is not None:
        expected_sign = np.where(compared, expected_sign, 0)
        assert (sign == expected_sign).all(), (
            f"signs differ at {np.argwhere(sign != expected_sign)[:5]}"
        )
