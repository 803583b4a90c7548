"""Weights as PyTorch itself holds and saves them."""

import io
from pathlib import Path

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
files = needed_module("safetensors.torch", "needs safetensors and PyTorch")
SHIPPED = Path(__file__).parents[2] / "gradflow" / "models"
MODULES = {
    "lstm": (torch.nn.LSTM, {}),
    "gru": (torch.nn.GRU, {}),
    "rnn_tanh": (torch.nn.RNN, {}),
    "rnn_relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
}


class Network(torch.nn.Module):
    def __init__(self, kind, **settings):
        super().__init__()
        module, more = MODULES[kind]
        self.encoder = module(3, 5, **more, **settings)
        self.head = torch.nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.encoder(x)[0])


def network(kind, **settings):
    torch.manual_seed(7)
    return Network(kind, **settings).double()


X = np.random.default_rng(24).normal(size=(9, 3))


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("through", ["mapping", "file"])
def test_a_network_runs_as_in_pytorch(kind, layers, bias, through):
    net = network(kind, num_layers=layers, bias=bias)
    settings = {"cell": kind, "readout": "head"}
    if through == "mapping":
        model = gf.from_state_dict(net.state_dict(), **settings)
    else:
        model = gf.loads(files.save(net.state_dict()), "model.safetensors", **settings)
    flow = gf.gradient_flow(model, X)
    expected = net(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(flow.trace.o, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_precision_of_pytorch_is_read(dtype):
    state = network("lstm").to(getattr(torch, dtype)).state_dict()
    expected = state["encoder.weight_hh_l0"].double().numpy().reshape(4, 5, 5)
    for model in (gf.from_state_dict(state), gf.loads(files.save(state))):
        np.testing.assert_array_equal(model.cell.w_h, expected)
        assert model.layers[0].dtype == dtype


def test_parameters_that_ask_for_gradients_are_read():
    net = network("lstm")
    model = gf.from_state_dict(dict(net.named_parameters()))
    np.testing.assert_array_equal(
        model.cell.w_h.reshape(20, 5), net.encoder.weight_hh_l0.detach().numpy()
    )


def test_the_two_lines_write_a_file_that_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = network("lstm")
    with pytest.raises(ValueError, match="must be a file of PyTorch") as caught:
        gf.loads(b"", "model.pt")
    lines = str(caught.value).split("\n")[1:]
    assert len(lines) == 2
    exec("\n".join(lines), {"model": net})
    model = gf.load("model.safetensors")
    np.testing.assert_array_equal(
        model.cell.w_h.reshape(20, 5), net.encoder.weight_hh_l0.detach().numpy()
    )


@pytest.mark.parametrize("name", ["character", "recall_learned", "recall_not_learned"])
def test_gradients_of_the_shipped_models_are_those_of_pytorch(name):
    model = gf.load(SHIPPED / f"{name}.safetensors", readout="readout")
    x = np.eye(model.cell.D)[np.random.default_rng(25).integers(model.cell.D, size=40)]
    flow = gf.gradient_flow(model, x)

    state = {
        key: tensor.double()
        for key, tensor in files.load_file(SHIPPED / f"{name}.safetensors").items()
    }
    lstm = torch.nn.LSTM(model.cell.D, model.cell.H).double()
    lstm.load_state_dict({key[5:]: tensor for key, tensor in state.items() if key[:5] == "lstm."})
    o = lstm(torch.from_numpy(x))[0] @ state["readout.weight"].T + state["readout.bias"]
    np.testing.assert_allclose(flow.trace.o, o.detach().numpy(), rtol=1e-11, atol=1e-13)
    o[-1].sum().backward()
    for group, of_pytorch in (("w_x", lstm.weight_ih_l0), ("w_h", lstm.weight_hh_l0)):
        total, expected = flow.total(group)[-1].ravel(), of_pytorch.grad.numpy().ravel()
        np.testing.assert_allclose(total, expected, rtol=1e-10, atol=1e-12 * abs(expected).max())


def as_npz(state):
    file = io.BytesIO()
    np.savez(file, **{name: weight.numpy() for name, weight in state.items()})
    return file.getvalue()


def as_pt(state):
    file = io.BytesIO()
    torch.save({"state_dict": state}, file)
    return file.getvalue()


@pytest.mark.parametrize("both_ways", [False, True])
def test_projections_run_as_in_pytorch(both_ways):
    torch.manual_seed(9)
    layer = torch.nn.LSTM(3, 5, num_layers=2, proj_size=2, bidirectional=both_ways).double()
    state = layer.state_dict()
    expected = layer(torch.from_numpy(X))[0].detach().numpy()
    for model in (
        gf.from_state_dict(state),
        gf.from_module(layer),
        gf.loads(files.save(state), "model.safetensors"),
        gf.loads(as_npz(state), "model.npz"),
        gf.loads(as_pt(state), "model.pt"),
    ):
        found = gf.gradient_flow(model, X).trace.hidden[1:]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
        assert "hidden units H = 5 projected to 2" in model.description[0]


def test_a_readout_takes_the_projected_numbers():
    torch.manual_seed(9)
    net = torch.nn.ModuleDict(
        {"lstm": torch.nn.LSTM(3, 5, proj_size=2), "head": torch.nn.Linear(2, 4)}
    ).double()
    flow = gf.gradient_flow(gf.from_module(net), X)
    expected = net["head"](net["lstm"](torch.from_numpy(X))[0]).detach().numpy()
    np.testing.assert_allclose(flow.trace.o, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("layers", ["0", "1", "01"])
def test_a_projection_that_is_missing_is_named(layers):
    state = torch.nn.LSTM(3, 5, num_layers=2, proj_size=2).state_dict()
    for number in layers:
        del state[f"weight_hr_l{number}"]
    is_left = len(layers) == 1
    expected = f"weight_hr_l{layers} must be in" if is_left else "weight_hh_l0 must be H by H"
    with pytest.raises(ValueError, match=expected):
        gf.from_state_dict(state)


@pytest.mark.parametrize("shape", [(5,), (2, 6), (3, 5), (2, 0)])
def test_a_projection_of_another_shape_is_named(shape):
    state = torch.nn.LSTM(3, 5, proj_size=2).state_dict() | {"weight_hr_l0": torch.ones(shape)}
    with pytest.raises(ValueError, match=r"weight_h[rh]_l0 must (be a matrix|have shape)"):
        gf.from_state_dict(state)


def test_a_projection_belongs_to_an_lstm():
    state = torch.nn.GRU(3, 5).state_dict() | {"weight_hr_l0": torch.ones((2, 5))}
    with pytest.raises(ValueError, match=r"weight_hh_l0 must have shape \(20, 2\)"):
        gf.from_state_dict(state)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_each_direction_of_a_bidirectional_layer_runs_as_in_pytorch(kind):
    torch.manual_seed(8)
    layer = getattr(torch.nn, kind)(3, 5, bidirectional=True).double()
    weights = {f"enc.{name}": w for name, w in layer.state_dict().items()}
    x = np.random.default_rng(5).normal(size=(6, 3))
    expected = layer(torch.from_numpy(x))[0].detach().numpy()
    said = {"cell": "rnn_tanh"} if kind == "RNN" else {}
    both = gf.from_state_dict(weights, **said)
    found = gf.gradient_flow(both, x).trace.hidden[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    for model in (
        gf.from_state_dict(weights, direction="forward", **said),
        gf.from_module(layer, direction="forward"),
    ):
        found = gf.gradient_flow(model, x).trace.hidden[1:]
        np.testing.assert_allclose(found, expected[:, :5], rtol=1e-12, atol=1e-15)
    reverse = gf.from_state_dict(weights, direction="reverse", **said)
    found = gf.gradient_flow(reverse, x[::-1]).trace.hidden[1:]
    np.testing.assert_allclose(found[::-1], expected[:, 5:], rtol=1e-12, atol=1e-15)
    assert "hand in x[::-1]" in reverse.description[0]


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_bidirectional_layers_above_one_another_run_as_in_pytorch(kind):
    torch.manual_seed(8)
    layer = getattr(torch.nn, kind)(3, 5, 2, bidirectional=True).double()
    x = np.random.default_rng(5).normal(size=(6, 3))
    model = gf.from_module(torch.nn.ModuleDict({"enc": layer, "out": torch.nn.Linear(10, 2)}))
    assert model.linear_layers == ("out",)
    assert "H = 5 in each direction" in model.description[1]
    found = gf.gradient_flow(model, x).trace.hidden[1:]
    expected = layer(torch.from_numpy(x))[0].detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    lacking = {n: w for n, w in layer.state_dict().items() if n != "weight_hh_l1_reverse"}
    said = {"cell": "rnn_tanh"} if kind == "RNN" else {}
    with pytest.raises(ValueError, match="weight_hh_l1_reverse must be in the file"):
        gf.from_state_dict(lacking, **said)
    with pytest.raises(ValueError, match="direction must be left out"):
        gf.from_module(layer, direction="reverse")


def test_a_direction_is_not_said_of_a_layer_that_has_one():
    weights = torch.nn.LSTM(3, 4).state_dict()
    assert gf.from_state_dict(weights, direction="forward").direction == "forward"
    with pytest.raises(ValueError, match='direction must be "forward" for layer 0'):
        gf.from_state_dict(weights, direction="reverse")
