"""The page of the user's own model, run without a browser, and the terms it must show."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import gradflow as gf
from gradflow.analysis.forget_bias import with_forget_bias
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import SHIPPED

APP = str(Path(__file__).parents[3] / "gradflow" / "ui" / "page_script.py")
MODELS = Path(__file__).parents[3] / "gradflow" / "models"


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


def unfolded(app, section):
    app.session_state[f"model_open_{section}"] = True
    return quiet(app.run())


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


def first_choice(model, x):
    """The loss that the page takes by itself, and what is read for it."""
    o = gf.gradient_flow(model, x).trace.o
    symbols = o.ndim == 2 and o.shape == x.shape and set(x.sum(axis=1)) == {1.0} and len(x) > 1
    if symbols:
        return gf.SoftmaxCrossEntropy(x[1:].argmax(axis=1)), x[:-1]
    return gf.UnitLoss(int(o[-1].argmax()) if o.ndim == 2 else None), x


def assert_shows(app, model, x, parameter="b", added=2.0, loss=None, **layer):
    """That the heatmaps have the terms of the model, and of it with the forget bias added."""
    if loss is None:
        loss, x = first_choice(model, x)
    expected = {"model_as_read": model}
    if added:
        cell = with_forget_bias(model.cell, added)
        expected["model_changed"] = replace(model, cell=cell)
    found = charts(app)
    assert {key for key in found if key in ("model_as_read", "model_changed")} == set(expected)
    for key, one in expected.items():
        terms = relative_to_first(gf.gradient_flow(one, x, loss=loss).log10(parameter, **layer))
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
