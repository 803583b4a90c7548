"""The lines that write a model of another library as a file that is read here."""

from __future__ import annotations

PYTORCH_LINES = """\
from safetensors.torch import save_file
save_file(model.state_dict(), "model.safetensors")"""
NUMPY_LINES = """\
import numpy as np
np.savez("model.npz", **weights)"""
KERAS_LINES = """\
import numpy as np
np.savez("model.npz", config=model.to_json(), **{w.path: w.numpy() for w in model.weights})"""
ONNX_LINES = """\
import onnx
onnx.save(onnx.load("model.onnx"), "whole.onnx")"""
