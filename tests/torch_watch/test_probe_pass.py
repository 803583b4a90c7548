"""One pass: the terms that its gradient seeds add up to `.grad`, and nothing is left behind."""

import dataclasses

import numpy as np
import pytest
from support.needed import needed_module

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

from oracles.torch_networks import Classifier, batch, loss_of  # noqa: E402
from torch.nn.utils.parametrizations import weight_norm  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402

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
    "layers of both": {
        "kind": torch.nn.LSTM,
        "num_layers": 2,
        "bidirectional": True,
        "dropout": 0.5,
    },
    "packed layers of both": {
        "kind": torch.nn.RNN,
        "num_layers": 3,
        "bidirectional": True,
        "lengths": LENGTHS,
    },
    "starts of both": {
        "kind": torch.nn.GRU,
        "num_layers": 2,
        "bidirectional": True,
        "start": start(4, 3, 5),
    },
    "without bias": {"kind": torch.nn.RNN, "nonlinearity": "relu", "bias": False},
    "packed": {"kind": torch.nn.LSTM, "lengths": LENGTHS, "batch_first": True},
    "packed, both ways": {"kind": torch.nn.LSTM, "lengths": LENGTHS, "bidirectional": True},
    "the last state": {"kind": torch.nn.LSTM, "reads": "h", "lengths": LENGTHS, "num_layers": 2},
    "the cell state": {"kind": torch.nn.LSTM, "reads": "c", "lengths": LENGTHS},
    "that of two layers": {"kind": torch.nn.LSTM, "reads": "c", "num_layers": 2},
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
    assert not any(module.not_followed for module in modules)
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


def every_state(net):
    """A loss that reads the output, and h and c of every layer and direction after the last."""
    module, x = net.inner["rec"], net._inputs(IDS)
    made, (h, c) = module(pack_padded_sequence(x, LENGTHS, module.batch_first, False))
    return made.data.square().sum() + h.sin().sum() * c.sum() + (c**2).sum()


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 2},
        {"bidirectional": True},
        {"num_layers": 2, "bidirectional": True, "H": 7, "proj_size": 5},
        {"H": 7, "proj_size": 5},
    ],
)
def test_gradients_that_reach_every_state_are_carried_back(options):
    modules = probed(network(kind=torch.nn.LSTM, batch_first=True, **options), every_state)
    # Layers of both directions are read each by itself.
    layers = 1 if "bidirectional" in options else options.get("num_layers", 1)
    widths = layers * (5 + options.get("H", 5))
    assert {module.cell.H for module in modules} == {widths}
    assert max(error for module in modules for error in relative_errors(module)) < 1e-12


def test_both_directions_of_a_projection_are_told_apart():
    model = network(
        kind=torch.nn.LSTM, H=7, proj_size=5, bidirectional=True, batch_first=True, reads="h"
    )
    whole = lambda net: net.inner["rec"](net._inputs(IDS))[0].square().sum()  # noqa: E731
    assert (
        max(error for module in probed(model, whole) for error in relative_errors(module)) < 1e-12
    )


def test_an_encoder_whose_states_a_decoder_begins_with_is_carried_back():
    torch.manual_seed(0)
    encoder, decoder = torch.nn.LSTM(3, 5).double(), torch.nn.LSTMCell(3, 5).double()
    model = torch.nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    x = start(7, 2, 3)

    def probe(net):
        h, c = (state[0] for state in net["encoder"](x)[1])
        read = []
        for step in x:
            h, c = net["decoder"](step, (h, c))
            read.append(h.tanh())
        return torch.stack(read).square().sum() + c.sin().sum()

    first, second = probed(model, probe)
    assert [len(sequence.x) for sequence in (*first.sequences, *second.sequences)] == [7] * 4
    assert max(*relative_errors(first), *relative_errors(second)) < 1e-12


def loop(cell, changed=lambda states: states, skip=()):
    """A loss of a loop over the steps of a batch; after some the graph is cut."""
    x = start(8, 3, 3)

    def probe(net):
        states, loss = None, 0.0
        for j, step in enumerate(x):
            states = net["step"](step, states)
            h = states[0] if isinstance(states, tuple) else states
            loss = loss + (j + 1) * h[:, ::2].sum()
            if j in skip:
                states = tuple(state.detach() for state in states)
            states = changed(states)
        return loss + (states[-1] ** 3).sum()

    torch.manual_seed(0)
    return torch.nn.ModuleDict({"step": cell.double()}), probe


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
def test_a_cell_that_a_loop_calls_has_the_sequences_of_the_loop(kind):
    model, probe = loop(getattr(torch.nn, kind)(3, 5))
    [module] = probed(model, probe, [8, 5, 8])
    assert [len(sequence.x) for sequence in module.sequences] == [8, 8, 8]
    assert [sequence.target for sequence in module.sequences] == [8, 5, 8]
    assert relative_errors(module)[0] < 1e-12
    assert list(measured_layers(module, 20)) == ["step"]


def test_a_loop_is_followed_to_where_its_graph_is_cut():
    model, probe = loop(torch.nn.LSTMCell(3, 5), skip=(2,))
    [module] = probed(model, probe)
    assert [len(sequence.x) for sequence in module.sequences] == [3, 3, 3, 5, 5, 5]
    assert relative_errors(module)[0] < 1e-12


@pytest.mark.parametrize(
    "changed",
    [
        lambda states: (states[0] * 0.9, states[1]),
        lambda states: (states[0].mul_(0.9), states[1]),  # in its place
    ],
)
def test_a_loop_that_changes_its_states_is_not_followed(changed):
    model, probe = loop(torch.nn.LSTMCell(3, 5), changed)
    [module] = probed(model, probe)
    assert module.not_followed.endswith("Got 8 calls of one step each.")
    assert relative_errors(module)[0] < 1e-12  # what each step has seen is right all the same


def test_a_module_that_a_loop_calls_with_chunks_has_whole_sequences():
    model = network(kind=torch.nn.GRU, num_layers=2, batch_first=True)

    def probe(net):
        first, state = net.inner["rec"](net._inputs(IDS[:, :5]))
        # Two go on from there: the first as the same sequence, the other as one of its own.
        ways = [net.inner["rec"](net._inputs(IDS[:, 5:]), state)[0] for _ in range(2)]
        return first.square().sum() + (ways[0] * ways[1]).sum() + state.square().sum()

    [module] = probed(model, probe)
    assert [len(sequence.x) for sequence in module.sequences] == [12] * 3 + [7] * 3
    assert max(relative_errors(module)) < 1e-12


def test_a_module_that_is_called_twice_has_all_of_its_sequences():
    model = network(kind=torch.nn.LSTM, batch_first=True)
    twice = lambda net: loss_of(IDS, CLASSES)(net(IDS) - net(IDS.flip(1)))  # noqa: E731
    [module] = probed(model, twice)
    assert len(module.sequences) == 2 * len(IDS)
    assert relative_errors(module)[0] < 1e-12


def test_what_a_hook_makes_of_the_output_is_not_taken_for_the_output():
    model = network(kind=torch.nn.LSTM, batch_first=True)
    model.inner["rec"].register_forward_hook(lambda module, given, made: (made[0] * 2.0, made[1]))
    assert relative_errors(probed(model)[0])[0] < 1e-12


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
                "both": weight_norm(torch.nn.LSTM(2, 3, 2, bidirectional=True), "weight_hh_l1"),
                "own": type("Own", (torch.nn.RNNCellBase,), {})(2, 3, True, 4),
            }
        )
    )
    assert [part.name for part in parts] == ["good"]
    assert left_out["both"].endswith("weights as parameters. Got weight_hh_l1 made from others.")
    assert left_out["own"] == "a cell must be RNNCell, LSTMCell or GRUCell. Got Own."


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
