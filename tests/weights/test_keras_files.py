"""The files that Keras writes, with their configuration."""

import importlib.util
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf
from gradflow.weights.tensors import ChoiceError

h5py = needed_module("h5py", "needs h5py: pip install -r requirements-keras.txt")

FOLDER = Path(__file__).parent / "keras_models"
SUFFIXES = (".keras", ".h5", ".weights.h5")
LIMIT = 1 << 20
STACK = {
    "lstm_stack": ["lstm"] * 3,
    "gru_reset_before": ["gru_reset_before"],
    "lstm_relu": ["lstm"],
    "wrapped": ["lstm", "gru", "rnn_softsign"],
    "both_ways": ["lstm", "gru", "lstm", "rnn_tanh", "lstm"],
}


def of_npz(name):
    """The input and Keras' own output, which it computed in float32."""
    with np.load(FOLDER / f"{name}.npz") as file:
        return file["x"].astype(float), file["output"]


def assert_runs(model, name):
    x, output = of_npz(name)
    found = gf.gradient_flow(model, x).trace.hidden[1:]
    np.testing.assert_allclose(found, output, rtol=0, atol=5e-7)


@pytest.mark.parametrize("suffix", SUFFIXES[:2])
@pytest.mark.parametrize("name", STACK)
def test_a_file_runs_as_keras_does(name, suffix):
    model = gf.load(FOLDER / f"{name}{suffix}")
    assert [layer.kind for layer in model.layers] == STACK[name]
    assert_runs(model, name)


def test_a_file_of_keras_2_runs_as_keras_does():
    model = gf.load(FOLDER / "keras_2.h5")
    x, output = of_npz("keras_2")
    np.testing.assert_allclose(gf.gradient_flow(model, x).trace.o, output, rtol=0, atol=5e-7)
    assert model.cell.cells["0.reverse"].recurrent_activation == "hard_sigmoid_fifth"
    assert model.readout_layer == "time_distributed"


@pytest.mark.parametrize("suffix", [".npz", *SUFFIXES])
def test_each_direction_of_a_bidirectional_layer_runs_as_keras_does(suffix):
    path = FOLDER / f"bidirectional{suffix}"
    said = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    x, output = of_npz("bidirectional")
    asked = {"merge": "concat"} if suffix == ".weights.h5" else {}
    assert_runs(gf.load(path, **said, **asked), "bidirectional")
    forward, reverse = (gf.load(path, direction=d, **said) for d in ("forward", "reverse"))
    found = gf.gradient_flow(forward, x).trace.hidden[1:]
    np.testing.assert_allclose(found, output[:, :4], rtol=0, atol=5e-7)
    found = gf.gradient_flow(reverse, x[::-1]).trace.hidden[1:]
    np.testing.assert_allclose(found[::-1], output[:, 4:], rtol=0, atol=5e-7)
    assert (forward.direction, reverse.direction) == ("forward", "reverse")


def test_how_directions_are_joined_is_asked_where_no_configuration_tells():
    path = FOLDER / "bidirectional.weights.h5"
    said = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    with pytest.raises(ChoiceError, match="merge must be said for bidirectional") as asked:
        gf.load(path, **said)
    assert asked.value.choices == ("concat", "sum", "mul", "ave")
    summed = gf.load(path, **said, merge="sum")
    assert summed.cell.H == 4
    assert "added up (sum): as you said" in summed.description[0]
    with pytest.raises(ValueError, match="merge must be one of concat, sum, mul, ave"):
        gf.load(path, **said, merge="max")
    with pytest.raises(ValueError, match='merge must be "concat" for'):
        gf.load(FOLDER / "bidirectional.keras", merge="sum")


def test_how_directions_of_a_stack_are_joined_is_told_by_the_layer_above():
    parts = [f"bidirectional_{n}/forward_layer/{c}_cell" for n, c in ((1, "lstm"), (2, "gru"))]
    said = {"activation": "tanh", "recurrent_activation": "sigmoid", "merge": "mul"}
    path = FOLDER / "both_ways.weights.h5"
    with pytest.raises(ValueError, match="takes 3 inputs"):
        gf.load(path, prefix=[parts[1], parts[0]], **said)
    with pytest.raises(ChoiceError) as asked:
        gf.load(path, prefix=parts, **(said | {"merge": None}))
    assert asked.value.choices == ("sum", "mul", "ave")
    joined = gf.load(path, prefix=parts, **said)
    assert [layer.merge for layer in joined.cell.layers] == ["mul", "mul"]


def test_one_direction_of_a_stack_is_refused():
    with pytest.raises(ValueError, match="direction must be left out for layers above one another"):
        gf.load(FOLDER / "both_ways.keras", direction="forward")


@pytest.mark.parametrize(
    ("merge", "said"), [(None, "must join its directions"), ("dot", "must jo")]
)
def test_directions_that_are_not_joined_are_looked_at_one_by_one(merge, said):
    config = json.loads(np.load(FOLDER / "bidirectional.npz")["config"].item())
    config["config"]["layers"][1]["config"]["merge_mode"] = merge
    with np.load(FOLDER / "bidirectional.npz") as file:
        weights = {name: file[name] for name in file.files if "forward" in name or "back" in name}
    weights["config"] = np.array(json.dumps(config))
    with pytest.raises(ValueError, match="must join its directions"):
        gf.from_state_dict(weights)
    assert gf.from_state_dict(weights, direction="reverse").direction == "reverse"


def test_a_layer_that_hands_on_its_ends_says_so():
    with np.load(FOLDER / "bidirectional.npz") as file:
        weights = {name: file[name] for name in file.files if "forward" in name or "back" in name}
        config = json.loads(file["config"].item())
    config["config"]["layers"][1]["config"]["layer"]["config"]["return_sequences"] = False
    weights["config"] = np.array(json.dumps(config))
    assert "which is step 1 of the reverse one" in gf.from_state_dict(weights).description[0]


def test_weights_without_a_configuration_are_asked_about():
    path = FOLDER / "lstm_relu.weights.h5"
    with pytest.raises(ValueError, match="activation must be said for"):
        gf.load(path)
    said = {"activation": "relu", "recurrent_activation": "hard_sigmoid_sixth"}
    assert_runs(gf.load(path, **said), "lstm_relu")


def hdf5(config=None, version="2.15.0", **groups):
    """A file as Keras up to 2 writes it: weights by name, in a group for each layer."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            file.attrs["keras_version"] = version.encode()
        for group, weights in groups.items():
            for name, array in weights.items():
                file[f"model_weights/{group}/{name}"] = array
    return content.getvalue()


def sequential(class_name, name, **settings):
    layer = {"class_name": class_name, "config": {"name": name, **settings}}
    return {"class_name": "Sequential", "config": [layer]}


GENERATOR = np.random.default_rng(61)
H, D = 4, 3


def gates_of_keras_1(letters, prefix="lstm_1"):
    shapes = {"W": (D, H), "U": (H, H), "b": (H,)}
    return {
        f"{prefix}_{part}_{gate}": GENERATOR.normal(size=shape)
        for gate in letters
        for part, shape in shapes.items()
    }


def test_the_gates_of_keras_1_are_put_side_by_side():
    weights = gates_of_keras_1("icfo")
    config = sequential(
        "LSTM", "lstm_1", output_dim=H, activation="tanh", inner_activation="hard_sigmoid"
    )
    cell = gf.loads(hdf5(config, "1.2.2", lstm_1=weights), "model.h5").cell
    assert cell.recurrent_activation == "hard_sigmoid_fifth"
    for place, gate in enumerate("ifco"):
        np.testing.assert_array_equal(cell.w_x[place], weights[f"lstm_1_W_{gate}"].T)
        np.testing.assert_array_equal(cell.w_h[place], weights[f"lstm_1_U_{gate}"].T)
        np.testing.assert_array_equal(cell.b[place], weights[f"lstm_1_b_{gate}"])


def test_a_gru_of_keras_1_resets_before_the_product():
    weights = gates_of_keras_1("zrh", "gru_1")
    config = sequential("GRU", "gru_1", activation="tanh", inner_activation="hard_sigmoid")
    model = gf.loads(hdf5(config, "1.2.2", gru_1=weights), "model.h5")
    assert model.layers[0].kind == "gru_reset_before"
    for place, gate in enumerate("rzh"):
        np.testing.assert_array_equal(model.cell.w_x[place], weights[f"gru_1_W_{gate}"].T)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_the_weights_of_cudnn_are_turned_into_the_ordinary_form(kind, gates):
    # cuDNN reads the memory of a gate's kernel (D, H) as a matrix (H, D), and of (H, H) likewise.
    torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    layer = getattr(torch.nn, kind)(D, H).double()
    w_x, w_h, b_x, b_h = (weight.detach().numpy() for weight in layer.parameters())
    order = [0, 1, 2, 3] if gates == 4 else [1, 0, 2]  # PyTorch's as Keras has them
    by_gate = [w.reshape(gates, H, -1)[order] for w in (w_x, w_h)]
    weights = {
        "kernel:0": np.hstack([w.reshape(D, H) for w in by_gate[0]]),
        "recurrent_kernel:0": np.hstack(list(by_gate[1])),
        "bias:0": np.concatenate([b.reshape(gates, H)[order].ravel() for b in (b_x, b_h)]),
    }
    named = {f"cu/{name}": array for name, array in weights.items()}
    model = gf.loads(hdf5(sequential(f"CuDNN{kind}", "cu"), cu=named), "model.h5")
    x = GENERATOR.normal(size=(6, D))
    expected = layer(torch.from_numpy(x))[0].detach().numpy()
    found = gf.gradient_flow(model, x).trace.hidden[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def refusal(data, name="model.h5"):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the tests look at what it says
        gf.loads(data, name, limit=LIMIT)
    return str(caught.value)


def linked(link):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["model_weights/lstm/lstm/kernel:0"] = link
    return content.getvalue()


@pytest.mark.parametrize("link", [h5py.SoftLink("/x"), h5py.ExternalLink("/etc/passwd", "/x")])
def test_links_out_of_a_file_are_not_followed(link):
    assert "must hold its weights itself. Got a link" in refusal(linked(link))


def test_numbers_in_another_file_are_not_read(tmp_path):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("x", (4,), "f8", external=[(tmp_path / "other", 0, 32)])
    assert "must hold its weights itself" in refusal(content.getvalue())


def test_an_array_that_unpacks_to_much_is_refused_before_it_is_read():
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("lstm/kernel:0", (1 << 20, 1 << 20), "f8", chunks=(1024, 1024))
    assert "arrays of at most" in refusal(content.getvalue())


def test_a_dense_layer_of_each_step_is_filed_in_its_wrapper():
    config = json.dumps(sequential("GRU", "gru", activation="tanh", recurrent_activation="sigmoid"))
    shapes = {
        "gru/cell/vars/0": (D, 3 * H), "gru/cell/vars/1": (H, 3 * H), "gru/cell/vars/2": (3 * H,),
        "time_distributed/layer/vars/0": (H, 2), "time_distributed/layer/vars/1": (2,),
    }  # fmt: skip
    archive, weights = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        for path, shape in shapes.items():
            file[f"layers/{path}"] = GENERATOR.normal(size=shape)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", config)
        file.writestr("model.weights.h5", weights.getvalue())
    model = gf.loads(archive.getvalue(), "m.keras")
    assert model.readout_layer == "time_distributed"
    assert model.readout.w_o.shape == (2, H)


def test_without_h5py_its_installation_and_the_two_lines_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    said = refusal((FOLDER / "lstm_relu.h5").read_bytes())
    assert 'needs h5py, the extra [keras]: pip install "h5py>=3.10"' in said
    assert said.endswith("for w in model.weights})")


def cut_short(generator, data):
    return data[: generator.integers(len(data))]


def with_a_piece_gone(generator, data):
    start = int(generator.integers(len(data) // 2))
    return data[:start] + data[start + int(generator.integers(1, 200)) :]


def of_noise(generator, data):
    return data[:8] + generator.bytes(len(data))


DAMAGES = (cut_short, with_a_piece_gone, of_noise)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_file_gets_one_sentence(suffix, damage, seed):
    data = (FOLDER / f"lstm_relu{suffix}").read_bytes()
    data = damage(np.random.default_rng(seed), data)
    try:
        gf.loads(data, f"model{suffix}", limit=LIMIT)
    except ValueError as error:
        said = str(error).split("\n")[0]
        assert said.isprintable()
        assert len(said) < 400
    else:
        # HDF5 has room between its parts that nothing is kept in.
        assert damage is with_a_piece_gone


@pytest.mark.parametrize("missing", ["config.json", "metadata.json", "model.weights.h5"])
def test_an_archive_must_have_its_parts(missing):
    content = io.BytesIO()
    with zipfile.ZipFile(FOLDER / "lstm_relu.keras") as whole, zipfile.ZipFile(content, "w") as cut:
        for name in whole.namelist():
            if name != missing:
                cut.writestr(name, whole.read(name))
    assert f"has no {missing}" in refusal(content.getvalue(), "model.keras")


@pytest.mark.filterwarnings("ignore")  # what Keras does inside
@pytest.mark.skipif(
    importlib.util.find_spec("keras") is None and os.environ.get("CI") != "true",
    reason="needs Keras",
)
def test_the_files_beside_this_are_those_that_keras_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.Input((None, D)), keras.layers.GRU(H, activation="elu", return_sequences=True)]
    )
    x = GENERATOR.normal(size=(5, D))
    expected = model(x[None].astype(np.float32)).detach().numpy()[0]
    for suffix in SUFFIXES[:2]:
        model.save(tmp_path / f"m{suffix}")
        found = gf.gradient_flow(gf.load(tmp_path / f"m{suffix}"), x).trace.hidden[1:]
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-7)
