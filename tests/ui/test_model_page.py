"""The page of the user's own model without a browser: what is uploaded is what is shown."""

import base64
import io
import json
import pickle
import re
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from safetensors.numpy import save
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import gradflow as gf
from gradflow.analysis.forget_bias import with_forget_bias
from gradflow.analysis.unit_signal import unit_signals
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui import server
from gradflow.ui.model import long_runs
from gradflow.ui.model.settings import FORM, ModelSettings
from gradflow.ui.model.shipped import SHIPPED
from gradflow.ui.shared.links import from_query, to_query
from gradflow.ui.shared.setting_fields import controls_by_name

APP = str(Path(__file__).parents[2] / "gradflow" / "ui" / "page_script.py")
MODELS = Path(__file__).parents[2] / "gradflow" / "models"


def opened(**query):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    # AppTest.switch_page takes files only; a page that is a function is known by its address.
    app._page_hash = calc_hash("model")
    return quiet(app.run())


def quiet(app):
    assert not app.exception
    assert not app.error
    return app


def widget(app, key):
    kinds = ("selectbox", "slider", "number_input", "toggle")
    kinds += ("text_area", "file_uploader", "button")
    [found] = [one for kind in kinds for one in getattr(app, kind) if one.key == key]
    return found


def put(app, name, value):
    return widget(app, f"m_{name}").set_value(value).run()


def upload(app, data, name="model.safetensors", key="model_file"):
    return widget(app, key).set_value((name, data, "application/octet-stream")).run()


def charts(app):
    found = {}
    for chart in app.get("plotly_chart"):
        [key] = re.findall(r"model_\w+", chart.proto.id)
        found[key] = json.loads(chart.proto.spec)
    return found


def array(packed):
    numbers = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    return numbers.reshape([int(size) for size in str(packed.get("shape", "-1")).split(",")])


def said(app):
    return " ".join(str(element.value) for element in [*app.markdown, *app.caption])


def query(app):
    return {
        name: value if isinstance(value, str) else value[-1]
        for name, value in app.query_params.items()
    }


def one_hot(text, symbols):
    return np.eye(len(symbols))[[symbols.index(symbol) for symbol in text]]


def assert_shows(app, model, x, parameter="b", added=2.0, **layer):
    """That the heatmaps have the terms of the model, and of it with the forget bias added."""
    expected = {"model_as_read": model}
    if added:
        cell = with_forget_bias(model.cell, added)
        expected["model_changed"] = replace(model, cell=cell)
    found = charts(app)
    assert {key for key in found if key in ("model_as_read", "model_changed")} == set(expected)
    for key, one in expected.items():
        terms = relative_to_first(gf.gradient_flow(one, x).log10(parameter, **layer))
        shown = array(found[key]["data"][0]["z"])
        np.testing.assert_allclose(
            shown, np.where(np.isfinite(terms), terms, np.nan), rtol=1e-5, atol=1e-5
        )


def shipped(name, readout="readout"):
    return gf.load(MODELS / f"{name}.safetensors", readout=readout)


def example(name):
    return one_hot(SHIPPED[name].example, SHIPPED[name].symbols)


def pytorch(kind="lstm", D=3, H=4, layers=1, prefix="", seed=0):
    """Weights by PyTorch's names."""
    generator = np.random.default_rng(seed)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    tensors = {}
    for number in range(layers):
        for end, shape in (
            ("weight_ih", (gates * H, H if number else D)),
            ("weight_hh", (gates * H, H)),
            ("bias_ih", (gates * H,)),
            ("bias_hh", (gates * H,)),
        ):
            numbers = generator.normal(size=shape) / 2
            tensors[f"{prefix}{end}_l{number}"] = numbers.astype(np.float32)
    return tensors


def noise(app, D):
    held = app.session_state["held_model_settings"]
    settings = ModelSettings(T=held["T"], seed=held["seed"])
    return np.random.default_rng(settings.seed).standard_normal((settings.T, D))


def test_the_page_works_before_anything_is_uploaded():
    app = opened()
    assert_shows(app, shipped("recall_not_learned"), example("recall_not_learned"))
    assert query(app) == {"v": "1", "model": "recall_not_learned"}
    assert "LSTM lstm layer 0" in said(app).replace("\\", "")
    assert "linear layer readout" in said(app)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_reads_its_own_example(name):
    app = put(opened(), "model", name)
    assert_shows(quiet(app), shipped(name), example(name))


@pytest.mark.parametrize(
    ("parameter", "gate", "name"),
    [
        ("w_x", "all", "w_x"),
        ("w_h", "f", "w_hf"),
        ("b", "o", "b_o"),
        ("x", "all", "x"),
        ("b", "z", "b"),
    ],
)
def test_every_parameter_can_be_chosen(parameter, gate, name):
    app = opened(parameter=parameter, gate=gate)
    assert_shows(app, shipped("recall_not_learned"), example("recall_not_learned"), name)


def test_an_upload_is_shown_with_its_layers():
    tensors = pytorch("lstm", layers=2)
    app = quiet(upload(opened(), save(tensors)))
    assert widget(app, "m_model").value == "own"
    model = gf.from_state_dict(tensors)
    assert_shows(app, model, noise(app, 3), layer=0)
    app = put(put(app, "layer", 1), "parameter", "w_x")
    assert_shows(quiet(app), model, noise(app, 3), "w_x", layer=1)
    assert "sum of the hidden units" in said(app)
    assert [row for row in app.table[0].value["H"]] == ["4", "4"]


@pytest.mark.parametrize(("kind", "added"), [("gru", 2.0), ("lstm", -1.5), ("lstm", 0.0)])
def test_another_forget_bias_is_shown_beside(kind, added):
    tensors = pytorch(kind)
    app = put(upload(opened(), save(tensors)), "added", added)
    assert_shows(quiet(app), gf.from_state_dict(tensors), noise(app, 3), added=added)


def test_a_file_of_keras_is_read():
    data = (Path(__file__).parents[1] / "weights" / "keras_models" / "lstm.npz").read_bytes()
    app = quiet(upload(opened(), data, "lstm.npz"))
    model = gf.loads(data, "lstm.npz")
    assert_shows(app, model, noise(app, model.cell.D))


def test_what_the_weights_do_not_tell_is_asked_for_and_then_shown():
    tensors = pytorch("rnn")
    app = quiet(upload(opened(), save(tensors)))
    assert widget(app, "m_model").value == "recall_not_learned"
    asked = widget(app, "model_answer")
    assert asked.options == ["RNN (tanh)", "RNN (relu)"]
    app = quiet(asked.set_value("rnn_relu").run())
    assert_shows(app, gf.from_state_dict(tensors, cell="rnn_relu"), noise(app, 3), added=0.0)
    assert not [one for one in app.selectbox if one.key == "model_answer"]


def test_a_module_of_several_is_asked_for_and_its_layers_after_it():
    tensors = pytorch("rnn", prefix="encoder.") | pytorch("lstm", prefix="decoder.", seed=1)
    app = quiet(upload(opened(), save(tensors)))
    assert sorted(widget(app, "model_answer").options) == ["decoder", "encoder"]
    lstm = quiet(widget(app, "model_answer").set_value("decoder").run())
    assert_shows(lstm, gf.from_state_dict(tensors, prefix="decoder"), noise(lstm, 3))
    app = upload(opened(), save(tensors))
    app = quiet(widget(app, "model_answer").set_value("encoder").run())
    app = quiet(widget(app, "model_answer").set_value("rnn_tanh").run())
    model = gf.from_state_dict(tensors, prefix="encoder", cell="rnn_tanh")
    assert_shows(app, model, noise(app, 3), added=0.0)


def test_a_linear_layer_of_the_file_can_be_the_readout():
    generator = np.random.default_rng(1)
    tensors = pytorch() | {"head.weight": generator.normal(size=(2, 4)).astype(np.float32)}
    app = upload(opened(), save(tensors))
    assert_shows(app, gf.from_state_dict(tensors), noise(app, 3))
    app = quiet(widget(app, "model_readout").set_value("head").run())
    assert_shows(app, gf.from_state_dict(tensors, readout="head"), noise(app, 3))
    assert "linear layer head" in said(app)


def test_the_readout_of_a_shipped_model_can_be_left_out():
    app = quiet(widget(opened(), "model_readout").set_value("sum of the hidden units").run())
    name = "recall_not_learned"
    assert_shows(app, shipped(name, readout=None), example(name))


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
    "bidirectional": (
        save(pytorch() | {"weight_hh_l0_reverse": np.zeros((16, 4), np.float32)}),
        "model.safetensors",
        "bidirectional layers are not supported",
    ),
}


@pytest.mark.parametrize("key", BAD)
def test_a_bad_file_gets_one_sentence_and_leaves_the_page_as_it_was(key):
    data, name, sentence = BAD[key]
    tensors = pytorch("gru", seed=3)
    app = upload(opened(), save(tensors))
    before = charts(app)
    app = upload(app, data, name)
    assert not app.exception
    [error] = app.error
    assert sentence in error.value.replace("\\", "")
    assert charts(app) == before
    assert_shows(app, gf.from_state_dict(tensors), noise(app, 3))
    app = quiet(upload(app, WHOLE))
    assert_shows(app, gf.from_state_dict(pytorch()), noise(app, 3))


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.npz"])
def test_a_pickled_file_is_never_run_and_shows_the_two_lines(name, tmp_path):
    trap = tmp_path / "ran"
    app = upload(opened(), pickle.dumps(Ran(trap)), name)
    [error] = app.error
    assert "nothing in a file is ever run" in error.value
    assert any("save_file(model.state_dict()" in code.value for code in app.code)
    assert not trap.exists()


def test_markup_in_a_name_is_shown_as_it_is():
    app = upload(opened(), b"hello", "<img src=x>[a](http://b).txt")
    [error] = app.error
    assert "\\<img" in error.value
    assert "\\[a\\]" in error.value


def own_numbers(app):
    return put(app, "sequence", "own")


def test_pasted_numbers_are_read_a_row_a_step():
    tensors = pytorch()
    app = own_numbers(upload(opened(), save(tensors)))
    x = np.random.default_rng(2).normal(size=(7, 3))
    text = "a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in x.tolist())
    app = widget(app, "model_own_text").set_value(text).run()
    assert_shows(quiet(app), gf.from_state_dict(tensors), x)


def npy(array_, **options):
    file = io.BytesIO()
    np.save(file, array_, **options)
    return file.getvalue()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_is_read(order):
    tensors = pytorch()
    app = own_numbers(upload(opened(), save(tensors)))
    x = np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)
    app = upload(app, npy(np.asarray(x, order=order)), "x.npy", "model_own_file")
    assert_shows(quiet(app), gf.from_state_dict(tensors), x)
    app = widget(app, "model_own_forget").click().run()
    assert_shows(quiet(app), gf.from_state_dict(tensors), noise(app, 3))


def lying_npy():
    data = npy(np.zeros((4, 3)))
    return data.replace(b"(4, 3)", b"(9, 3)")


BAD_NUMBERS = {
    "columns": (b"1,2\n3,4", "x.csv", "must have 3 numbers in every row"),
    "words": (b"1,2,3\n4,five,6", "x.csv", "must hold numbers only. Got 'five' in row 2"),
    "nan": (b"1,2,nan", "x.csv", "must hold finite numbers. Got 'nan' in row 1"),
    "empty": (b"", "x.csv", "must hold at least one number"),
    "bytes": (b"\xff\xfe\x00\x01", "x.csv", "must be text in UTF-8, or a .npy"),
    "shape": (npy(np.zeros((5, 2))), "x.npy", "must have shape (T, D) with D = 3"),
    "three axes": (npy(np.zeros((5, 3, 1))), "x.npy", "must have shape (T, D) with D = 3"),
    "no steps": (npy(np.zeros((0, 3))), "x.npy", "must have shape (T, D) with D = 3"),
    "objects": (
        npy(np.array([[1, None, 2]], object), allow_pickle=True),
        "x.npy",
        "is an array of pickled Python objects",
    ),
    "infinite": (npy(np.full((2, 3), np.inf)), "x.npy", "must be finite"),
    "truncated": (npy(np.zeros((5, 3)))[:-3], "x.npy", "bytes that its shape (5, 3) needs"),
    "header that lies": (lying_npy(), "x.npy", "bytes that its shape (9, 3) needs"),
    "damaged header": (npy(np.zeros((5, 3)))[:20], "x.npy", "cannot be read: it is damaged"),
    "texts": (npy(np.full((2, 3), "1")), "x.npy", "must hold real numbers"),
    "renamed": (b"1,2,3", "x.npy", "must be a .npy, as numpy.save writes it"),
}


@pytest.mark.parametrize("key", BAD_NUMBERS)
def test_bad_numbers_get_one_sentence_and_leave_the_page_as_it_was(key):
    data, name, sentence = BAD_NUMBERS[key]
    app = own_numbers(upload(opened(), save(pytorch())))
    app = upload(app, b"1,2,3\n4,5,6", "x.csv", "model_own_file")
    before = charts(app)
    app = upload(app, data, name, "model_own_file")
    assert not app.exception
    [error] = app.error
    assert sentence in error.value.replace("\\", "")
    assert charts(app) == before


def test_numbers_that_do_not_fit_another_model_give_way_to_noise():
    app = own_numbers(upload(opened(), save(pytorch())))
    app = widget(app, "model_own_text").set_value("1,2,3\n4,5,6").run()
    app = put(app, "model", "recall_learned")
    assert_shows(quiet(app), shipped("recall_learned"), noise(app, 6))
    assert "3 in each step and not 6" in said(app)


def test_a_text_is_read_in_the_symbols_of_the_model():
    app = put(put(opened(), "model", "character"), "sequence", "text")
    app = quiet(widget(app, "model_text_field").set_value("Down, down; DOWN").run())
    x = one_hot("down, down  down", SHIPPED["character"].symbols)
    assert_shows(app, shipped("character"), x)
    app = put(app, "model", "recall_learned")
    [error] = app.error
    assert "must be made of the model's symbols, A B C D x y" in error.value.replace("\\", "")


def test_a_text_is_still_there_after_another_page():
    app = put(opened(model="recall_learned"), "sequence", "text")
    assert_shows(quiet(app), shipped("recall_learned"), example("recall_learned"))
    assert "the example is shown" in said(app)
    app = widget(app, "model_text_field").set_value("Axyxy").run()
    app._page_hash = calc_hash("paths")
    app = quiet(app.run())
    app._page_hash = calc_hash("model")
    x = one_hot("Axyxy", SHIPPED["recall_learned"].symbols)
    assert_shows(quiet(app.run()), shipped("recall_learned"), x)


def test_a_file_that_is_taken_away_takes_its_error_with_it():
    app = upload(upload(opened(), WHOLE), b"hello", "notes.txt")
    assert app.error
    app = quiet(widget(app, "model_file").clear().run())
    assert_shows(app, gf.from_state_dict(pytorch()), noise(app, 3))


def test_the_measures_are_those_of_the_library():
    app = quiet(put(put(opened(), "last", False), "t", 40))
    table = app.table[1].value
    flow = gf.gradient_flow(shipped("recall_not_learned"), example("recall_not_learned"))
    seen = gf.memory.measure(flow, 40, window=20)
    as_read = dict(zip(table["Measure"], table["as read"], strict=True))
    assert as_read["Verdict"] == seen.verdict
    assert as_read["Horizon"] == f"k = {seen.horizon}"
    lags = seen.zero_lags
    expected = f"k = {lags['float16']}" if lags["float16"] else "never"
    assert as_read["Zero in float16"] == expected
    lines = {trace["name"]: trace for trace in charts(app)["model_over_targets"]["data"]}
    horizons = [gf.memory.horizon(flow, t) for t in range(1, 61)]
    np.testing.assert_array_equal(array(lines["horizon, as read"]["y"]), horizons)


def test_the_units_stand_by_their_half_life():
    app = opened(t="30", last="0")
    flow = gf.gradient_flow(shipped("recall_not_learned"), example("recall_not_learned"))
    expected = np.sort(unit_signals(flow, 30).half_life)[::-1]
    [bars] = charts(app)["model_units"]["data"]
    np.testing.assert_allclose(array(bars["y"]), expected)


def test_a_link_reopens_the_view():
    app = opened()
    for name, value in (("model", "character"), ("added", 1.0), ("window", 33), ("floor", -9)):
        app = put(app, name, value)
    again = opened(**query(app))
    assert charts(again) == charts(app)
    assert query(again) == query(app)


def test_a_link_to_weights_says_that_it_cannot_hold_them():
    app = opened(model="own")
    assert any("No weights yet" in info.value for info in app.info)
    assert "cannot hold weights" in said(app)


def test_a_bad_link_gets_a_notice_and_the_defaults():
    app = opened(added="1e9", model="../../etc/passwd", w_s="0.5")
    [notice] = app.warning
    for name in ("added", "model", "w_s"):
        assert f"`{name}`" in notice.value
    assert_shows(app, shipped("recall_not_learned"), example("recall_not_learned"))


@pytest.mark.parametrize("name", controls_by_name(ModelSettings))
def test_every_setting_survives_its_link(name):
    control, default = controls_by_name(ModelSettings)[name], getattr(ModelSettings(), name)
    if control.choices:
        value = control.values[-1]
    else:
        value = (not default) if isinstance(default, bool) else type(default)(control.high)
    settings = replace(ModelSettings(), **{name: value})
    given = {key: [text] for key, text in to_query(settings, FORM).items()}
    assert from_query(given, FORM) == (settings, ())


def test_the_pages_keep_their_settings_apart():
    app = opened(T="77", sequence="noise")
    app._page_hash = calc_hash("paths")
    app = quiet(app.run())
    assert query(app) == {"v": "1", "w_s": "0.9", "T": "50", "b_f": "1.0"}
    app._page_hash = calc_hash("model")
    app = quiet(app.run())
    assert query(app) == {
        "v": "1",
        "model": "recall_not_learned",
        "T": "77",
        "sequence": "noise",
    }


def test_what_does_not_fit_in_memory_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setattr(long_runs, "free_bytes", lambda: 40_000_000)
    app = opened(sequence="noise", T="60")
    assert charts(app)
    app = put(app, "T", 2000)
    assert not app.exception
    [error] = app.error
    sentence = error.value.replace("\\", "")
    assert "T = 2000 steps of this model need about" in sentence
    assert "40 MB are free" in sentence
    assert not charts(app)
    assert charts(quiet(put(app, "T", 60)))


def test_a_view_that_changes_computes_nothing_again(monkeypatch):
    app = opened()
    calls = []
    run = gf.gradient_flow
    monkeypatch.setattr(gf, "gradient_flow", lambda *a, **b: calls.append(a) or run(*a, **b))
    for name, value in (("parameter", "w_x"), ("window", 5), ("relative", False), ("gate", "f")):
        app = quiet(put(app, name, value))
    assert not calls
    app = quiet(put(app, "added", 3.0))
    assert len(calls) == 1
    quiet(put(app, "model", "recall_learned"))
    assert len(calls) == 3


def test_a_bar_and_a_button_come_and_go_while_it_computes(monkeypatch):
    monkeypatch.setattr(long_runs, "PATIENCE", -1.0)
    monkeypatch.setattr(long_runs, "_PACE", 0.0)
    shown = []
    call = long_runs.Progress.__call__

    def told(self, share):
        call(self, share)
        shown.append(self._bar is not None)

    monkeypatch.setattr(long_runs.Progress, "__call__", told)
    app = opened()
    assert shown
    assert all(shown)
    assert not [button for button in app.button if button.key.startswith(long_runs.CANCEL)]
    assert_shows(app, shipped("recall_not_learned"), example("recall_not_learned"))


def test_a_run_lets_others_go_first_between_any_two_steps(monkeypatch):
    steps, others = [], []

    def other():
        with server.runs.turn():
            others.append(len(steps))

    between = server.Turns.between_steps

    def told(turns):
        if turns._held_here():
            thread = threading.Thread(target=other, daemon=True)
            thread.start()
            while not turns._before:
                time.sleep(0)
            between(turns)
            thread.join(timeout=10)
            steps.append(0)

    monkeypatch.setattr(server.Turns, "between_steps", told)
    app = opened(sequence="noise", T="12")
    # The terms as read and with another forget bias take a step each for every source step.
    assert len(steps) > 2 * 12
    assert others == list(range(len(steps)))
    assert_shows(app, shipped("recall_not_learned"), noise(app, 6))


def test_the_python_to_copy_makes_the_terms_that_are_shown(tmp_path, monkeypatch, capsys):
    app = quiet(put(put(opened(), "sequence", "noise"), "parameter", "w_x"))
    [code] = [block.value for block in app.code if "gradient_flow" in block.value]
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "snippet", "exec"), names)
    x = noise(app, 6)
    flow = gf.gradient_flow(shipped("recall_not_learned"), x)
    np.testing.assert_array_equal(names["flow"].log10("w_x"), flow.log10("w_x"))
    assert float(capsys.readouterr().out) == flow.log10("w_x")[-1, -1]
    assert_shows(app, shipped("recall_not_learned"), x, "w_x")
    assert names["changed"].cell.b[1] == pytest.approx(flow.cell.b[1] + 2.0)


def test_the_link_to_copy_is_the_one_in_the_address_bar():
    app = put(opened(), "window", 9)
    [link] = [block.value for block in app.code if block.value.startswith("http")]
    assert {name: [value] for name, value in query(app).items()} == parse_qs(urlsplit(link).query)


@pytest.mark.parametrize("T", [1, 2, 450])
def test_short_and_long_sequences_are_shown(T):
    app = opened(sequence="noise", T=str(T), model="recall_learned")
    shown = array(charts(app)["model_as_read"]["data"][0]["z"])
    assert len(shown) == (T if T < 400 else T // 2)
