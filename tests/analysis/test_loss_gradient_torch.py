"""The gradient that training sees, against PyTorch's own `.grad`, loops and clipping."""

from itertools import pairwise

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch, from requirements-torch.txt")

T, D, H, O = 12, 3, 5, 4  # noqa: E741
MODULES = {"tanh": torch.nn.RNN, "relu": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
by_case = pytest.mark.parametrize(
    ("kind", "depth"), [(kind, depth) for kind in MODULES for depth in (1, 3)]
)


class Network(torch.nn.Module):
    """Layers of one kind and a linear layer that reads the last, in float64."""

    def __init__(self, kind, depth):
        super().__init__()
        torch.manual_seed(depth)
        options = {"nonlinearity": kind} if kind in ("tanh", "relu") else {}
        self.recurrent = MODULES[kind](D, H, depth, batch_first=True, **options)
        self.readout = torch.nn.Linear(H, O)
        self.double()


def model_of(network, kind):
    options = {"cell": f"rnn_{kind}"} if kind in ("tanh", "relu") else {}
    return gf.from_state_dict(network.state_dict(), readout="readout", **options)


def case(kind, depth):
    network = Network(kind, depth)
    x = torch.randn(1, T, D, dtype=torch.float64)
    classes = torch.randint(O, (T,))
    w = torch.randn(T, dtype=torch.float64)
    return network, x, classes, w


def losses(network, hidden, classes):
    o = network.readout(hidden)[0]
    return torch.nn.functional.cross_entropy(o, classes, reduction="none")


def assert_same(gradients, network, kind):
    """Compare gradients by gradflow's names with the `.grad` of a network."""
    depth = network.recurrent.num_layers
    gates = {"lstm": 4, "gru": 3}.get(kind)
    state = "w_h" if gates else "w_s"
    for n in range(depth):
        prefix = f"{n}." if depth > 1 else ""
        theirs = {"w_x": f"weight_ih_l{n}", state: f"weight_hh_l{n}", "b": f"bias_ih_l{n}"}
        for name, own in theirs.items():
            expected = getattr(network.recurrent, own).grad.numpy()
            if name != "b" and gates:
                expected = expected.reshape(gates, H, -1)
            found = gradients[prefix + name].reshape(expected.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13, err_msg=name)
        if kind == "gru":
            expected = getattr(network.recurrent, f"bias_hh_l{n}").grad.numpy()[2 * H :]
            np.testing.assert_allclose(gradients[f"{prefix}b_hn"], expected, rtol=1e-10, atol=1e-13)


@by_case
def test_it_is_the_grad_of_pytorch(kind, depth):
    network, x, classes, w = case(kind, depth)
    (w * losses(network, network.recurrent(x)[0], classes)).sum().backward()
    gradient = gf.training_gradient(
        model_of(network, kind), x[0].numpy(), gf.SoftmaxCrossEntropy(classes.numpy()), w.numpy()
    )
    assert_same(gradient.gradients, network, kind)
    for name, own in (("w_o", "weight"), ("b_o", "bias")):
        expected = getattr(network.readout, own).grad.numpy()
        np.testing.assert_allclose(
            gradient.value(f"readout.{name}"), expected, rtol=1e-10, atol=1e-13
        )


@by_case
def test_the_global_norm_is_what_clipping_takes(kind, depth):
    network, x, classes, w = case(kind, depth)
    (w * losses(network, network.recurrent(x)[0], classes)).sum().backward()
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0).item()
    gradient = gf.training_gradient(
        model_of(network, kind), x[0].numpy(), gf.SoftmaxCrossEntropy(classes.numpy()), w.numpy()
    )
    assert gradient.global_norm(both_biases=True) == pytest.approx(norm, rel=1e-10)
    assert gradient.global_norm() < norm


@by_case
def test_the_gradient_of_a_hidden_state_is_that_of_pytorch(kind, depth):
    network, x, classes, w = case(kind, depth)
    hidden, _ = network.recurrent(x)
    whole = [hidden[:, j : j + 1] for j in range(T)]
    states = None
    pieces = []
    for j in range(T):  # a step at a time, so that a state is what the next step takes
        piece, states = network.recurrent(x[:, j : j + 1], states)
        h = states[0] if kind == "lstm" else states
        h.retain_grad()
        np.testing.assert_allclose(piece.detach(), whole[j].detach(), rtol=1e-12)
        pieces.append((piece, h))
    hidden = torch.cat([h[-1:] for _, h in pieces], dim=1)
    (w * losses(network, hidden, classes)).sum().backward()
    gradient = gf.training_gradient(
        model_of(network, kind), x[0].numpy(), gf.SoftmaxCrossEntropy(classes.numpy()), w.numpy()
    )
    name = ("h" if kind in ("lstm", "gru") else "s") if depth == 1 else None
    name = name or f"{depth - 1}.{'h' if kind in ('lstm', 'gru') else 's'}"
    expected = np.array([h.grad[-1, 0].numpy() for _, h in pieces])
    np.testing.assert_allclose(gradient.state_gradients[name], expected, rtol=1e-10, atol=1e-13)


@pytest.mark.slow
@by_case
@pytest.mark.parametrize(("every", "offset"), [(1, 0), (5, 0), (5, 2), (7, 6)])
def test_chunks_are_a_loop_that_detaches_the_state(kind, depth, every, offset):
    network, x, classes, w = case(kind, depth)
    state = None
    cuts = [0, *range(offset or every, T, every), T]
    for begin, end in pairwise(cuts):
        hidden, state = network.recurrent(x[:, begin:end], state)
        (w[begin:end] * losses(network, hidden, classes[begin:end])).sum().backward()
        state = tuple(s.detach() for s in state) if kind == "lstm" else state.detach()
    gradient = gf.training_gradient(
        model_of(network, kind), x[0].numpy(), gf.SoftmaxCrossEntropy(classes.numpy()), w.numpy()
    )
    assert_same(gradient.chunked(every, offset).gradients, network, kind)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_padding_that_is_masked_is_a_packed_sequence(kind):
    network, x, classes, w = case(kind, 1)
    length = T - 4
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, [length], batch_first=True)
    hidden, _ = torch.nn.utils.rnn.pad_packed_sequence(
        network.recurrent(packed)[0], batch_first=True
    )
    (w[:length] * losses(network, hidden, classes[:length])).sum().backward()
    gradient = gf.training_gradient(
        model_of(network, kind),
        x[0].numpy(),
        gf.SoftmaxCrossEntropy(classes.numpy()),
        w.numpy(),
        np.arange(T) < length,
    )
    assert_same(gradient.gradients, network, kind)
