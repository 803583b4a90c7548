"""What a notebook shows of a flow."""

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import gradflow as gf
from gradflow.figures.builders.colours import SHRUNK, ZERO_TOO

ROOT = Path(__file__).parents[2]
PLOTLY = "application/vnd.plotly.v1+json"


def picture(html):
    data = re.search(r'src="data:image/png;base64,([^"]+)"', html)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def terms(figure):
    z = figure["data"][0]["z"]
    shape = [int(size) for size in z["shape"].split(",")]
    return np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(shape)


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def test_a_flow_shows_its_heatmap_of_all_gates_together():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5, b_f=1.0), gf.sequences.ones(9))
    shown = flow._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", PLOTLY}
    assert shown["text/plain"] == repr(flow)
    log10 = flow.log10("w_x")
    np.testing.assert_allclose(terms(shown[PLOTLY]), log10 - log10[:, :1], rtol=1e-5, atol=1e-6)
    assert "customdata" not in shown[PLOTLY]["data"][0]


def test_of_a_stack_it_is_the_layer_next_to_the_input():
    stack = gf.Stack([gf.RNN(0.5, 0.9), gf.RNN(0.7, 0.2)])
    flow = gf.gradient_flow(stack, gf.sequences.ones(7))
    log10 = flow.log10("w_x", 0)
    shown = terms(flow._repr_mimebundle_()[PLOTLY])
    np.testing.assert_allclose(shown, log10 - log10[:, :1], rtol=1e-5, atol=1e-6)


def test_the_still_picture_has_the_colours_of_the_cells():
    flow = gf.gradient_flow(
        gf.RNN(0.5, 1e-3, activation="identity"), [1.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    )
    pixels = picture(flow._repr_mimebundle_()["text/html"])
    assert pixels.shape == (6, 6, 3)
    assert tuple(pixels[0, 0]) == rgb(SHRUNK[-1])  # 1, the bright end
    assert tuple(pixels[5, 2]) == rgb(SHRUNK[2])  # 10^-6, half of the scale
    assert tuple(pixels[5, 5]) == rgb(SHRUNK[0])  # 10^-15, below the dark end
    assert tuple(pixels[3, 2]) == rgb(ZERO_TOO)
    assert tuple(pixels[4, 3]) == rgb(ZERO_TOO)
    assert tuple(pixels[2, 1]) == rgb(ZERO_TOO)
    assert tuple(pixels[0, 5]) == (255, 255, 255)


def test_nothing_is_fetched_and_a_long_flow_stays_small():
    flow = gf.gradient_flow(gf.RNN(0.5, 0.9), gf.sequences.ones(500))
    shown = flow._repr_mimebundle_()
    html = shown["text/html"]
    assert "<script" not in html
    assert not re.search(r"https?://|//cdn", html)
    assert picture(html).shape == (250, 250, 3)
    assert "largest of 2 × 2" in html
    assert len(html) < 50_000


def test_without_plotly_it_is_text_and_the_core_does_not_import_it():
    program = (
        "import sys; sys.modules['plotly'] = None; import gradflow as gf;"
        "flow = gf.gradient_flow(gf.RNN(0.5, 0.9), [1.0, 2.0]);"
        "shown = flow._repr_mimebundle_();"
        "print(shown == {'text/plain': repr(flow)})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "True"


def test_layers_that_read_both_ways_show_the_square_of_target_and_source_steps():
    both = gf.Bidirectional(gf.RNN(0.5, 0.9), gf.RNN(0.5, 0.9), merge="sum")
    flow = gf.gradient_flow(gf.BidirectionalStack([both, both]), gf.sequences.ones(9))
    shown = flow._repr_mimebundle_()
    log10 = flow.log10("w_x", 0, "forward")
    relative = log10 - log10.max(axis=1, keepdims=True)
    np.testing.assert_allclose(terms(shown[PLOTLY]), relative, atol=1e-6)
    assert "RNN, layer 0, forward" in shown["text/html"]
    assert "source step j" in shown["text/html"]
    assert (picture(shown["text/html"])[relative == 0.0] == rgb(SHRUNK[-1])).all()
