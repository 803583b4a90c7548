"""Weights by PyTorch's and Keras' names make the network that PyTorch and Keras run."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import gradflow as gf
from gradflow.weights.tensors import ChoiceError

GENERATOR = np.random.default_rng(23)
KERAS = Path(__file__).parent / "keras_models"
GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def pytorch_state(kind, D, H, layers=1, prefix="", bias=True):
    """A state dict by PyTorch's names."""
    wide, state = GATES[kind] * H, {}
    for number in range(layers):
        inputs = H if number else D
        shapes = {"weight_ih": (wide, inputs), "weight_hh": (wide, H)}
        if bias:
            shapes |= {"bias_ih": (wide,), "bias_hh": (wide,)}
        for name, shape in shapes.items():
            state[f"{prefix}{name}_l{number}"] = GENERATOR.normal(size=shape) / 2
    return state


def pytorch_run(kind, state, x, layers=1, prefix=""):
    """What PyTorch's documentation says the layers make of x, shape (T, H)."""
    for number in range(layers):
        w_x, w_h = (state[f"{prefix}weight_{part}_l{number}"] for part in ("ih", "hh"))
        zero = np.zeros(len(w_x))
        b_x, b_h = (state.get(f"{prefix}bias_{part}_l{number}", zero) for part in ("ih", "hh"))
        h, c, outputs = np.zeros(w_h.shape[1]), np.zeros(w_h.shape[1]), []
        for x_t in x:
            from_x, from_h = w_x @ x_t + b_x, w_h @ h + b_h
            if kind == "gru":
                (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(from_x, 3), np.split(from_h, 3)
                z = sigmoid(z_x + z_h)
                h = (1 - z) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * h
            elif kind == "lstm":
                i, f, g, o = np.split(from_x + from_h, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                h = (
                    np.tanh(from_x + from_h)
                    if kind == "rnn_tanh"
                    else np.maximum(from_x + from_h, 0)
                )
            outputs.append(h)
        x = np.array(outputs)
    return x


def hidden(model, x):
    """States of the last layer at steps 1 .. T."""
    return gf.gradient_flow(model, x).trace.hidden[1:]


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize(("prefix", "bias"), [("", True), ("encoder.rnn.", True), ("a/b_", False)])
def test_pytorch_layers_run_as_its_documentation_says(kind, layers, prefix, bias):
    state = pytorch_state(kind, D=3, H=5, layers=layers, prefix=prefix, bias=bias)
    cell = kind if kind.startswith("rnn") else None
    model = gf.from_state_dict(state, cell=cell)
    x = GENERATOR.normal(size=(7, 3))
    expected = pytorch_run(kind, state, x, layers, prefix)
    np.testing.assert_allclose(hidden(model, x), expected, rtol=1e-12, atol=1e-15)
    sizes = [(layer.kind, layer.D, layer.H) for layer in model.layers]
    assert sizes == [(kind, 3, 5), *[(kind, 5, 5)] * (layers - 1)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_a_file_makes_the_model_that_its_numbers_make_in_float64(dtype, suffix, tmp_path):
    state = {
        name: array.astype(dtype)
        for name, array in pytorch_state("lstm", D=2, H=3, prefix="lstm.").items()
    }
    path = tmp_path / f"model.{suffix}"
    if suffix == "npz":
        np.savez(path, **state)
    else:
        safetensors.numpy.save_file(state, path)
    x = GENERATOR.normal(size=(6, 2))
    wide = {name: array.astype(np.float64) for name, array in state.items()}
    for model in (gf.load(path), gf.load(str(path)), gf.loads(path.read_bytes())):
        expected = pytorch_run("lstm", wide, x, prefix="lstm.")
        np.testing.assert_allclose(hidden(model, x), expected, rtol=1e-12)
        assert model.layers[0].dtype == dtype
        assert model.cell.w_x.dtype == np.float64


def test_a_cell_of_pytorch_without_a_layer_number_is_one_layer():
    state = pytorch_state("lstm", D=2, H=3)
    renamed = {f"cell.{name.removesuffix('_l0')}": array for name, array in state.items()}
    x = GENERATOR.normal(size=(4, 2))
    expected = pytorch_run("lstm", state, x)
    np.testing.assert_allclose(hidden(gf.from_state_dict(renamed), x), expected, rtol=1e-12)


KERAS_CASES = {
    "lstm": ("lstm",),
    "lstm_stack": ("lstm",) * 3,
    "gru": ("gru",),
    "gru_reset_before": ("gru_reset_before",),
    "gru_without_bias": ("gru",),
    "rnn_relu": ("rnn_relu",),
}


@pytest.mark.parametrize("name", KERAS_CASES)
def test_keras_layers_run_as_keras_does(name):
    model = gf.load(KERAS / f"{name}.npz")
    assert tuple(layer.kind for layer in model.layers) == KERAS_CASES[name]
    with np.load(KERAS / f"{name}.npz") as file:
        x, output = file["x"].astype(float), file["output"]
    np.testing.assert_allclose(hidden(model, x), output, rtol=0, atol=3e-7)  # Keras runs in float32


def test_a_dense_layer_of_keras_is_the_readout_that_is_named():
    path = KERAS / "lstm_and_dense.npz"
    [name] = gf.load(path).linear_layers
    assert name.endswith("/dense")
    model = gf.load(path, readout=name)
    with np.load(path) as file:
        x, output = file["x"].astype(float), file["output"]
    np.testing.assert_allclose(gf.gradient_flow(model, x).trace.o, output, rtol=0, atol=3e-7)
    assert f"Readout: linear layer {name}, outputs 2." in model.description


def test_keras_2_names_with_an_output_number_are_read():
    with np.load(KERAS / "lstm_and_dense.npz") as file:
        weights = {name if name == "config" else f"{name}:0": file[name] for name in file.files}
    plain = gf.load(KERAS / "lstm_and_dense.npz")
    model = gf.from_state_dict(weights)
    assert model.linear_layers == plain.linear_layers
    np.testing.assert_array_equal(model.cell.w_h, plain.cell.w_h)
    np.testing.assert_array_equal(model.cell.b, plain.cell.b)


def test_a_linear_layer_of_pytorch_is_the_readout_that_is_named():
    state = pytorch_state("lstm", D=2, H=3, prefix="lstm.")
    state |= {"head.weight": GENERATOR.normal(size=(4, 3)), "head.bias": GENERATOR.normal(size=4)}
    state |= {"other.weight": np.ones((4, 5)), "norm.weight": np.ones(3), "plain.weight": np.eye(3)}
    model = gf.from_state_dict(state, readout="head")
    assert (model.readout_layer, model.linear_layers) == ("head", ("head", "plain"))
    x = GENERATOR.normal(size=(5, 2))
    h = pytorch_run("lstm", state, x, prefix="lstm.")
    expected = h @ state["head.weight"].T + state["head.bias"]
    np.testing.assert_allclose(gf.gradient_flow(model, x).trace.o, expected, rtol=1e-12)
    plain = gf.from_state_dict(state, readout="plain")
    np.testing.assert_allclose(gf.gradient_flow(plain, x).trace.o, h, rtol=1e-12)


def test_without_a_readout_the_loss_is_the_sum_of_the_hidden_units():
    state = pytorch_state("lstm", D=2, H=3)
    model = gf.from_state_dict(state)
    x = GENERATOR.normal(size=(5, 2))
    flow = gf.gradient_flow(model, x)
    np.testing.assert_allclose(flow.trace.o, pytorch_run("lstm", state, x).sum(axis=1), rtol=1e-12)
    same = gf.gradient_flow(model.cell, x, gf.Readout(1.0), gf.UnitLoss())
    np.testing.assert_array_equal(flow.log10("w_x"), same.log10("w_x"))
    assert model.description == (
        "LSTM layer 0: inputs D = 2, hidden units H = 3, stored as float64. "
        "Gates in the order i, f, g, o: assumed from the names. "
        "Activations tanh and sigmoid: assumed from the names, which are PyTorch's.",
        "Readout: the sum of the hidden units, as no linear layer is named.",
    )


def test_a_readout_and_a_loss_given_with_the_sequence_come_first():
    model = gf.from_state_dict(pytorch_state("lstm", D=2, H=3))
    x = GENERATOR.normal(size=(5, 2))
    readout, loss = gf.Readout([1.0, 2.0, 3.0]), gf.SquaredError(0.5)
    flow = gf.gradient_flow(model, x, readout, loss)
    assert (flow.cell, flow.readout, flow.loss) == (model.cell, readout, loss)


def test_the_module_is_taken_that_the_prefix_names():
    encoder = pytorch_state("lstm", D=2, H=3, prefix="encoder.lstm.")
    decoder = pytorch_state("lstm", D=3, H=4, prefix="decoder.lstm.")
    both = encoder | decoder
    x = GENERATOR.normal(size=(5, 2))
    for prefix in ("encoder", "encoder.", "encoder.lstm", "encoder.lstm."):
        model = gf.from_state_dict(both, prefix=prefix)
        expected = pytorch_run("lstm", encoder, x, prefix="encoder.lstm.")
        np.testing.assert_allclose(hidden(model, x), expected, rtol=1e-12)
    stack = gf.from_state_dict(both, prefix=["encoder", "decoder"])
    expected = pytorch_run("lstm", decoder, expected, prefix="decoder.lstm.")
    np.testing.assert_allclose(hidden(stack, x), expected, rtol=1e-12)


@pytest.mark.parametrize("prefix", [None, "decod", "lstm", ""])
def test_modules_are_listed_where_the_prefix_names_none_or_several(prefix):
    state = pytorch_state("lstm", D=2, H=3, prefix="encoder.lstm.")
    state |= pytorch_state("gru", D=2, H=3, prefix="decoder.gru.")
    expected = rf"one recurrent module: encoder.lstm or decoder.gru. Got {prefix!r}"
    with pytest.raises(ValueError, match=expected):
        gf.from_state_dict(state, prefix=prefix)


@pytest.mark.parametrize("prefix", [3, [], ["encoder", 3]])
def test_a_prefix_must_be_a_name(prefix):
    with pytest.raises(ValueError, match="prefix must be a name, or several"):
        gf.from_state_dict(pytorch_state("lstm", D=2, H=3, prefix="encoder."), prefix=prefix)


def test_what_the_weights_do_not_tell_is_asked():
    rnn = pytorch_state("rnn_tanh", D=2, H=3, prefix="net.")
    ask = r'cell must be "rnn_tanh" or "rnn_relu" for net layer 0: its weights do not tell which'
    with pytest.raises(ValueError, match=ask):
        gf.from_state_dict(rnn)
    with pytest.raises(ValueError, match=ask):
        gf.from_state_dict(rnn, cell="lstm")
    with np.load(KERAS / "gru_without_bias.npz") as file:
        weights = {name: file[name] for name in file.files if name != "config"}
    with pytest.raises(ValueError, match=r'cell must be "gru" or "gru_reset_before"'):
        gf.from_state_dict(weights)
    with pytest.raises(ValueError, match=r'cell must be "gru" for layer 0: its weights say so'):
        gf.from_state_dict(pytorch_state("gru", D=2, H=3), cell="gru_reset_before")
    with pytest.raises(ValueError, match="cell must be one of rnn_tanh, rnn_relu, lstm, gru"):
        gf.from_state_dict(rnn, cell="elman")


@pytest.mark.parametrize(
    ("state", "argument", "choices"),
    [
        (pytorch_state("rnn_tanh", D=2, H=3), "cell", ("rnn_tanh", "rnn_relu")),
        (
            pytorch_state("lstm", D=2, H=3, prefix="a.")
            | pytorch_state("gru", D=2, H=3, prefix="b."),
            "prefix",
            ("a", "b"),
        ),
    ],
)
def test_what_is_left_open_comes_with_its_choices(state, argument, choices):
    with pytest.raises(ChoiceError) as asked:
        gf.from_state_dict(state)
    assert (asked.value.argument, asked.value.choices) == (argument, choices)
    for choice in choices:
        assert gf.from_state_dict(state, **{argument: choice}).layers


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


LSTM = pytorch_state("lstm", D=2, H=3, layers=2, prefix="r.")
CELL = {"l/kernel": np.ones((2, 12)), "l/recurrent_kernel": np.ones((3, 12)), "l/bias": np.ones(12)}
WRONG = {
    "nothing": ({}, "Got nothing"),
    "no recurrent layer": ({"fc.weight": np.ones((2, 3))}, r"Got fc.weight\."),
    "the numbers of Keras' own files": (
        {f"layers/lstm/cell/vars/{number}": np.ones((4, 4)) for number in range(3)},
        r"named kernel, .* Got layers/lstm/cell/vars/0:\nimport numpy as np\nnp.savez",
    ),
    "a missing weight": (without(LSTM, "r.weight_ih_l1"), r"r.weight_ih_l1 must be in the file"),
    "a missing layer": (
        {name.replace("_l1", "_l2"): array for name, array in LSTM.items()},
        r"r.weight_ih_l1 must be in the file",
    ),
    "biases alone": ({"r.bias_ih_l0": np.ones(12)}, r"r.weight_ih_l0 must be in the file"),
    "one of two biases": (without(LSTM, "r.bias_hh_l0"), r"r.bias_hh_l0 must be in the file"),
    "a bias of another length": (
        LSTM | {"r.bias_hh_l0": np.ones(11)},
        r"r.bias_hh_l0 must have shape \(12,\) to match its layer. Got \(11,\)",
    ),
    "five gates": (
        LSTM | {"r.weight_hh_l0": np.ones((15, 3))},
        "r.weight_hh_l0 must be H by H, 3 H by H or 4 H by H, .* Got 15 by 3",
    ),
    "half a gate": (LSTM | {"r.weight_hh_l0": np.ones((7, 3))}, "Got 7 by 3"),
    "no units": (
        LSTM | {"r.weight_hh_l0": np.ones((0, 0))},
        r"must be a matrix. Got shape \(0, 0\)",
    ),
    "no inputs": (LSTM | {"r.weight_ih_l0": np.ones((12, 0))}, "r.weight_ih_l0 must be a matrix"),
    "a vector": (LSTM | {"r.weight_ih_l0": np.ones(12)}, "r.weight_ih_l0 must be a matrix"),
    "input weights of another height": (
        LSTM | {"r.weight_ih_l0": np.ones((9, 2))},
        r"r.weight_ih_l0 must have shape \(12, 2\)",
    ),
    "layers that do not fit": (
        LSTM | {"r.weight_ih_l1": np.ones((12, 5))},
        "prefix must name layers that fit: r layer 1 takes 5 inputs. Got 3 from r layer 0",
    ),
    "whole numbers": (
        LSTM | {"r.weight_hh_l0": np.ones((12, 3), int)},
        "r.weight_hh_l0 must be stored as float16, bfloat16, float32 or float64. Got int64",
    ),
    "rows of unlike length": (
        LSTM | {"r.bias_ih_l0": [[1.0], [1.0, 2.0]]},
        "must be a number or a regular array",
    ),
    "a NaN": (
        LSTM | {"r.weight_hh_l1": np.full((12, 3), np.nan)},
        r"r.weight_hh_l1 must be finite. Got nan at \(0, 0\)",
    ),
    "no kernel": (
        without(CELL, "l/kernel"),
        r"l.kernel must be in the file beside recurrent_kernel",
    ),
    "a kernel of a convolution": (
        CELL | {"l/kernel": np.ones((3, 3, 2, 12))},
        "l/kernel must be a matrix",
    ),
    "a bias of two rows in an LSTM": (
        CELL | {"l/bias": np.ones((2, 12))},
        r"l/bias must have shape \(12,\) or \(24,\) to match its layer. Got \(2, 12\)",
    ),
    "a bias of three rows in a GRU": (
        {
            "l/kernel": np.ones((2, 9)),
            "l/recurrent_kernel": np.ones((3, 9)),
            "l/bias": np.ones((3, 9)),
        },
        r"l/bias must have shape \(9,\), \(2, 9\) or \(18,\) to match its layer",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_weights_that_do_not_fit_are_named(case):
    state, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        gf.from_state_dict(state)


@pytest.mark.parametrize("mapping", [None, [1, 2], {1: np.ones(2)}])
def test_the_mapping_must_be_one_from_names(mapping):
    with pytest.raises(ValueError, match="mapping must be a mapping from names to arrays"):
        gf.from_state_dict(mapping)


def test_what_is_not_supported_is_named():
    said = {"gates": "ifco", "activation": "tanh", "recurrent_activation": "sigmoid"}
    for name in ("l/input_gate_peephole_weights", "l/w_f_diag"):
        with pytest.raises(ValueError, match=f"no peepholes, .* Got {name}"):
            gf.from_state_dict(CELL | {name: np.ones(3)}, **said)
    with pytest.raises(ValueError, match="no peepholes"):
        gf.from_state_dict({"rnn/lstm_cell/w_i_diag": np.ones(3)})


def test_what_is_not_supported_does_not_stand_in_the_way_of_another_module():
    others = {"enc.weight_hr_l0": np.ones((4, 1)), "enc.peephole": np.ones(1)}
    assert gf.from_state_dict(LSTM | others, prefix="r").cell.H == 3


def test_a_readout_must_be_a_linear_layer_that_fits():
    state = LSTM | {
        "fc.weight": np.ones((2, 3)),
        "fc.bias": np.ones(3),
        "up.weight": np.ones((3, 2)),
    }
    with pytest.raises(ValueError, match=r"takes H=3 numbers \(fc\). Got 'up'"):
        gf.from_state_dict(state, readout="up")
    with pytest.raises(ValueError, match=r"fc.bias must have shape \(2,\) to match its layer"):
        gf.from_state_dict(state, readout="fc")
    with pytest.raises(ValueError, match=r"takes H=3 numbers \(none\). Got 'fc'"):
        gf.from_state_dict(LSTM, readout="fc")


def test_a_readout_is_refused_where_its_numbers_are_not_finite():
    state = LSTM | {"fc.weight": np.full((2, 3), np.inf)}
    assert gf.from_state_dict(state, readout=None).readout_layer is None
    with pytest.raises(ValueError, match=r"fc.weight must be finite. Got inf at \(0, 0\)"):
        gf.from_state_dict(state, readout="fc")
