"""The Python that the page offers for an uploaded file runs by itself, and reads the same model."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.needed import go_without, needed_module

import gradflow as gf
from gradflow.ui.model import exports
from gradflow.ui.model.objective import chosen_objective
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.uploads import Upload

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
ROOT = Path(__file__).parents[3]
KERAS = ROOT / "tests" / "weights" / "keras_models"
SETTINGS = ModelSettings(sequence="noise", T=12, seed=5, added=1.5)


def network():
    torch.manual_seed(9)
    return torch.nn.ModuleDict(
        {"left": torch.nn.LSTM(3, 4), "right": torch.nn.RNN(3, 4), "head": torch.nn.Linear(4, 1)}
    )


def of_pytorch(**said):
    content = io.BytesIO()
    torch.save(network().state_dict(), content)
    return Upload("my model's.pt", content.getvalue(), **said)


@pytest.mark.filterwarnings("ignore")
def of_onnx():
    try:
        import onnx  # noqa: F401
    except ModuleNotFoundError:
        go_without("needs ONNX")
    content = io.BytesIO()
    torch.onnx.export(network()["left"], (torch.zeros(5, 1, 3),), content, dynamo=False)
    return Upload("model.onnx", content.getvalue())


def of_keras(name, **said):
    return Upload(name, (KERAS / name).read_bytes(), **said)


UPLOADS = {
    "pytorch": lambda: of_pytorch(prefix="left"),
    "pytorch, what was asked": lambda: of_pytorch(prefix="right", cell="rnn_relu"),
    "pytorch, the sum": lambda: of_pytorch(prefix="left", readout=None),
    "onnx": of_onnx,
    "h5": lambda: of_keras("gru_reset_before.h5"),
    "keras": lambda: of_keras("bidirectional.keras", direction="reverse"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", UPLOADS)
def test_it_runs_in_a_new_interpreter_and_prints_the_term_of_the_page(kind, tmp_path):
    upload = UPLOADS[kind]()
    model = upload.model()
    x = np.random.default_rng(5).standard_normal((12, model.cell.D))
    aim = chosen_objective(model, (), Sequence(x), SETTINGS)
    (tmp_path / upload.name).write_bytes(upload.data)
    (tmp_path / "code.py").write_text(exports.snippet(upload, model, SETTINGS, aim, (0, "b")))
    answer = subprocess.run(
        [sys.executable, "code.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = gf.gradient_flow(model, x, loss=aim.loss).log10("b", layer=0)[-1, -1]
    assert float(answer.stdout) == expected
