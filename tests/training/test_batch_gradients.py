"""The gradient of a batch is PyTorch's."""

import functools

import numpy as np
import pytest
from support.needed import needed_module

from gradflow import GRU, LSTM, RNN
from gradflow.losses import Readout
from gradflow.training import adding, agreement, recall
from gradflow.training.networks import Network, loss_and_gradients

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

N = 3
LAYERS = {
    "rnn": torch.nn.RNN,
    "relu": functools.partial(torch.nn.RNN, nonlinearity="relu"),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
}
TASKS = {"agreement": agreement(4), "recall": recall(6), "adding": adding(7)}


def torch_layer(kind, D, H):
    """A layer of PyTorch in float64 whose two biases are one: the second is 0, but a GRU's b_hn."""
    torch.manual_seed(3)
    layer = LAYERS[kind](D, H, dtype=torch.float64)
    with torch.no_grad():
        kept = 2 * H if kind == "gru" else None
        layer.bias_hh_l0[:kept] = 0.0
    return layer


def as_network(layer, kind, readout):
    """The same network as gradflow has it."""
    w_x, w_h, b, second = (p.detach().numpy() for p in layer.parameters())
    H = layer.hidden_size
    if kind in ("rnn", "relu"):
        cell = RNN(w_x, w_h, b, "relu" if kind == "relu" else "tanh")
    elif kind == "lstm":
        cell = LSTM(w_x.reshape(4, H, -1), w_h.reshape(4, H, H), b.reshape(4, H))
    else:
        cell = GRU(
            w_x.reshape(3, H, -1), w_h.reshape(3, H, H), b.reshape(3, H), second.reshape(3, H)[2]
        )
    return Network(cell, Readout(readout.weight.detach().numpy(), readout.bias.detach().numpy()))


def torch_loss(o, task, answers):
    if task.has_classes:
        return torch.nn.functional.cross_entropy(o, torch.from_numpy(answers))
    return 0.5 * torch.nn.functional.mse_loss(o[:, 0], torch.from_numpy(answers))


@pytest.mark.parametrize("chunk", [None, 2], ids=["whole", "cut before the last two steps"])
@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("H", [1, 5, 64])
def test_loss_and_gradients_are_those_of_automatic_differentiation(H, kind, name, chunk):
    task = TASKS[name]
    x, answers = task.batch(np.random.default_rng(0), N)
    layer = torch_layer(kind, task.D, H)
    readout = torch.nn.Linear(H, task.outputs, dtype=torch.float64)
    given, state = torch.from_numpy(x), None
    if chunk is not None:
        _, state = layer(given[:-chunk])
        state = tuple(s.detach() for s in state) if kind == "lstm" else state.detach()
        given = given[-chunk:]
    expected = torch_loss(readout(layer(given, state)[0][-1]), task, answers)
    expected.backward()

    network = as_network(layer, kind, readout)
    first = 1 if chunk is None else task.T - chunk + 1
    loss, gradients = loss_and_gradients(network, task, x, answers, first)

    assert loss == pytest.approx(expected.item(), rel=1e-12)
    parts = dict(layer.named_parameters())
    pairs = {"w_x": parts["weight_ih_l0"], "b": parts["bias_ih_l0"]}
    pairs["w_s" if kind in ("rnn", "relu") else "w_h"] = parts["weight_hh_l0"]
    pairs |= {"readout.w_o": readout.weight, "readout.b_o": readout.bias}
    found = {label: gradients[label].ravel() for label in pairs}
    wanted = {label: p.grad.numpy().ravel() for label, p in pairs.items()}
    if kind == "gru":
        found["b_hn"], wanted["b_hn"] = gradients["b_hn"], parts["bias_hh_l0"].grad.numpy()[2 * H :]
    assert set(found) == set(gradients)
    for label, gradient in wanted.items():
        np.testing.assert_allclose(found[label], gradient, rtol=1e-10, atol=1e-14, err_msg=label)


@pytest.mark.parametrize("H", [1, 2])
def test_the_original_gru_and_one_unit_are_as_a_central_difference_has_them(H):
    generator = np.random.default_rng(1)
    task = agreement(3)
    x, answers = task.batch(generator, 4)
    cell = GRU(
        generator.normal(size=(3, H, 1)),
        generator.normal(size=(3, H, H)),
        generator.normal(size=(3, H)),
        reset_after=False,
    )
    network = Network(cell, Readout(generator.normal(size=(2, H)), np.zeros(2)))
    _, gradients = loss_and_gradients(network, task, x, answers)
    for name, array in network.weights.items():
        for place in np.ndindex(array.shape):
            losses = []
            for step in (1e-6, -1e-6):
                nudged = array.copy()
                nudged[place] += step
                moved = network.with_weights({**network.weights, name: nudged})
                losses.append(loss_and_gradients(moved, task, x, answers)[0])
            slope = (losses[0] - losses[1]) / 2e-6
            assert gradients[name][place] == pytest.approx(slope, rel=1e-6, abs=1e-9)
