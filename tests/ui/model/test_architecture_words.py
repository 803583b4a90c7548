"""The line under a model's name: what goes in, the layers, and what is read out."""

from dataclasses import replace

import numpy as np
from ui.model.model_app import pytorch

import gradflow as gf
from gradflow.ui.model.architecture_words import short

HEAD = {"head.weight": np.ones((6, 4), np.float32)}


def test_the_inputs_come_first():
    model = gf.from_state_dict(pytorch() | HEAD, readout="head")
    assert short(model, 6) == "D = 3 → LSTM, H = 4 → linear layer head, 6"


def test_an_embedding_in_front_is_part_of_the_line():
    table = np.ones((50, 3), np.float32)
    model = gf.from_state_dict(pytorch() | HEAD | {"embedding.weight": table}, readout="head")
    rest = "LSTM, H = 4 → linear layer head, 6"
    assert short(model, 6) == (f"token ids → embedding, 50 × 3, assumed to lie in front → {rest}")
    told = replace(model, embedding_told=True)
    assert short(told, 6) == f"token ids → embedding, 50 × 3 → {rest}"
