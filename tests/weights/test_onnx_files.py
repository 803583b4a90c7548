"""ONNX files as PyTorch exports them, and as the library of ONNX makes them, run as elsewhere."""

import io
import sys

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.weights.tensors import ChoiceError

onnx = needed_module("onnx", "needs ONNX: pip install -r requirements-onnx.txt")
onnxruntime = needed_module("onnxruntime", "needs ONNX: pip install -r requirements-onnx.txt")
torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402 needed_module comes first
from onnx.reference import ReferenceEvaluator  # noqa: E402

T, D, H = 6, 3, 4
GENERATOR = np.random.default_rng(71)
X = GENERATOR.normal(size=(T, D)).astype(np.float32)
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
LIMIT = 1 << 20


class Network(torch.nn.Module):
    """An embedding, layers and a readout, with the batch first."""

    def __init__(self, *layers, head):
        super().__init__()
        self.layers, self.head = torch.nn.ModuleList(layers), head
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, x):
        for layer in self.layers:
            x = self.drop(layer(x)[0])
        if isinstance(self.head, torch.nn.Conv1d):
            return self.head(x.transpose(1, 2)).transpose(1, 2)
        return self.head(x)


@pytest.mark.filterwarnings("ignore")
def exported(net, x):
    """The file that PyTorch writes of a network."""
    file = io.BytesIO()
    torch.manual_seed(3)
    torch.onnx.export(net.eval(), (x,), file, dynamo=False)
    return file.getvalue()


def runtime(data, **given):
    """What ONNX Runtime makes of a file, the first output."""
    session = onnxruntime.InferenceSession(data)
    return session.run(None, given or {session.get_inputs()[0].name: X[None]})[0]


def assert_close(found, expected, tolerance=1e-6):
    assert np.max(np.abs(found - expected)) < tolerance * np.max(np.abs(expected))


LAYERS = {
    "lstm": lambda: [torch.nn.LSTM(D, H, 2, batch_first=True)],
    "gru": lambda: [torch.nn.GRU(D, H, batch_first=True)],
    "rnn_tanh": lambda: [torch.nn.RNN(D, H, batch_first=True)],
    "rnn_relu": lambda: [torch.nn.RNN(D, H, 2, nonlinearity="relu", batch_first=True)],
    "two modules": lambda: [
        torch.nn.GRU(D, 5, batch_first=True),
        torch.nn.LSTM(5, H, batch_first=True, bias=False),
    ],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("head", ["linear", "conv"])
@pytest.mark.parametrize("kind", LAYERS)
def test_what_pytorch_exports_runs_as_in_onnx_runtime(kind, head):
    torch.manual_seed(4)
    readout = torch.nn.Linear(H, 2) if head == "linear" else torch.nn.Conv1d(H, 2, 1)
    data = exported(Network(*LAYERS[kind](), head=readout), torch.from_numpy(X[None]))
    model = gf.loads(data, "model.onnx")
    (name,) = model.linear_layers
    flow = gf.gradient_flow(gf.loads(data, "model", readout=name), X)
    assert_close(flow.trace.o, runtime(data)[0])
    assert "told by the graph" in model.description[0] or kind.startswith("rnn")


@pytest.mark.filterwarnings("ignore")
def test_token_ids_go_into_an_embedding_that_pytorch_exports():
    net = Network(torch.nn.GRU(D, H, batch_first=True), head=torch.nn.Linear(H, 2))
    net.layers.insert(0, Lookup(9, D))
    ids = np.array([[3, 0, 8, 8]])
    data = exported(net, torch.from_numpy(ids))
    model = gf.loads(data)
    (name,) = model.linear_layers
    flow = gf.gradient_flow(gf.loads(data, readout=name), ids[0])
    (given,) = onnxruntime.InferenceSession(data).get_inputs()
    assert_close(flow.trace.o, runtime(data, **{given.name: ids})[0])
    net.layers.insert(1, Beside(D, D))
    behind = gf.loads(exported(net, torch.from_numpy(ids)))
    assert behind.embedding is None
    assert any(name.endswith("/Gather") for name in behind.left_out)


class Beside(torch.nn.Linear):
    """A linear layer that returns what a recurrent layer does."""

    def forward(self, x):
        return super().forward(x), None


class Lookup(torch.nn.Embedding):
    """An embedding that returns what a recurrent layer does: outputs, and more."""

    def forward(self, ids):
        return super().forward(ids), None


def weights_of(kind, directions=1, dtype=np.float32):
    wide = GATES[kind] * H
    shapes = {"W": (directions, wide, D), "R": (directions, wide, H), "B": (directions, 2 * wide)}
    return {name: (GENERATOR.normal(size=s) / 2).astype(dtype) for name, s in shapes.items()}


def made(kind, weights=None, more=(), dtype=np.float32, layout=0, **attributes):
    """A model of one node as the library of ONNX makes it; `more` are further inputs by name."""
    weights = weights_of(kind, dtype=dtype) if weights is None else weights
    weights = weights | dict(more)
    names = ["W", "R", "B", "lens", "h0", "c0", "P"]
    inputs = ["X", *(name if name in weights else "" for name in names)]
    while not inputs[-1]:
        inputs.pop()
    if layout:
        attributes["layout"] = layout
    node = helper.make_node(kind, inputs, ["Y"], name="cell", hidden_size=H, **attributes)
    number = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shape = [1, T, D] if layout else [T, 1, D]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", number, shape)],
        [helper.make_tensor_value_info("Y", number, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", 14)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


SETTINGS = {
    "lstm": ("LSTM", {}),
    "gru before": ("GRU", {}),
    "gru after": ("GRU", {"linear_before_reset": 1}),
    "rnn": ("RNN", {}),
    "relu": ("RNN", {"activations": ["Relu"]}),
    "hard sigmoid": (
        "LSTM",
        {
            "activations": ["HardSigmoid", "Tanh", "Tanh"],
            "activation_alpha": [0.2],
            "activation_beta": [0.5],
        },
    ),
    "softsign": ("GRU", {"activations": ["Sigmoid", "Softsign"]}),
    "elu": ("LSTM", {"activations": ["Sigmoid", "Elu", "Elu"], "activation_alpha": [1.0, 1.0]}),
    "affine": ("RNN", {"activations": ["Affine"], "activation_alpha": [1.0]}),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_node_runs_as_in_onnx_runtime(case):
    kind, settings = SETTINGS[case]
    data = made(kind, **settings)
    found = gf.gradient_flow(gf.loads(data), X).trace.hidden[1:]
    assert_close(found, runtime(data, X=X[:, None])[:, 0, 0])


@pytest.mark.parametrize("case", ["lstm", "gru after", "gru before", "rnn"])
def test_a_node_of_float64_runs_as_in_the_reference_of_onnx(case):
    kind, settings = SETTINGS[case]
    data = made(kind, dtype=np.float64, **settings)
    x = X.astype(np.float64)
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(data))
    expected = evaluator.run(None, {"X": x[:, None]})[0][:, 0, 0]
    assert_close(gf.gradient_flow(gf.loads(data), x).trace.hidden[1:], expected, 1e-10)
    assert gf.loads(data).layers[0].dtype == "float64"


@pytest.mark.parametrize("kind", GATES)
def test_each_direction_is_looked_at_by_itself(kind):
    data = made(kind, weights_of(kind, 2), direction="bidirectional")
    expected = runtime(data, X=X[:, None])[:, :, 0]
    both = gf.gradient_flow(gf.loads(data), X).trace.hidden[1:]
    assert_close(both, expected.reshape(T, 2 * H))
    forward, reverse = (gf.loads(data, direction=d) for d in ("forward", "reverse"))
    assert_close(gf.gradient_flow(forward, X).trace.hidden[1:], expected[:, 0])
    found = gf.gradient_flow(reverse, X[::-1]).trace.hidden[1:]
    assert_close(found[::-1], expected[:, 1])
    assert (forward.direction, reverse.direction) == ("forward", "reverse")
    assert "x[::-1]" in reverse.description[0]
    assert "x[::-1]" not in forward.description[0]


@pytest.mark.filterwarnings("ignore")
def test_bidirectional_layers_that_pytorch_exports_run_as_in_onnx_runtime():
    layers = torch.nn.LSTM(D, H, 2, batch_first=True, bidirectional=True)
    above = torch.nn.GRU(2 * H, 3, batch_first=True)
    net = Network(layers, above, head=torch.nn.Linear(3, 2))
    data = exported(net, torch.from_numpy(X[None]))
    model = gf.loads(data)
    assert [layer.both_ways for layer in model.layers] == [True, True, False]
    model = gf.loads(data, readout=model.linear_layers[0])
    assert_close(gf.gradient_flow(model, X).trace.o, runtime(data)[0])


def test_each_direction_starts_at_its_state_in_the_file():
    state = (GENERATOR.normal(size=(2, 1, H)) / 2).astype(np.float32)
    data = made("GRU", weights_of("GRU", 2), {"h0": state}, direction="bidirectional")
    model = gf.loads(data)
    np.testing.assert_array_equal(model.initial_state["0.reverse.h"], state[1, 0])
    found = gf.gradient_flow(model, X).trace.hidden[1:]
    assert_close(found, runtime(data, X=X[:, None])[:, :, 0].reshape(T, 2 * H))


def test_a_layer_that_runs_backwards_says_so():
    data = made("LSTM", direction="reverse")
    model = gf.loads(data)
    found = gf.gradient_flow(model, X[::-1]).trace.hidden[1:]
    assert_close(found[::-1], runtime(data, X=X[:, None])[:, 0, 0])
    assert model.direction == "reverse"
    with pytest.raises(ValueError, match='direction must be "reverse" for cell'):
        gf.loads(data, direction="forward")


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("batch", [1, 2])
def test_the_starting_states_of_the_file_are_used(kind, batch):
    state = (GENERATOR.normal(size=(1, 1, H)) / 2).astype(np.float32).repeat(batch, axis=1)
    more = {"h0": state} | ({"c0": -state} if kind == "LSTM" else {})
    weights = weights_of(kind)
    model = gf.loads(made(kind, weights, more))
    alone = {name: array[:, :1] for name, array in more.items()}
    expected = runtime(made(kind, weights, alone), X=X[:, None])
    assert_close(gf.gradient_flow(model, X).trace.hidden[1:], expected[:, 0, 0])
    assert "that the file has" in model.description[0]
    given = gf.gradient_flow(model, X, initial_state={}).trace.hidden
    assert not given[0].any()


def test_starting_states_of_a_batch_must_be_one():
    state = GENERATOR.normal(size=(1, 2, H)).astype(np.float32)
    with pytest.raises(ValueError, match="h0 must be one state for all sequences"):
        gf.loads(made("GRU", more={"h0": state}))


def test_a_starting_state_that_is_handed_in_is_assumed_to_be_zero():
    model = onnx.load_model_from_string(made("GRU"))
    node = model.graph.node[0]
    node.input.extend(["", "h"])
    state = helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, 1, H])
    model.graph.input.append(state)
    assert "Starts at h = 0: assumed" in gf.loads(model.SerializeToString()).description[0]


@pytest.mark.parametrize("kind", GATES)
def test_the_layout_changes_no_weights(kind):
    weights = weights_of(kind)
    usual, batch_first = (gf.loads(made(kind, weights, layout=layout)) for layout in (0, 1))
    for name, array in usual.cell.weights.items():
        np.testing.assert_array_equal(array, batch_first.cell.weights[name])
    assert "The first axis of its input is batch." in batch_first.description[0]


PEEPHOLES = {"P": np.ones((1, 3 * H), np.float32)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"more": PEEPHOLES}, r"no peepholes, .* Got cell with P"),
        ({"clip": 3.0}, r"must not be clipped \(clip\), .* Got cell"),
        ({"input_forget": 1}, r"must not be coupled \(input_forget\), .* Got cell"),
        ({"activations": ["Sigmoid", "Tanh", "Relu"]}, "one activation for the candidate"),
        ({"activations": ["Sigmoid", "LeakyRelu", "LeakyRelu"]}, r"Got leakyrelu \(0.01\) in cell"),
        ({"activations": ["Sigmoid"]}, "cell must have 3 activations"),
        ({"direction": "bidirectional"}, r"W must have 3 axes, .* \(bidirectional\)"),
    ],
)
def test_what_is_not_supported_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        gf.loads(made("LSTM", **settings))


def stack(between, axes=(1,), above="LSTM"):
    """Two LSTMs, and nodes between them from "y" to "x"; the first has H inputs too."""
    arrays = {}
    for n in "ab":
        arrays |= {
            f"{name}{n}": (GENERATOR.normal(size=shape) / 2).astype(np.float32)
            for name, shape in (("W", (1, 4 * H, H)), ("R", (1, 4 * H, H)))
        }
    arrays["axes"] = np.array(axes)
    arrays["shape"] = np.array([0, 0, -1])
    nodes = [
        helper.make_node("LSTM", ["X", "Wa", "Ra"], ["y", "h"], name="a", hidden_size=H),
        *(helper.make_node(*parts, **settings) for *parts, settings in between),
        helper.make_node("LSTM", ["x", "Wb", "Rb"], ["Y"], name="b", hidden_size=H),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [T, 1, H])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", 14)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


SQUEEZE = ("Squeeze", ["y", "axes"], ["x"], {})
JOINED = {
    "a direction dropped": [SQUEEZE],
    "dropout between": [("Squeeze", ["y", "axes"], ["s"], {}), ("Dropout", ["s"], ["x"], {})],
    "reshaped": [
        ("Transpose", ["y"], ["s"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["s", "shape"], ["x"], {}),
    ],
    "turned and back": [
        ("Squeeze", ["y", "axes"], ["s"], {}),
        ("Transpose", ["s"], ["t"], {"perm": [1, 0, 2]}),
        ("Transpose", ["t"], ["x"], {"perm": [1, 0, 2]}),
    ],
}
APART = {
    "relu between": [("Squeeze", ["y", "axes"], ["s"], {}), ("Relu", ["s"], ["x"], {})],
    "the last state": [("Identity", ["h"], ["x"], {})],
    "batch and time turned": [
        ("Squeeze", ["y", "axes"], ["s"], {}),
        ("Transpose", ["s"], ["x"], {"perm": [1, 0, 2]}),
    ],
    "batch dropped": [("Squeeze", ["y", "axes"], ["x"], {})],
    "reshaped without turning": [("Reshape", ["y", "shape"], ["x"], {})],
    "a sum": [("Squeeze", ["y", "axes"], ["s"], {}), ("Add", ["s", "X"], ["x"], {})],
}


@pytest.mark.parametrize("case", JOINED)
def test_layers_that_feed_each_other_are_a_stack(case):
    data = stack(JOINED[case])
    x = GENERATOR.normal(size=(T, H)).astype(np.float32)
    found = gf.gradient_flow(gf.loads(data), x).trace.hidden[1:]
    assert_close(found, runtime(data, X=x[:, None])[:, 0, 0])


@pytest.mark.parametrize("case", APART)
def test_anything_between_ends_the_stack(case):
    data = stack(APART[case], axes=(2,) if case == "batch dropped" else (1,))
    with pytest.raises(ChoiceError, match="prefix must name one recurrent module: a or b"):
        gf.loads(data)
    assert gf.loads(data, prefix="b").layers[0].name == "b"
    with pytest.raises(ValueError, match="layers that feed each other"):
        gf.loads(data, prefix=["a", "b"])


def quantized(per_unit):
    """An LSTM of 8 bits, and the numbers that its weights stand for."""
    weights = {}
    for name, rows in (("W", D), ("R", H)):
        shape = (1, 4 * H) if per_unit else (1,)
        weights[name] = GENERATOR.integers(0, 255, size=(1, rows, 4 * H)).astype(np.uint8)
        weights[f"{name}_scale"] = (GENERATOR.uniform(1, 2, size=shape) / 256).astype(np.float32)
        weights[f"{name}_zero"] = np.full(shape, 128, np.uint8)
    weights["B"] = (GENERATOR.normal(size=(1, 8 * H)) / 2).astype(np.float32)
    names = ["X", "W", "R", "B", "", "", "", "", "W_scale", "W_zero", "R_scale", "R_zero"]
    node = helper.make_node(
        "DynamicQuantizeLSTM", names, ["Y"], name="q", hidden_size=H, domain="com.microsoft"
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [T, 1, D])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
    data = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    plain = {
        name: np.swapaxes((weights[name] - np.float32(128)) * weights[f"{name}_scale"], 1, 2)
        for name in "WR"
    }
    return data, plain | {"B": weights["B"]}


@pytest.mark.parametrize("per_unit", [False, True])
def test_weights_of_8_bits_are_dequantized(per_unit):
    data, plain = quantized(per_unit)
    model = gf.loads(data)
    found = gf.gradient_flow(model, X).trace.hidden[1:]
    assert_close(found, runtime(made("LSTM", plain), X=X[:, None])[:, 0, 0])
    # ONNX Runtime rounds inputs and states to 8 bits as well: close, and no closer.
    assert_close(found, runtime(data, X=X[:, None])[:, 0, 0], 0.03)
    assert "Weights of 8 bits, dequantized." in model.description[0]


def test_weights_that_a_node_dequantizes_are_read():
    weights = weights_of("GRU")
    model = onnx.load_model_from_string(made("GRU", weights))
    scale = np.float32(0.01)
    stored = np.round(weights["R"] / scale).astype(np.int8)
    parts = {"stored": stored, "scale": scale, "zero": np.int8(0)}
    del model.graph.initializer[1]
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in parts.items())
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", list(parts), ["R"]))
    read = gf.loads(model.SerializeToString())
    plain = gf.loads(made("GRU", weights | {"R": stored * scale}))
    np.testing.assert_allclose(read.cell.w_h, plain.cell.w_h, rtol=1e-6)
    assert "dequantized" in read.description[0]


def test_numbers_in_another_file_are_refused_and_the_file_is_not_opened(tmp_path):
    path = tmp_path / "model.onnx"
    model = onnx.load_model_from_string(made("LSTM"))
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ValueError, match="keeps W in another file, which is not opened") as caught:
        gf.load(path)
    lines = str(caught.value).split("\n")[1:]
    code = "\n".join(lines).replace("model.onnx", str(path)).replace("whole", str(tmp_path / "w"))
    exec(code, {})
    assert gf.load(tmp_path / "w.onnx").cell.H == H


def test_weights_that_the_graph_computes_are_named():
    model = onnx.load_model_from_string(made("LSTM"))
    model.graph.node.insert(0, helper.make_node("Neg", ["W"], ["V"]))
    model.graph.node[1].input[1] = "V"
    with pytest.raises(ValueError, match="W of cell must be a constant in the file"):
        gf.loads(model.SerializeToString())


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r'pip install "onnx>=1.16"'):
        gf.loads(b"", "model.onnx")


# Damage: over 200 files, in one test, as each takes a moment.


def changed(generator, data, kind):
    place = int(generator.integers(len(data)))
    if kind == "cut":
        return data[:place]
    if kind == "noise":
        return bytes(generator.bytes(int(generator.integers(1, 400))))
    damaged = bytearray(data)
    if kind == "bits":
        damaged[place] ^= 1 << int(generator.integers(8))
    else:
        damaged[place : place + 1] = generator.bytes(3)
    return bytes(damaged)


def test_a_damaged_file_gets_one_sentence_or_is_the_model():
    files = [made("LSTM"), made("GRU", layout=1), stack([SQUEEZE]), quantized(True)[0]]
    refused = 0
    for seed in range(100):
        for kind in ("cut", "noise", "bits", "more"):
            generator = np.random.default_rng(seed)
            data = changed(generator, files[seed % len(files)], kind)
            try:
                model = gf.loads(data, "model.onnx", limit=LIMIT)
            except ValueError as error:
                sentence = str(error).split("\n")[0]
                assert sentence.isprintable()
                assert len(sentence) < 300
                refused += 1
            else:
                assert model.cell.H > 0
    assert refused >= 200


@pytest.mark.slow
@pytest.mark.parametrize("bomb", ["nodes", "names", "numbers"])
def test_a_file_of_many_parts_is_refused_before_they_are_made(bomb):
    parts = {
        "nodes": b"\x0a\x00" * (150_001),
        "names": b"\x0a" + varint(300_002) + b"\x0a\x00" * (150_001),
        "numbers": b"\x2a" + varint(LIMIT + 4) + b"\x3a" + varint(LIMIT) + bytes(LIMIT),
    }[bomb]
    data = b"\x08\x08\x3a" + varint(len(parts)) + parts
    with pytest.raises(ValueError, match="must have at most 150000 parts"):
        gf.loads(data, "model.onnx")


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])
