"""A model that is uploaded is the model that is shown; a bad file gets one sentence."""

import io
import json
import pickle
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from support.needed import needed_module
from ui.model.model_app import (
    array,
    assert_shows,
    charts,
    example,
    first_choice,
    noise,
    opened,
    put,
    pytorch,
    quiet,
    said,
    shipped,
    unfolded,
    upload,
    widget,
)

import gradflow as gf
from gradflow.ui.downloads import images
from gradflow.ui.model import page

pytestmark = pytest.mark.slow
KERAS = Path(__file__).parents[2] / "weights" / "keras_models"


def test_an_upload_is_shown_with_its_layers():
    tensors = pytorch("lstm", layers=2)
    app = quiet(upload(opened(), save(tensors)))
    assert widget(app, "m_model").value == "own"
    model = gf.from_state_dict(tensors)
    assert_shows(app, model, noise(app, 3), layer=0)
    app = put(put(app, "layer", 1), "parameter", "w_x")
    assert_shows(quiet(app), model, noise(app, 3), "w_x", layer=1)
    assert "sum of the hidden units" in said(app)
    app = unfolded(app, "architecture")
    assert [row for row in app.table[0].value["H"]] == ["4", "4"]


def test_the_architecture_tells_the_gates_of_each_layer():
    tensors = pytorch("lstm", layers=2)
    app = unfolded(upload(opened(), save(tensors)), "architecture")
    table = app.table[1].value
    assert list(table["Gate"]) == ["i", "f", "c", "o"] * 2
    for number in (0, 1):
        bias = (tensors[f"bias_ih_l{number}"] + tensors[f"bias_hh_l{number}"]).reshape(4, 4)
        radii = [
            abs(np.linalg.eigvals(w)).max() for w in np.split(tensors[f"weight_hh_l{number}"], 4)
        ]
        rows = table[table["Layer"] == str(number)]
        for column, expected in (("Mean bias", bias.mean(axis=1)), (table.columns[-1], radii)):
            shown = [float(text.replace("−", "-")) for text in rows[column]]
            np.testing.assert_allclose(shown, expected, rtol=6e-3, atol=6e-4)
        mean = f"{bias[1].mean():.3g}".replace("-", "−")
        line = f"of layer {number}: mean **{mean}**"
        assert line in said(app)
    assert "assumed from the names" in said(app)


def test_a_projection_is_shown_with_both_its_sizes():
    tensors = pytorch("lstm")
    tensors["weight_hh_l0"] = tensors["weight_hh_l0"][:, :2].copy()
    tensors["weight_hr_l0"] = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
    app = quiet(upload(opened(), save(tensors)))
    assert_shows(app, gf.from_state_dict(tensors), noise(app, 3))
    for section in ("signed", "all_steps", "truncation", "architecture"):
        app = unfolded(app, section)
    assert list(app.table[0].value["H"]) == ["4 projected to 2"]
    assert "LSTM, H = 4 projected to 2" in said(app).replace("\\", "")
    radii = [
        abs(np.linalg.eigvals(w @ tensors["weight_hr_l0"])).max()
        for w in np.split(tensors["weight_hh_l0"], 4)
    ]
    table = app.table[1].value
    np.testing.assert_allclose([float(text) for text in table[table.columns[-1]]], radii, rtol=6e-3)
    app = quiet(put(put(app, "gate", "f"), "parameter", "w_p"))
    assert_shows(app, gf.from_state_dict(tensors), noise(app, 3), "w_p")
    assert widget(app, "m_gate").disabled
    assert "projection w_p" in widget(app, "m_parameter").options
    app = quiet(upload(app, WHOLE))  # which has none
    assert_shows(app, gf.from_state_dict(pytorch()), noise(app, 3), "b_f")
    assert "projection w_p" not in widget(app, "m_parameter").options


def test_a_file_of_keras_is_read():
    data = (KERAS / "lstm.npz").read_bytes()
    app = quiet(upload(opened(), data, "lstm.npz"))
    model = gf.loads(data, "lstm.npz")
    assert_shows(app, model, noise(app, model.cell.D))


def assert_square(app, model):
    """That the reverse direction of the first layer of a model that reads both ways is shown."""
    x = noise(app, model.cell.D)
    log10 = gf.gradient_flow(model, x, loss=first_choice(model, x)[0]).log10("b", 0, "reverse")
    shown = array(charts(app)["model_reverse"]["data"][0]["z"])
    expected = log10 - np.nanmax(log10, axis=1, keepdims=True)
    np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_a_file_of_keras_2_and_one_of_onnx_are_shown_one_after_the_other():
    torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    needed_module("h5py", "needs h5py: pip install -r requirements-keras.txt")
    needed_module("onnx", "needs ONNX: pip install -r requirements-onnx.txt")
    torch.manual_seed(3)
    both, one = torch.nn.LSTM(3, 4, bidirectional=True), torch.nn.GRU(3, 4)
    checkpoint, graph = io.BytesIO(), io.BytesIO()
    weights = {f"model.{name}": weight for name, weight in both.state_dict().items()}
    torch.save({"epoch": 2, "state_dict": weights}, checkpoint)
    torch.onnx.export(one, (torch.zeros(5, 1, 3),), graph, dynamo=False)
    app = quiet(upload(opened(added="0", T="20"), checkpoint.getvalue(), "last.ckpt"))
    assert_square(app, gf.from_module(both))
    data = (KERAS / "keras_2.h5").read_bytes()
    app = quiet(upload(app, data, "keras_2.h5"))
    assert_square(app, gf.loads(data, "keras_2.h5"))
    app = quiet(upload(app, graph.getvalue(), "model.onnx"))
    assert_shows(app, gf.from_module(one), noise(app, 3), added=0)


def test_what_the_weights_do_not_tell_is_asked_for_and_then_shown():
    tensors = pytorch("rnn")
    app = quiet(upload(opened(), save(tensors)))
    assert widget(app, "m_model").value == "recall_learned"
    asked = widget(app, "model_answer")
    # Where the old picture was, and in no corner beside it.
    assert not charts(app)
    assert not [one for one in app.sidebar.selectbox if one.key == "model_answer"]
    assert asked.options == ["RNN (tanh)", "RNN (relu)"]
    app = quiet(asked.set_value("rnn_relu").run())
    assert_shows(app, gf.from_state_dict(tensors, cell="rnn_relu"), noise(app, 3), added=0.0)
    assert not [one for one in app.selectbox if one.key == "model_answer"]


def test_two_questions_with_the_same_choices_are_both_asked():
    needed_module("h5py", "needs h5py: pip install -r requirements-keras.txt")
    data = (KERAS / "lstm_relu.weights.h5").read_bytes()
    app = quiet(upload(opened(), data, "lstm_relu.weights.h5"))
    for _ in ("activation", "recurrent_activation"):
        asked = widget(app, "model_answer")
        assert asked.value is None
        app = quiet(asked.set_value("tanh").run())
    model = gf.loads(data, "m.weights.h5", activation="tanh", recurrent_activation="tanh")
    assert_shows(app, model, noise(app, 3))


def test_a_file_that_asks_can_be_left():
    app = quiet(upload(opened(), save(pytorch("rnn"))))
    app = quiet(widget(app, "model_leave").click().run())
    assert_shows(app, shipped("recall_learned"), example("recall_learned"))


def test_a_module_of_several_is_asked_for_and_its_layers_after_it():
    tensors = pytorch("rnn", prefix="encoder.") | pytorch("lstm", prefix="decoder.", seed=1)
    app = quiet(upload(opened(), save(tensors)))
    assert sorted(widget(app, "model_answer").options) == ["decoder", "encoder"]
    lstm = quiet(widget(app, "model_answer").set_value("decoder").run())
    assert_shows(lstm, gf.from_state_dict(tensors, prefix="decoder"), noise(lstm, 3))
    other = quiet(widget(lstm, "model_module").set_value("encoder").run())
    other = quiet(widget(other, "model_answer").set_value("rnn_tanh").run())
    model = gf.from_state_dict(tensors, prefix="encoder", cell="rnn_tanh")
    assert_shows(other, model, noise(other, 3), added=0.0)


def test_the_only_linear_layer_of_the_file_is_the_readout_unless_another_is_chosen():
    generator = np.random.default_rng(1)
    tensors = pytorch() | {"head.weight": generator.normal(size=(2, 4)).astype(np.float32)}
    app = upload(opened(), save(tensors))
    assert_shows(app, gf.from_state_dict(tensors), noise(app, 3))
    assert "linear layer head, 2, the only one that fits" in said(app)
    app = quiet(widget(app, "model_readout").set_value("sum of the hidden units").run())
    assert_shows(app, gf.from_state_dict(tensors, readout=None), noise(app, 3))
    app = quiet(widget(app, "model_readout").set_value("head").run())
    assert_shows(app, gf.from_state_dict(tensors, readout="head"), noise(app, 3))
    assert said(app).count("linear layer head, 2") == 1


class Ran:
    """What must never come to be: unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.write_text, (self.path, "ran"))


def bomb():
    """An .npz of a few kilobytes that unpacks to 100 MB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        array_ = io.BytesIO()
        np.save(array_, np.zeros((100 << 20) // 8))
        archive.writestr("weight_ih_l0.npy", array_.getvalue())
    return file.getvalue()


def lying(size):
    """A safetensors file whose header says that a tensor ends far beyond the file."""
    header = {"weight_hh_l0": {"dtype": "F32", "shape": [size, 4], "data_offsets": [0, 16 * size]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(64)


WHOLE = save(pytorch())


BAD = {
    "text": (b"hello", "notes.txt", "must be a .safetensors, an .npz or a file of PyTorch"),
    "truncated": (WHOLE[:-7], "model.safetensors", "bytes"),
    "header that lies": (lying(10**9), "model.safetensors", "bytes"),
    "empty": (b"", "model.safetensors", "must"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "model.h5", "is in a format of Keras"),
    "zip bomb": (bomb(), "model.npz", "must unpack to at most"),
    "shapes that do not fit": (
        save(pytorch() | {"bias_hh_l0": np.zeros(5, np.float32)}),
        "model.safetensors",
        "bias_hh_l0 must have shape",
    ),
    "NaN": (
        save(pytorch() | {"bias_hh_l0": np.full(16, np.nan, np.float32)}),
        "model.safetensors",
        "bias_hh_l0 must be finite",
    ),
    "no layers": (
        save({"weight": np.zeros((2, 2), np.float32)}),
        "model.safetensors",
        "must hold a recurrent layer",
    ),
    "half of a bidirectional layer": (
        save(pytorch(layers=2) | {"weight_hh_l1_reverse": np.zeros((16, 4), np.float32)}),
        "model.safetensors",
        "weight_ih_l0_reverse must be in the file",
    ),
}


@pytest.fixture(scope="module")
def app():
    return upload(opened(), WHOLE)


@pytest.mark.parametrize("key", BAD)
def test_a_bad_file_gets_one_sentence_and_leaves_the_page_as_it_was(app, key):
    data, name, sentence = BAD[key]
    before = charts(app)
    upload(app, data, name)
    assert not app.exception
    [error] = app.error
    assert sentence in error.value.replace("\\", "")
    assert "is still the old view: model.safetensors" in error.value.replace("\\", "")
    assert not app.sidebar.error
    assert charts(app) == before
    assert_shows(app, gf.from_state_dict(pytorch()), noise(app, 3))
    quiet(upload(app, WHOLE))
    assert charts(app) == before


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.npz"])
def test_a_pickled_file_is_never_run_and_shows_the_two_lines(name, tmp_path):
    trap = tmp_path / "ran"
    app = upload(opened(), pickle.dumps(Ran(trap)), name)
    [error] = app.error
    assert "nothing in a file is ever run" in error.value
    assert error.value.endswith("\\:")  # what the code follows
    assert any("save_file(model.state_dict()" in code.value for code in app.code)
    assert not trap.exists()


def test_markup_in_a_name_is_shown_as_it_is():
    app = upload(opened(), b"hello", "<img src=x>[a](http://b).txt")
    [error] = app.error
    assert "\\<img" in error.value
    assert "\\[a\\]" in error.value


def test_a_file_that_is_taken_away_takes_its_error_with_it():
    app = upload(upload(opened(), WHOLE), b"hello", "notes.txt")
    assert app.error
    app = quiet(widget(app, "model_file").clear().run())
    assert_shows(app, gf.from_state_dict(pytorch()), noise(app, 3))


def test_what_no_browser_can_draw_stands_in_no_picture(monkeypatch):
    drawn = []

    def files(given, stem):
        drawn[:] = given

    def image(figure, format_, scale):
        drawn.append(figure)
        return b""

    monkeypatch.setattr(page, "buttons", files)
    monkeypatch.setattr(images, "image", image)
    odd = "\0\x1b\x85\u202e\uffff"
    head = {f"head{odd}.weight": np.ones((2, 4), np.float32)}
    tensors = pytorch(prefix=f"net{odd}.") | head
    quiet(upload(opened(T="5"), save(tensors), f"my{odd}weights.safetensors"))
    [png] = [file for file in drawn if file.name == "PNG"]
    assert b"weights.safetensors" in png.make()
    text = "".join(texts(drawn[-1].to_plotly_json()))
    assert "weights.safetensors" in text
    assert "net" in text
    assert "head" in text
    assert not set(odd) & set(text)
    assert {unicodedata.category(letter)[0] for letter in text.replace("\n", "")}.isdisjoint("C")


def texts(value):
    """All texts in a figure, or a part of one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)
