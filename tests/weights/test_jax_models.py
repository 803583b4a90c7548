"""Weights by the names of Flax and MLX run as there."""

from pathlib import Path

import numpy as np
import pytest

import gradflow as gf

FOLDER = Path(__file__).parent / "jax_models"
USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid"}
KINDS = {
    "linen_OptimizedLSTMCell": "lstm", "linen_LSTMCell": "lstm", "linen_GRUCell": "gru",
    "nnx_OptimizedLSTMCell": "lstm", "nnx_LSTMCell": "lstm", "nnx_GRUCell": "gru",
    "linen_SimpleCell": "rnn_tanh", "nnx_SimpleCell": "rnn_tanh",
    "mlx_LSTM": "lstm", "mlx_GRU": "gru", "mlx_RNN": "rnn_tanh",
}  # fmt: skip


def weights_of(name):
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


def settings_of(name):
    if KINDS[name] == "rnn_tanh":
        return {"cell": "rnn_tanh"}
    return {} if name.startswith("mlx") else USUAL


@pytest.mark.parametrize("name", KINDS)
def test_a_layer_runs_as_in_the_library_that_wrote_it(name):
    model = gf.load(FOLDER / f"{name}.npz", **settings_of(name))
    assert [layer.kind for layer in model.layers] == [KINDS[name]]
    assert model.linear_layers == ()
    with np.load(FOLDER / f"{name}_run.npz") as file:
        found = gf.gradient_flow(model, file["x"].astype(float)).trace.hidden[1:]
        np.testing.assert_allclose(found, file["output"], rtol=0, atol=1e-6)  # run in float32


@pytest.mark.parametrize("name", ["linen_OptimizedLSTMCell", "nnx_GRUCell", "linen_SimpleCell"])
def test_what_flax_can_set_and_weights_do_not_tell_is_asked(name):
    with pytest.raises(ValueError, match=r"(activation|cell) must be"):
        gf.load(FOLDER / f"{name}.npz")


def test_the_description_says_what_is_assumed():
    simple = gf.load(FOLDER / "linen_SimpleCell.npz", cell="rnn_tanh")
    assert "Without the residual connection" in simple.description[0]
    mlx = gf.load(FOLDER / "mlx_LSTM.npz")
    assert "i, f, c, o: assumed from the names, which are MLX's." in mlx.description[0]


def test_older_versions_of_mlx_have_the_inputs_first():
    weights = weights_of("mlx_GRU")
    older = weights | {name: weights[name].T for name in ("Wx", "Wh")}
    cells = [gf.from_state_dict(w).cell for w in (weights, older)]
    np.testing.assert_array_equal(cells[0].w_h, cells[1].w_h)
    np.testing.assert_array_equal(cells[0].w_x, cells[1].w_x)


def test_a_minimal_gated_unit_is_refused_by_name():
    with pytest.raises(ValueError, match=r"SimpleCell of Flax. Got params/cell with f, n"):
        gf.load(FOLDER / "linen_MGUCell.npz")


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("linen_LSTMCell", "params/cell/if/kernel"),
        ("linen_LSTMCell", "params/cell/ho/bias"),
        ("linen_GRUCell", "params/cell/ir/bias"),
        ("nnx_GRUCell", "cell.dense_i.kernel"),
    ],
)
def test_a_part_that_is_missing_is_named(name, gone):
    weights = {key: w for key, w in weights_of(name).items() if key != gone}
    with pytest.raises(ValueError, match="must be in the file"):
        gf.from_state_dict(weights, **USUAL)


def test_a_tensor_beside_a_cell_of_flax_is_named():
    weights = weights_of("linen_OptimizedLSTMCell") | {"params/cell/scale": np.ones(4)}
    with pytest.raises(ValueError, match=r"no weights but .* Got params/cell/scale"):
        gf.from_state_dict(weights, **USUAL)


def test_the_weights_of_others_that_are_called_as_those_of_mlx_are_not_taken_for_them():
    weights = weights_of("mlx_LSTM")
    weights["b"] = weights.pop("bias")
    with pytest.raises(ValueError, match="Say which tensor is which"):
        gf.from_state_dict(weights)
