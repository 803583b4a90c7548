"""Real modules of PyTorch with layers around the recurrent ones."""

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
files = needed_module("safetensors.torch", "needs safetensors and PyTorch")
nn = torch.nn
X = np.random.default_rng(61).normal(size=(7, 4))


def named(**parts):
    """A module with these parts in float64."""
    torch.manual_seed(6)
    return nn.ModuleDict(parts).double()


def both_ways(net, **settings):
    return [make(net, **settings) for make in (gf.from_module, from_state)]


def from_state(net, **settings):
    return gf.from_state_dict(net.state_dict(), **settings)


def test_the_only_linear_layer_that_fits_is_the_readout():
    net = named(rnn=nn.LSTM(4, 5), head=nn.Linear(5, 2), above=nn.Linear(2, 9))
    expected = net["head"](net["rnn"](torch.from_numpy(X))[0]).detach().numpy()
    for model in both_ways(net):
        np.testing.assert_allclose(gf.gradient_flow(model, X).trace.o, expected, rtol=1e-12)
        assert model.readout_layer == "head"
        assert (
            "Readout: linear layer head, outputs 2. Assumed: it is the only one in the file that "
            "takes the hidden units." in model.description
        )


@pytest.mark.parametrize("parts", [{}, {"one": nn.Linear(5, 2), "two": nn.Linear(5, 3)}])
def test_of_several_or_none_no_linear_layer_is_the_readout(parts):
    for model in both_ways(named(rnn=nn.LSTM(4, 5), **parts)):
        assert model.readout_layer is None
        assert model.linear_layers == tuple(parts)
        assert "the sum of the hidden units" in model.description[-1]
        assert all(name in model.description[-1] for name in parts)


def test_the_sum_can_be_said_where_a_linear_layer_fits():
    net = named(rnn=nn.LSTM(4, 5), head=nn.Linear(5, 2))
    for model in both_ways(net, readout=None):
        assert model.readout_layer is None
        flow = gf.gradient_flow(model, X)
        np.testing.assert_allclose(flow.trace.o, flow.trace.hidden[1:].sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("name", ["embedding", "encoder", "tokens"])
def test_an_embedding_as_wide_as_the_state_is_no_readout_whatever_its_name(name):
    net = named(**{name: nn.Embedding(9, 5), "rnn": nn.LSTM(5, 5), "fc": nn.Linear(5, 9)})
    for model in both_ways(net):
        assert model.linear_layers == ("fc",)
        assert model.readout_layer == "fc"


def test_a_module_tells_which_of_its_matrices_is_an_embedding():
    net = named(tokens=nn.Embedding(9, 5), rnn=nn.LSTM(5, 5), fc=nn.Linear(5, 9, bias=False))
    model = gf.from_module(net)
    assert (model.embedding_name, model.readout_layer) == ("tokens.weight", "fc")
    # The names alone do not tell the two apart: neither is offered, and each can be named.
    assert from_state(net).linear_layers == ()
    assert from_state(net, readout="fc").readout_layer == "fc"


@pytest.mark.parametrize("places", [(1,), (1, 1)])
def test_a_convolution_over_one_place_is_a_readout(places):
    kind = nn.Conv1d if len(places) == 1 else nn.Conv2d
    net = named(rnn=nn.GRU(4, 5), conv=kind(5, 2, places, bias=False))
    h = net["rnn"](torch.from_numpy(X))[0].T
    expected = net["conv"](h.reshape(1, 5, 7, *places[1:]))[0].detach().numpy().reshape(2, 7).T
    for model in both_ways(net):
        assert model.readout_layer == "conv"
        np.testing.assert_allclose(gf.gradient_flow(model, X).trace.o, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", [nn.LSTMCell, nn.GRUCell])
def test_cells_in_a_loop_are_a_stack_in_the_order_that_is_said(kind):
    net = nn.ModuleList([kind(4, 5), kind(5, 3)]).double()
    state = [None, None]
    rows = []
    for x in torch.from_numpy(X):
        state[0] = net[0](x[None], state[0])
        first = state[0] if kind is nn.GRUCell else state[0][0]
        state[1] = net[1](first, state[1])
        rows.append(state[1] if kind is nn.GRUCell else state[1][0])
    expected = torch.cat(rows).detach().numpy()
    for model in both_ways(net, prefix=["0", "1"]):
        found = gf.gradient_flow(model, X).trace.hidden[1:]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="prefix must name one recurrent module: 0 or 1"):
        gf.from_module(net)


def test_of_parallel_layers_one_is_chosen_and_the_others_are_listed():
    net = named(left=nn.LSTM(4, 5), right=nn.LSTM(4, 5), head=nn.Linear(10, 2))
    with pytest.raises(ValueError, match="prefix must name one recurrent module: left or right"):
        gf.from_module(net)
    expected = net["right"](torch.from_numpy(X))[0].detach().numpy()
    for model in both_ways(net, prefix="right"):
        found = gf.gradient_flow(model, X).trace.hidden[1:]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
        assert model.other_modules == ("left",)
        assert "Recurrent layers of the file that are not looked at: left." in model.description


def test_layers_that_no_gradient_is_carried_through_end_the_stack():
    net = named(
        conv=nn.Conv1d(3, 4, 5, stride=2),
        low=nn.LSTM(4, 5),
        norm=nn.LayerNorm(5),
        attention=nn.MultiheadAttention(5, 1),
        high=nn.LSTM(5, 6),
        fc=nn.Linear(6, 2),
    )
    between = torch.from_numpy(np.random.default_rng(62).normal(size=(7, 5)))
    expected = net["fc"](net["high"](between)[0]).detach().numpy()
    for model in both_ways(net, prefix="high"):
        np.testing.assert_allclose(
            gf.gradient_flow(model, between.numpy()).trace.o, expected, rtol=1e-12
        )
        assert model.other_modules == ("low",)
        assert "No gradient is carried through these" in model.description[-1]
        assert "step t is a step of this layer" in model.description[-1]
        for left in ("conv (convolution)", "norm (normalisation)", "attention (attention)"):
            assert left in model.description[-1]
    # What lies within an attention is taken for no readout.
    assert all(model.readout_layer is None for model in both_ways(net, prefix="low"))


def test_an_embedding_counts_in_what_a_file_may_expand_to():
    wide = {"embedding.weight": torch.zeros(2000, 4, dtype=torch.float16)}
    data = files.save({**nn.LSTM(4, 5).half().state_dict(), **wide})
    assert gf.loads(data, "x.safetensors").embedding.shape == (2000, 4)
    with pytest.raises(ValueError, match=r"the embedding and the readout must have at most 3\d{4}"):
        gf.loads(data, "x.safetensors", limit=len(data))
