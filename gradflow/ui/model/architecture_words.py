"""Sentences and tables on the architecture of the user's model, as it was read."""

from __future__ import annotations

from collections.abc import Sequence

from gradflow.figures.builders.number_words import number
from gradflow.ui.model.architecture import GateWeights, KeepingBias
from gradflow.ui.model.words import SUM
from gradflow.weights.model import KIND_WORDS, LayerSource, Model

ARCHITECTURE = "The architecture as read"
ASSUMED = "As read, and what was assumed:"


def layers(model: Model) -> dict[str, list[str]]:
    """The table of the layers as they stood in the file, by column."""
    return {
        "Layer": [str(place) for place in range(len(model.layers))],
        "Name": [layer.name or "–" for layer in model.layers],
        "Kind": [_kind(layer) for layer in model.layers],
        "D": [str(layer.D) for layer in model.layers],
        "H": [layer.size for layer in model.layers],
        "Stored as": [layer.dtype for layer in model.layers],
    }


def gates(found: Sequence[GateWeights]) -> dict[str, list[str]]:
    """The table of the gates' weights, by column."""
    return {
        "Layer": [one.layer for one in found],
        "Gate": [one.gate or "–" for one in found],
        "Mean bias": [number(one.bias) for one in found],
        "Spectral radius of the recurrent weights": [number(one.radius) for one in found],
    }


def keeping_bias(found: KeepingBias) -> str:
    """A line on the bias that keeps a layer's state, as Markdown."""
    what = "Forget bias" if found.name == "b_f" else "Bias of the update gate"
    return (
        f"{what} ${found.name}$ of layer {found.layer}: mean **{number(found.mean)}**, from "
        f"{number(found.least)} to {number(found.most)}."
    )


def short(model: Model, outputs: int) -> str:
    """The architecture in one line, as plain text."""
    sizes = " → ".join(f"{_kind(layer)}, H = {layer.size}" for layer in model.layers)
    name = model.readout_layer
    alone = ", the only one that fits" if model.readout_assumed else ""
    readout = SUM if name is None else f"linear layer {name}, {outputs}{alone}"
    return f"{_inputs(model)} → {sizes} → {readout}"


def _inputs(model: Model) -> str:
    """What goes into the first layer, and what lies in front of it."""
    if model.embedding is None:
        return f"D = {model.layers[0].D}"
    tokens, D = model.embedding.shape
    assumed = "" if model.embedding_told else ", assumed to lie in front"
    return f"token ids → embedding, {tokens} × {D}{assumed}"


def _kind(layer: LayerSource) -> str:
    return f"{KIND_WORDS[layer.kind]}{', both ways' if layer.both_ways else ''}"
