"""One pass: the terms that its gradient seeds add up to `.grad`, and nothing is left behind."""

import dataclasses

import numpy as np
import pytest
from support.needed import needed_module

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

from oracles.torch_networks import Classifier, batch, loss_of  # noqa: E402

import gradflow as gf  # noqa: E402
from gradflow.torch import Probe  # noqa: E402
from gradflow.torch.probe_pass import probed_modules  # noqa: E402
from gradflow.torch.recurrent_parts import parts_of_network  # noqa: E402
from gradflow.torch.wrappers import bare_network  # noqa: E402
from gradflow.watching.layer_measures import measured_layers, relative_errors  # noqa: E402

IDS, CLASSES = batch()
LENGTHS = torch.tensor([7, 12, 3])


def start(*shape):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*shape, dtype=torch.double, generator=generator)


NETWORKS = {
    "LSTM": {"kind": torch.nn.LSTM, "batch_first": True},
    "two layers": {"kind": torch.nn.LSTM, "num_layers": 2, "dropout": 0.5, "batch_first": True},
    "GRU of two layers": {"kind": torch.nn.GRU, "num_layers": 2},
    "two directions": {"kind": torch.nn.GRU, "bidirectional": True, "batch_first": True},
    "projections": {"kind": torch.nn.LSTM, "H": 7, "proj_size": 5, "num_layers": 2},
    "without bias": {"kind": torch.nn.RNN, "nonlinearity": "relu", "bias": False},
    "packed": {"kind": torch.nn.LSTM, "lengths": LENGTHS, "batch_first": True},
    "packed, both ways": {"kind": torch.nn.LSTM, "lengths": LENGTHS, "bidirectional": True},
    "the last state": {"kind": torch.nn.LSTM, "reads": "h", "lengths": LENGTHS, "num_layers": 2},
    "a start": {"kind": torch.nn.LSTM, "start": (start(1, 3, 5), start(1, 3, 5))},
    "starts of layers": {"kind": torch.nn.GRU, "num_layers": 2, "start": start(2, 3, 5)},
}


def network(**settings):
    torch.manual_seed(0)
    return Classifier(**settings).double()


def probed(model, probe=None, lengths=None):
    parts, _ = parts_of_network(model)
    return probed_modules(model, parts, probe or Probe((IDS,), loss_of(IDS, CLASSES)), lengths)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_terms_add_up_to_the_gradient_of_the_weights(name):
    model = network(**NETWORKS[name])
    modules = probed(model)
    assert not any(module.unseen for module in modules)
    errors = [error for module in modules for error in relative_errors(module)]
    rec = model.inner["rec"]
    assert len(errors) == rec.num_layers * (1 + rec.bidirectional)
    assert max(errors) < 1e-12
    # What they are compared with is what a plain backward pass adds up.
    model.eval()
    loss_of(IDS, CLASSES)(model(IDS)).backward()
    for module, end in zip(modules, ("", "_reverse"), strict=False):
        w_x = next(own for full, own in module.own_gradients.items() if full.endswith("w_x"))
        grad = getattr(rec, f"weight_ih_l0{end}").grad.numpy()
        np.testing.assert_allclose(w_x.ravel(), grad.ravel(), rtol=1e-12, atol=1e-15)


def test_a_gradient_that_is_missed_is_in_the_error():
    [module] = probed(network(kind=torch.nn.LSTM))
    halves = tuple(
        dataclasses.replace(sequence, gradient=sequence.gradient / 2)
        for sequence in module.sequences
    )
    module = dataclasses.replace(module, sequences=halves)
    assert relative_errors(module) == [pytest.approx(0.5)]


def below(net):
    """A loss that reads the first of two layers after the last step."""
    x = net._inputs(IDS)
    return net.inner["rec"](x)[1][0][0].sum()


def test_a_gradient_that_is_not_carried_back_is_found():
    [module] = probed(network(kind=torch.nn.LSTM, reads="c"))
    assert module.unseen == "its last cell state c_n"
    [module] = probed(network(kind=torch.nn.LSTM, num_layers=2, batch_first=True), below)
    assert module.unseen == "the last state h_n of a layer below the last"


def test_a_module_that_is_called_twice_has_all_of_its_sequences():
    model = network(kind=torch.nn.LSTM, batch_first=True)
    twice = lambda net: loss_of(IDS, CLASSES)(net(IDS) - net(IDS.flip(1)))  # noqa: E731
    [module] = probed(model, twice)
    assert len(module.sequences) == 2 * len(IDS)
    assert relative_errors(module)[0] < 1e-12


def test_a_module_that_is_not_trained_is_measured_without_a_check():
    model = network(kind=torch.nn.LSTM, batch_first=True)
    for weight in (
        *model.inner.parameters(),
        *model.embedding.parameters(),
        *model.norm.parameters(),
    ):
        weight.requires_grad_(False)
    [seen] = measured_layers(probed(model)[0], 20).values()
    assert np.isnan(seen.relative_error)
    assert seen.horizon >= 1


def test_the_measures_are_those_of_the_flow_of_the_loss_itself():
    torch.manual_seed(0)
    lstm, head = torch.nn.LSTM(3, 5).double(), torch.nn.Linear(5, 2).double()
    x = start(15, 1, 3)
    model = torch.nn.ModuleDict({"lstm": lstm, "head": head})
    probe = lambda net: torch.nn.functional.cross_entropy(  # noqa: E731
        net["head"](net["lstm"](x)[0][-1]), torch.tensor([1])
    )
    [(name, seen)] = measured_layers(probed(model, probe)[0], 4).items()
    own = gf.from_module(model, prefix="lstm", readout="head")
    flow = gf.gradient_flow(own, x[:, 0], loss=gf.SoftmaxCrossEntropy(1), targets="last")
    wanted = gf.memory.measure(flow, 15, window=4)
    assert (name, seen.horizon) == ("lstm", wanted.horizon)
    for found, aim in (
        (seen.tail_half_life, wanted.fall_and_tail.tail_half_life),
        (seen.share_beyond_chunk, wanted.share_beyond),
        (seen.cancellation, wanted.cancellation),
        (seen.log10_left, wanted.log10_signal - wanted.log10_signal[0]),
    ):
        np.testing.assert_allclose(found, aim, rtol=1e-9)
    radii = gf.state_jacobian(flow, 15).of_cell_state().spectral_radius
    assert radii.min() < seen.dc_dc < radii.max()


def test_the_target_of_a_padded_sequence_is_before_its_padding():
    model = network(kind=torch.nn.LSTM, batch_first=True)
    [module] = probed(model, lengths=LENGTHS.tolist())
    assert [sequence.target for sequence in module.sequences] == [7, 12, 3]
    assert relative_errors(module)[0] < 1e-12  # the padding has its part in the gradient


def test_lengths_of_other_sequences_are_refused():
    with pytest.raises(ValueError, match="lengths must be of each of the n=3 sequences"):
        probed(network(kind=torch.nn.LSTM, batch_first=True), lengths=[3, 4])


def state_of(model):
    """Everything of a network and of PyTorch that a pass could change."""
    modules = list(model.modules())
    return (
        [module.training for module in modules],
        [module.dropout for module in modules if isinstance(module, torch.nn.RNNBase)],
        [len(module._forward_hooks) for module in modules],
        [value.clone().numpy().tolist() for value in model.state_dict().values()],
        [weight.grad.numpy().tolist() for weight in model.parameters()],
        [weight._post_accumulate_grad_hooks for weight in model.parameters()],
        torch.get_rng_state().tolist(),
        torch.is_autocast_enabled("cpu"),
        torch.is_grad_enabled(),
    )


@pytest.mark.parametrize("fails", [False, True])
def test_a_pass_leaves_everything_as_it_was(fails):
    model = network(kind=torch.nn.LSTM, num_layers=2, dropout=0.25)
    model.norm.eval()
    loss_of(IDS, CLASSES)(model(IDS)).backward()

    def probe(net):
        torch.rand(3)
        made = net(IDS)
        if fails:
            raise KeyError("a batch")
        return loss_of(IDS, CLASSES)(made)

    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        before = state_of(model)
        if fails:
            with pytest.raises(KeyError):
                probed(model, probe)
        else:
            [module] = probed(model, probe)
            assert max(relative_errors(module)) < 1e-12
        assert state_of(model) == before


def test_what_is_not_supported_is_named():
    parts, left_out = parts_of_network(
        torch.nn.ModuleDict(
            {
                "good": torch.nn.GRU(2, 3),
                "both": torch.nn.LSTM(2, 3, num_layers=2, bidirectional=True),
                "step": torch.nn.LSTMCell(2, 3),
            }
        )
    )
    assert [part.name for part in parts] == ["good"]
    assert "stacks of bidirectional layers are not supported" in left_out["both"]
    assert "cells that a loop calls are not supported" in left_out["step"]


@pytest.mark.slow
def test_wrappers_are_looked_through():
    model = torch.nn.ModuleDict({"rec": torch.compile(torch.nn.LSTM(2, 3), backend="eager")})
    whole = torch.nn.DataParallel(torch.compile(model, backend="eager"))
    assert bare_network(whole) is model
    [part] = parts_of_network(model)[0]
    assert part.name == "rec"


@pytest.mark.parametrize("made", [torch.ones(2, requires_grad=True), torch.ones(()), 3.0])
def test_a_probe_without_a_loss_is_refused(made):
    with pytest.raises(ValueError, match="one number that has a gradient"):
        probed(network(kind=torch.nn.LSTM), lambda net: made)
