"""The user says which tensor is which, and names that tell it without the gates' order."""

import re

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.weights.tensors import ChoiceError

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
X = np.random.default_rng(61).normal(size=(6, 3))
SHORT = {"weight_ih_l0": "w_ih", "weight_hh_l0": "w_hh", "bias_ih_l0": "b_ih", "bias_hh_l0": "b_hh"}
ROLES = {"w_x": "w_ih", "w_h": "w_hh", "b_x": "b_ih", "b_h": "b_hh"}
ORDER = {"lstm": "ifgo", "gru": "rzn"}


def network(kind, H=4):
    torch.manual_seed(9)
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind](3, H).double()
    return layer, {SHORT[name]: w.numpy() for name, w in layer.state_dict().items()}


def assert_runs(model, layer):
    expected = layer(torch.from_numpy(X))[0].detach().numpy()
    found = gf.gradient_flow(model, X).trace.hidden[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def prefixed(weights, prefix):
    return {prefix + name: w for name, w in weights.items()}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kind", ORDER)
def test_short_names_are_read_in_the_order_that_the_user_says(kind, transposed):
    layer, weights = network(kind)
    weights = {name: w.T if transposed else w for name, w in weights.items()}
    weights = prefixed(weights, "enc_") | prefixed(weights, "dec_") | {"enc_emb": np.ones((9, 3))}
    with pytest.raises(ChoiceError, match=r'gates must be the letters of "(rzn|ifco)"') as asked:
        gf.from_state_dict(weights, prefix="enc")
    assert asked.value.argument == "gates"
    model = gf.from_state_dict(weights, prefix="enc", gates=ORDER[kind])
    assert_runs(model, layer)
    assert "as you said" in " ".join(model.description)


@pytest.mark.parametrize("kind", ORDER)
def test_any_order_of_the_gates_can_be_said(kind):
    layer, weights = network(kind)
    said = {"lstm": "ogfi", "gru": "nzr"}[kind]
    turned = {
        name: w.reshape(len(said), 4, *w.shape[1:])[::-1].reshape(w.shape)
        for name, w in weights.items()
    }
    assert_runs(gf.from_state_dict(turned, gates=said), layer)


@pytest.mark.parametrize("kind", [*ORDER, "rnn"])
def test_the_user_says_which_tensor_is_which(kind, tmp_path):
    layer, weights = network(kind)
    weights = {f"t{n}": w for n, w in enumerate(weights.values())} | {"more": np.ones(4)}
    names = {role: f"t{n}" for n, role in enumerate(ROLES)}
    settings = {"names": names, "gates": ORDER.get(kind)}
    settings |= {"cell": "rnn_tanh"} if kind == "rnn" else {}
    np.savez(tmp_path / "m.npz", **weights)
    data = (tmp_path / "m.npz").read_bytes()
    for model in (
        gf.load(tmp_path / "m.npz", **settings),
        gf.loads(data, **settings),
        gf.from_state_dict(weights, **settings),
    ):
        assert_runs(model, layer)


def test_one_name_for_each_gate_and_a_stack_of_layers():
    layer, weights = network("lstm")
    gates = {
        f"{name}.{n}": part for name, w in weights.items() for n, part in enumerate(np.split(w, 4))
    }
    names = {role: [f"{name}.{n}" for n in range(4)] for role, name in ROLES.items()}
    assert_runs(gf.from_state_dict(gates, names=names, gates="ifgo"), layer)
    more = {"w_x": "above", "w_h": "w_hh"}
    stack = gf.from_state_dict(
        weights | {"above": weights["w_hh"]}, names=[ROLES, more], gates="ifco"
    )
    assert [one.D for one in stack.cell.layers] == [3, 4]


@pytest.mark.parametrize("transposed", [False, True])
def test_the_projection_of_an_lstm_can_be_said(transposed):
    torch.manual_seed(9)
    layer = torch.nn.LSTM(3, 5, proj_size=2).double()
    weights = {f"t{n}": w.numpy() for n, w in enumerate(layer.state_dict().values())}
    names = {role: f"t{n}" for n, role in enumerate([*ROLES, "w_p"])}
    turned = {name: w.T if transposed else w for name, w in weights.items()}
    model = gf.from_state_dict(turned, names=names, gates="ifgo")
    assert_runs(model, layer)
    assert model.layers[0].size == "5 projected to 2"
    with pytest.raises(ValueError, match="Say which tensor is which") as caught:
        gf.from_state_dict(weights)
    line = str(caught.value).partition("\n")[2].replace("load(path", "from_state_dict(weights")
    assert_runs(eval(line, {"gf": gf, "weights": weights}), layer)
    with pytest.raises(ValueError, match=r"t1 must have shape \(8, 5\) .* Got \(20, 2\)"):
        gf.from_state_dict(weights, names=names | {"w_p": "t4.T"}, gates="ifgo")


def test_a_square_rnn_is_transposed_where_the_user_says_so():
    w = np.random.default_rng(0).normal(size=(3, 3))
    weights = {"rnn.w_ih": w, "rnn.w_hh": 2 * w}
    with pytest.raises(ValueError, match=r'names must be said for rnn.w_ih, .* "rnn.w_ih.T"'):
        gf.from_state_dict(weights, cell="rnn_tanh")
    for end, expected in (("", w), (".T", w.T)):
        names = {"w_x": f"rnn.w_ih{end}", "w_h": f"rnn.w_hh{end}"}
        cell = gf.from_state_dict(weights, names=names, cell="rnn_relu").cell
        np.testing.assert_array_equal(cell.w_x, expected)
        np.testing.assert_array_equal(cell.w_s, 2 * expected)


def test_one_bias_of_a_gru_leaves_open_which_it_is():
    layer, weights = network("gru")
    names = {"w_x": "w_ih", "w_h": "w_hh", "b": "b_ih"}
    with pytest.raises(ChoiceError, match='cell must be "gru" or "gru_reset_before"'):
        gf.from_state_dict(weights, names=names, gates="rzn")
    kind = gf.from_state_dict(weights, names=names, gates="rzn", cell="gru_reset_before").layers[0]
    assert kind.kind == "gru_reset_before"
    inside = weights | {"inside": weights["b_hh"][8:], "both": weights["b_ih"] + weights["b_hh"]}
    inside["both"][8:] = weights["b_ih"][8:]
    names = {"w_x": "w_ih", "w_h": "w_hh", "b": "both", "b_hn": "inside"}
    assert_runs(gf.from_state_dict(inside, names=names, gates="rzn"), layer)


def test_the_error_for_unknown_names_has_the_line_filled_in(tmp_path):
    layer, weights = network("gru", H=5)
    named = dict(zip((f"cell:{n}" for n in "ABCD"), weights.values(), strict=True))
    path = tmp_path / "model.npz"
    np.savez(path, **named, other=np.ones((5, 9)))
    with pytest.raises(ValueError, match="Say which tensor is which") as caught:
        gf.load(path)
    _, line = str(caught.value).split("\n")
    expected = {"w_x": "cell:A", "w_h": "cell:B", "b_x": "cell:C", "b_h": "cell:D"}
    assert line.startswith("gf.load(path, names={")
    assert_runs(eval(line, {"gf": gf, "path": path}), layer)
    assert all(f'"{role}": "{name}"' in line for role, name in expected.items())


def test_a_file_without_weights_that_fit_gets_no_line():
    with pytest.raises(ValueError, match=re.escape("Got a and b.")) as caught:
        gf.from_state_dict({"a": np.ones((5, 9)), "b": np.ones(3)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("w", "names must be a mapping from w_x, w_h and b"),
        ([], "names must be a mapping from w_x, w_h and b"),
        ({"w_x": "w_ih"}, 'names must have "w_x" and "w_h"'),
        ({"w_x": "w_ih", "w_h": "w_hh", "u": "b_ih"}, 'names must have "w_x" and "w_h"'),
        ({"w_x": "w_ih", "w_h": "w_hh", "b": "b_ih", "b_x": "b_hh"}, 'may have "b" or "b_x"'),
        ({"w_x": "w_ih", "w_h": "none"}, "must name tensors of the file: .* Got 'none' for w_h"),
        ({"w_x": "w_ih", "w_h": "b_ih.T"}, "Got 'b_ih.T' for w_h"),
        ({"w_x": "w_ih", "w_h": ["w_hh", "w_ih"]}, r"shape of w_hh, .* Got \(3, 16\)"),
        ({"w_x": "w_ih.T", "w_h": "w_hh"}, r"w_ih must have shape \(16, 16\)"),
        ({"w_x": "w_ih", "w_h": "w_hh", "b_hn": "b_ih"}, "b_ih must belong to a GRU"),
        ({"w_x": "w_ih", "w_h": "b_hh"}, "b_hh must be a matrix"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        gf.from_state_dict(network("lstm")[1], names=names, gates="ifco")


@pytest.mark.parametrize("gates", ["ifc", "rzn", "ifcc", ""])
def test_gates_must_be_the_letters(gates):
    with pytest.raises(ValueError, match=f"gates must be the letters .* Got '{gates}'"):
        gf.from_state_dict(network("lstm")[1], gates=gates)
