"""MLX' names: Wx, Wh and bias of an LSTM; Wx, Wh, b and bhn of a GRU; Wxh, Whh and bias of an RNN.

References
----------
MLX' source, python/mlx/nn/layers/recurrent.py: the gates are i, f, g, o and r, z, n, and bhn is
inside the reset gate. Weights are (units, inputs), in older versions (inputs, units).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gradflow.weights.gate_blocks import GateBlocks, Source, layer_of
from gradflow.weights.layers import Answers, Layer, Module, Told
from gradflow.weights.tensors import Tensor, by_prefix

NAME = re.compile(r"(?P<prefix>(?:.*[./])?)(?P<name>Wxh?|Wh|Whh|bias|b|bhn)", re.DOTALL)
NAMES = "the names, which are MLX's"
ASSUMED = f"assumed from {NAMES}"
# What a layer has beside its weights; "Wx" and "Wh" alone are names that others use as well.
LAYERS = {
    frozenset({"Wx", "Wh", "bias"}): Source(Told(kind="lstm"), "ifco", ASSUMED, NAMES),
    frozenset({"Wx", "Wh", "b", "bhn"}): Source(Told(kind="gru"), "rzn", ASSUMED, NAMES),
    frozenset({"Wxh", "Whh", "bias"}): Source(),
    frozenset({"Wxh", "Whh"}): Source(),
}


def mlx_modules(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules whose recurrent weights are named as MLX names them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    """
    groups = by_prefix(tensors, NAME)
    return [
        Module(prefix.rstrip("./"), prefix, group, _layers)
        for prefix, group in groups.items()
        if frozenset(group) in LAYERS
    ]


def _layers(module: Module, answers: Answers) -> list[Layer]:
    group = module.tensors
    blocks = GateBlocks(
        group.get("Wx") or group["Wxh"],
        group.get("Wh") or group["Whh"],
        b_x=group.get("bias") or group.get("b"),
        b_hn=group.get("bhn"),
    )
    return [layer_of(module.name, blocks, answers, LAYERS[frozenset(group)])]
