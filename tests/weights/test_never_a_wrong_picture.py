"""A file is believed only as far as it accounts for all that lies beside the cell.

What is not used is named, what names and shapes do not tell is asked, and the description says what
was assumed and from what.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.weights.tensors import ChoiceError

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

KERAS = Path(__file__).parent / "keras_models"
GENERATOR = np.random.default_rng(31)
X = GENERATOR.normal(size=(8, 3))
PLAIN = {"gates": "ifco", "activation": "tanh", "recurrent_activation": "sigmoid"}


def normal(*shape):
    return GENERATOR.normal(size=shape) / 2


def hidden(model):
    return gf.gradient_flow(model, X).trace.hidden[1:]


def refused(mapping, match, **settings):
    with pytest.raises(ValueError, match=match) as caught:
        gf.from_state_dict(mapping, **settings)
    return caught.value


# Every tensor beside the weights of a cell is used, or named in an error.


def of_equinox(H=4, D=3):
    return {"weight_ih": normal(4 * H, D), "weight_hh": normal(4 * H, H), "bias": normal(4 * H)}


def test_the_one_bias_of_equinox_is_read():
    weights = of_equinox()
    cell = gf.from_state_dict(weights).cell
    np.testing.assert_array_equal(cell.b.ravel(), weights["bias"])
    assert gf.from_state_dict({f"rnn.cell.{n}": w for n, w in weights.items()}).cell.H == 4


def test_a_gru_of_equinox_has_its_bias_inside_the_reset_gate():
    weights = {
        "weight_ih": normal(12, 3),
        "weight_hh": normal(12, 4),
        "bias": normal(12),
        "bias_n": normal(4),
    }
    cell = gf.from_state_dict(weights).cell
    np.testing.assert_array_equal(cell.b.ravel(), weights["bias"])
    np.testing.assert_array_equal(cell.b_hn, weights["bias_n"])
    with pytest.raises(ValueError, match="bias_n must be in the file"):
        gf.from_state_dict({name: w for name, w in weights.items() if name != "bias_n"})


@pytest.mark.parametrize("prefix", ["", "lstm.", "lstm_"])
@pytest.mark.parametrize("name", ["bias_l0", "bias", "scale", "attention.weight", "h0"])
def test_a_tensor_beside_the_weights_is_named(prefix, name):
    weights = {prefix + n: w for n, w in torch.nn.LSTM(3, 4).state_dict().items()}
    shape = (5, 3) if name == "attention.weight" else (4,)
    refused(weights | {prefix + name: np.ones(shape)}, rf"no weights but .* Got {prefix}{name} ")


def test_what_belongs_to_another_module_is_no_part_of_the_cell():
    weights = {f"lstm.{n}": w for n, w in torch.nn.LSTM(3, 4).state_dict().items()}
    others = {
        "norm.weight": np.ones(4),
        "lstm2.scale": np.ones(4),
        "embedding.weight": normal(9, 3),
    }
    assert gf.from_state_dict(weights | others).cell.H == 4


def test_a_linear_layer_beside_a_cell_without_a_name_is_offered_as_the_readout():
    weights = torch.nn.LSTM(3, 4).state_dict() | {"fc.weight": normal(2, 4), "fc.bias": normal(2)}
    assert gf.from_state_dict(weights).linear_layers == ("fc",)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("names", [["weight_hh_l1"], ["weight_ih_l0", "weight_hh_l0"]])
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_normalised_weights_are_put_together(old, names):
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(3, 4, 2).double()
    for name in names:
        norm = torch.nn.utils.weight_norm if old else torch.nn.utils.parametrizations.weight_norm
        lstm = norm(lstm, name)
        length = getattr(lstm, f"{name}_g") if old else lstm.parametrizations[name].original0
        length.data *= 1.5  # else the parts make the weight that was there before
    weights = lstm.state_dict()
    assert not set(names) & set(weights)
    expected = lstm(torch.from_numpy(X))[0].detach().numpy()
    model = gf.from_state_dict({f"enc.{name}": w for name, w in weights.items()})
    np.testing.assert_allclose(hidden(model), expected, rtol=1e-12, atol=1e-15)
    assert "Normalised weights put together" in " ".join(model.description)


def test_half_of_a_normalised_weight_is_named():
    weights = dict(torch.nn.LSTM(3, 4).state_dict())
    weights["weight_hh_l0_g"] = np.ones((16, 1))
    refused(weights, "Got weight_hh_l0_g beside")


@pytest.mark.parametrize("kept", ["weight_ih_l1", "bias_hh_l1", "weight_hh_l2"])
def test_a_gap_in_the_layers_is_named(kept):
    weights = dict(torch.nn.LSTM(3, 4, 3).state_dict())
    part = {n: w for n, w in weights.items() if n.endswith("l0") or n == kept}
    missing = {"weight_ih_l1": "weight_hh_l1"}.get(kept, "weight_ih_l1")
    refused(part, f"{missing} must be in the file")


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "m-00002-of-00003.npz"])
def test_one_part_of_several_is_no_model(name):
    with pytest.raises(ValueError, match="one part of"):
        gf.loads(b"", name)


@pytest.mark.parametrize("prefix", ["", "cell."])
@pytest.mark.parametrize(
    "names",
    [
        ("layernorm_i.weight", "layernorm_i.bias"),
        ("ln_ih.weight", "ln_hh.weight"),
        ("layer_norm.gamma",),
        ("gamma_h",),
    ],
)
def test_a_cell_with_layer_normalisation_is_refused_by_name(prefix, names):
    weights = {f"{prefix}{n}": w for n, w in of_equinox().items()}
    weights |= {prefix + name: np.ones(16) for name in names}
    refused(weights, f"no normalisation, which is not supported. Got {prefix}{names[0]}")


def test_the_weights_before_dropout_are_read():
    lstm = torch.nn.LSTM(3, 4).double()
    weights = dict(lstm.state_dict())
    expected = lstm(torch.from_numpy(X))[0].detach().numpy()
    raw = weights["weight_hh_l0"]
    dropped = raw * (torch.arange(4) > 1)
    for inside in ("rnn.module.", "rnn."):
        renamed = {inside + n: w for n, w in weights.items()}
        renamed |= {inside + "weight_hh_l0": dropped, "rnn.weight_hh_l0_raw": raw}
        model = gf.from_state_dict(renamed)
        np.testing.assert_allclose(hidden(model), expected, rtol=1e-12, atol=1e-15)
        assert "before dropout" in model.description[0]


# Keras.


def of_keras(name="lstm/lstm_cell", H=4, D=3, gates=4):
    return {
        f"{name}/kernel": normal(D, gates * H),
        f"{name}/recurrent_kernel": normal(H, gates * H),
        f"{name}/bias": normal(gates * H),
    }


def layer(class_name, name, inputs=None, **settings):
    config = {"name": name, "return_sequences": True, **settings}
    if class_name in ("LSTM", "GRU"):
        config = {"activation": "tanh", "recurrent_activation": "sigmoid"} | config
    found = {"class_name": class_name, "config": config, "name": name}
    if inputs is not None:
        found["inbound_nodes"] = [[[one, 0, 0, {}] for one in inputs]] if inputs else []
    return found


def sequential(*layers, **more):
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers}, **more}


def functional(*layers):
    return {"class_name": "Functional", "config": {"name": "f", "layers": layers}}


def configured(weights, config):
    return weights | {"config": np.array(json.dumps(config))}


def test_activations_that_are_not_told_are_asked():
    weights = of_keras()
    asked = refused(weights, "activation must be said for lstm/lstm_cell, as the file does not")
    assert isinstance(asked, ChoiceError)
    assert asked.argument == "activation"
    again = refused(weights, "recurrent_activation must be said", activation="relu")
    assert again.argument == "recurrent_activation"
    for choice in again.choices:
        said = {"activation": "relu", "recurrent_activation": choice}
        cell = gf.from_state_dict(weights, **said).cell
        assert (cell.activation, cell.recurrent_activation) == ("relu", choice)


def test_the_advice_keeps_the_configuration_and_with_it_the_activations():
    model = gf.load(KERAS / "lstm_relu.npz")
    assert (model.cell.activation, model.cell.recurrent_activation) == (
        "relu",
        "hard_sigmoid_sixth",
    )
    with np.load(KERAS / "lstm_relu.npz") as file:
        x, output = file["x"].astype(float), file["output"]
    found = gf.gradient_flow(model, x).trace.hidden[1:]
    np.testing.assert_allclose(found, output, rtol=0, atol=3e-7)  # Keras runs in float32
    told = "Activations relu and hard_sigmoid_sixth: told by the model's configuration."
    assert told in model.description[0]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.2", "fifth"), ("2.15.0", "fifth"), ("3.15.1", "sixth")],
)
def test_the_hard_sigmoid_is_that_of_the_version_of_keras(version, expected):
    config = sequential(
        layer("LSTM", "lstm", recurrent_activation="hard_sigmoid"), keras_version=version
    )
    cell = gf.from_state_dict(configured(of_keras(), config)).cell
    assert cell.recurrent_activation == f"hard_sigmoid_{expected}"


def test_the_hard_sigmoid_of_no_version_is_asked():
    config = sequential(layer("LSTM", "lstm", recurrent_activation="hard_sigmoid"))
    refused(configured(of_keras(), config), "recurrent_activation must be said for lstm")


def test_what_the_configuration_tells_is_not_overruled():
    config = sequential(layer("LSTM", "lstm", activation="softsign"))
    weights = configured(of_keras(), config)
    refused(weights, 'activation must be "softsign" .* told by the model', activation="tanh")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"go_backwards": True}, "run forwards: go_backwards is not supported. Got lstm"),
        ({"activation": "swish"}, "activation must be one of .* Got swish in lstm"),
        ({"recurrent_activation": {"class_name": "Custom", "config": {}}}, "Got Custom in lstm"),
    ],
)
def test_what_a_configuration_tells_and_is_not_supported_is_named(settings, message):
    weights = configured(of_keras(), sequential(layer("LSTM", "lstm", **settings)))
    refused(weights, message)


def test_the_order_of_the_axes_is_told():
    weights = configured(of_keras(), sequential(layer("LSTM", "lstm", time_major=True)))
    assert "time_major" in gf.from_state_dict(weights).description[0]


@pytest.mark.parametrize(("told", "kind"), [(True, "gru"), (False, "gru_reset_before")])
def test_reset_after_is_known_without_a_bias(told, kind):
    weights = of_keras("gru/gru_cell", gates=3)
    del weights["gru/gru_cell/bias"]
    config = sequential(layer("GRU", "gru", reset_after=told))
    assert gf.from_state_dict(configured(weights, config)).layers[0].kind == kind


TWO = of_keras("a/lstm_cell") | of_keras("b/lstm_cell", D=4)
LSTMS = [layer("LSTM", "a", ["x"]), layer("LSTM", "b", ["a"])]
X_LAYER = layer("InputLayer", "x", [])
NOT_ONE_STACK = {
    "side by side": (X_LAYER, LSTMS[0], layer("LSTM", "b", ["x"])),
    "a dense layer between": (
        X_LAYER,
        LSTMS[0],
        layer("Dense", "d", ["a"]),
        layer("LSTM", "b", ["d"]),
    ),
    "a normalisation between": (
        X_LAYER,
        LSTMS[0],
        layer("LayerNormalization", "d", ["a"]),
        layer("LSTM", "b", ["d"]),
    ),
    "the last state repeated": (
        X_LAYER,
        layer("LSTM", "a", ["x"], return_sequences=False),
        layer("RepeatVector", "d", ["a"]),
        layer("LSTM", "b", ["d"]),
    ),
    "an encoder and a decoder": (X_LAYER, LSTMS[0], layer("LSTM", "b", ["x", "a", "a"])),
    "a sum before it": (
        X_LAYER,
        LSTMS[0],
        layer("Add", "d", ["a", "x"]),
        layer("LSTM", "b", ["d"]),
    ),
}


@pytest.mark.parametrize("case", NOT_ONE_STACK)
def test_layers_that_do_not_feed_each_other_are_not_one_stack(case):
    weights = configured(TWO, functional(*NOT_ONE_STACK[case]))
    asked = refused(weights, "prefix must name one recurrent module: a/lstm_cell or b/lstm_cell")
    assert (asked.argument, asked.choices) == ("prefix", ("a/lstm_cell", "b/lstm_cell"))
    assert gf.from_state_dict(weights, prefix="b").cell.D == 4
    refused(weights, "must name layers that feed each other", prefix=["a", "b"])


STACKS = {
    "in a row": sequential(*LSTMS),
    "with dropout between": sequential(LSTMS[0], layer("Dropout", "d"), LSTMS[1]),
    "by its graph": functional(X_LAYER, LSTMS[1], LSTMS[0]),
}


@pytest.mark.parametrize("case", STACKS)
def test_layers_that_feed_each_other_are_a_stack(case):
    for prefix in (None, ["a", "b"]):
        model = gf.from_state_dict(configured(TWO, STACKS[case]), prefix=prefix)
        assert [one.name for one in model.layers] == ["a/lstm_cell", "b/lstm_cell"]


def test_a_mask_is_nothing_that_a_layer_reads():
    """Keras 3 names it beside the input, where an embedding makes one."""

    def tensor(name):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    def node(inputs, mask):
        return [{"args": [tensor(inputs)], "kwargs": {"mask": tensor(mask)}}]

    first, second = layer("LSTM", "a"), layer("LSTM", "b")
    first["inbound_nodes"], second["inbound_nodes"] = node("e", "m"), node("a", "m")
    graph = functional(
        X_LAYER, layer("Embedding", "e", ["x"]), layer("NotEqual", "m", ["x"]), first, second
    )
    weights = configured(TWO | {"e/embeddings": normal(9, 3)}, graph)
    model = gf.from_state_dict(weights)
    assert len(model.layers) == 2
    assert model.embedding.shape == (9, 3)


@pytest.mark.parametrize("between", [None, "Dropout", "Conv1D", "Dense"])
def test_an_embedding_is_in_front_only_where_the_graph_has_it_there(between):
    under = [] if between is None else [layer(between, "d", ["e"])]
    recurrent = layer("LSTM", "a", ["e" if between is None else "d"])
    graph = functional(X_LAYER, layer("Embedding", "e", ["x"]), *under, recurrent)
    weights = of_keras("a/lstm_cell") | {"e/embeddings": normal(9, 3)}
    model = gf.from_state_dict(configured(weights, graph))
    if between in (None, "Dropout"):
        assert model.embedding.shape == (9, 3)
        assert "The file tells that it lies in front." in model.description[0]
    else:
        assert model.embedding is None
        assert model.left_out == ("e",)


def test_a_linear_layer_that_reads_another_layer_is_not_assumed_to_be_the_readout():
    both = (layer("LSTM", "a", ["x"]), layer("LSTM", "b", ["y"]))
    graph = functional(X_LAYER, layer("InputLayer", "y", []), *both, layer("Dense", "d", ["b"]))
    weights = configured(TWO | {"d/kernel": normal(4, 2), "d/bias": normal(2)}, graph)
    assert gf.from_state_dict(weights, prefix="b").readout_layer == "d"
    other = gf.from_state_dict(weights, prefix="a")
    assert (other.readout_layer, other.linear_layers) == (None, ("d",))
    assert gf.from_state_dict(weights, prefix="a", readout="d").readout_layer == "d"


def test_without_a_configuration_no_layer_feeds_another_unless_the_user_says_so():
    said = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    refused(TWO, "prefix must name one recurrent module: a/lstm_cell or b/lstm_cell", **said)
    assert len(gf.from_state_dict(TWO, prefix=["a", "b"], **said).layers) == 2


def test_the_order_of_gates_that_names_do_not_tell_is_asked():
    weights = of_keras("rnn")
    asked = refused(weights, r'gates must be said for rnn, .*"icfo" as haste has it')
    assert (asked.argument, asked.choices) == ("gates", ("ifco", "icfo"))
    keras, haste = (
        gf.from_state_dict(weights, **PLAIN | {"gates": gates}).cell for gates in asked.choices
    )
    np.testing.assert_array_equal(keras.w_h, haste.w_h[[0, 2, 1, 3]])
    np.testing.assert_array_equal(keras.b, haste.b[[0, 2, 1, 3]])


def test_a_recurrent_bias_that_keras_has_not_is_named():
    weights = of_keras("rnn", gates=3) | {"rnn/recurrent_bias": normal(12)}
    refused(weights, "no weights but .* Got rnn/recurrent_bias", **PLAIN)


def test_a_configuration_that_is_none_is_named():
    weights = of_keras()
    for config, message in [
        ("{", "must be JSON"),
        ("[]", "must be an object"),
        ('{"class_name": "Mine", "config": {}}', "Sequential or a functional model. Got Mine"),
        ('{"class_name": "Sequential"}', "parts missing"),
        ("[" * 100_000, "must be JSON"),
    ]:
        refused(weights | {"config": np.array(config)}, message)
    other = sequential(layer("LSTM", "encoder"))
    refused(configured(weights, other), "must be Keras' own, .* Got lstm/lstm_cell")


def test_the_description_says_what_was_assumed_and_from_what():
    lstm = gf.from_state_dict(torch.nn.LSTM(3, 4).state_dict()).description[0]
    assert "Gates in the order i, f, g, o: assumed from the names." in lstm
    assert "Activations tanh and sigmoid: assumed from the names, which are PyTorch's." in lstm
    keras = gf.from_state_dict(of_keras("rnn"), **PLAIN).description[0]
    assert re.search(
        "Gates in the order i, f, c, o: as you said. Activations .*: as you said", keras
    )
