"""Tensors of PyTorch where values enter: read, or refused by a sentence."""

import re
import warnings

import numpy as np
import pytest

import gradflow as gf

torch = pytest.importorskip("torch", reason="PyTorch is installed by requirements-dev.txt alone")


def quantized():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says that these will go
        return torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.1, 0, torch.quint8)


REFUSED = {
    "requires a gradient": lambda: torch.tensor([1.0, 2.0], requires_grad=True),
    "meta": lambda: torch.empty(2, device="meta"),
    "sparse": lambda: torch.tensor([1.0, 2.0]).to_sparse(),
    "quantized": quantized,
    "bfloat16": lambda: torch.tensor([1.0, 2.0], dtype=torch.bfloat16),
    "complex": lambda: torch.tensor([1j, 2.0]),
}
TAKES = {
    "x": lambda value: gf.gradient_flow(gf.RNN(0.5, 0.9), value),
    "w_x": lambda value: gf.RNN(value, 0.9),
    "w_o": lambda value: gf.Readout(value),
    "target": lambda value: gf.SquaredError(value),
    "initial_state": lambda value: gf.gradient_flow(
        gf.RNN(0.5, 0.9), [1.0], initial_state={"s": value}
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("argument", TAKES)
def test_a_tensor_that_numpy_cannot_read_is_refused(argument, kind):
    with pytest.raises(ValueError, match=rf"{argument}.* must .* Got tensor"):
        TAKES[argument](REFUSED[kind]())


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("requires a gradient", ".detach()"),
        ("sparse", ".to_dense()"),
        ("quantized", ".dequantize()"),
        ("bfloat16", ".float()"),
    ],
)
def test_it_is_told_which_call_makes_it_an_array(kind, call):
    tensor = REFUSED[kind]()
    with pytest.raises(ValueError, match=re.escape(f"; {call} makes one of it.")):
        gf.RNN(tensor, 0.9)
    readable = getattr(tensor, call[1:-2])()
    assert gf.gradient_flow(gf.RNN(0.5, 0.9), readable).T == 2


def test_a_plain_tensor_is_an_array():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), torch.tensor([1.0, 2.0]))
    np.testing.assert_array_equal(flow.x[:, 0], [1.0, 2.0])


def state(weight):
    shapes = {"weight_ih_l0": (2, 1), "bias_ih_l0": (2,), "bias_hh_l0": (2,)}
    return {**{name: np.ones(shape) for name, shape in shapes.items()}, "weight_hh_l0": weight}


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (lambda: torch.ones(2, 2, device="meta"), "a dense tensor .* Got torch.strided on meta"),
        (lambda: torch.ones(2, 2).to_sparse(), "a dense tensor .* Got torch.sparse_coo on cpu"),
        (lambda: torch.ones(2, 2).to_sparse_csr(), "a dense tensor .* Got torch.sparse_csr on cpu"),
        (lambda: quantized().reshape(2, 1).expand(2, 2), "stored as .* Got quint8"),
        (lambda: np.ma.array(np.ones((2, 2)), mask=np.eye(2)), "no masked elements"),
        (lambda: np.full((2, 2), np.longdouble("1e4000")), "stored as .* Got (float|longdouble)"),
        (lambda: [[2**70, 0], [0, 0]], "stored as .* Got object"),
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_a_weight_of_a_mapping_is_refused(weight, message):
    with pytest.raises(ValueError, match=f"weight_hh_l0 must .*{message}"):
        gf.from_state_dict(state(weight()), cell="rnn_tanh")


def test_a_parameter_that_requires_a_gradient_is_a_weight():
    weight = torch.nn.Parameter(torch.eye(2))
    model = gf.from_state_dict(state(weight), cell="rnn_tanh")
    np.testing.assert_array_equal(model.cell.w_s, np.eye(2))
