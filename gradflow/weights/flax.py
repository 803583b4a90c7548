"""Flax's names: hi, hf, hg, ho and ii, if, ig, io, each with a kernel, or dense_h and dense_i.

References
----------
Flax' source, flax/linen/recurrent.py and flax/nnx/nn/recurrent.py: an LSTMCell or OptimizedLSTMCell
has the gates i, f, g, o and its biases in the layers of the state; a GRUCell has r, z, n, its
biases in the layers of the input and, in linen, that of hn inside the reset gate. Kernels are
(inputs, units). nnx has some cells with one kernel for all gates side by side, and calls "if"
if_.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gradflow.weights.gate_blocks import GateBlocks, Source, joined, layer_of
from gradflow.weights.layers import Answers, Layer, Module, Told
from gradflow.weights.tensors import Tensor, shown

NAME = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?:(?P<side>[ih])(?P<gate>[ifgorzn]?)_?|dense_(?P<whole>[ih]))"
    r"[./](?P<part>kernel|bias)",
    re.DOTALL,
)
ORDERS = {frozenset("ifgo"): "ifgo", frozenset("rzn"): "rzn", frozenset({""}): ""}
ORDER_BY_GATES = {1: "", 3: "rzn", 4: "ifgo"}
RESIDUAL = "Without the residual connection of a SimpleCell: assumed, as it has no weights."


def flax_modules(tensors: Mapping[str, Tensor]) -> list[Module]:
    """The modules whose recurrent weights are named as Flax names them.

    Parameters
    ----------
    tensors : mapping
        All tensors of the file.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if found := NAME.fullmatch(name):
            side = found["whole"] or found["side"]
            gate = "all" if found["whole"] else found["gate"]
            groups.setdefault(found["prefix"], {})[f"{side}{gate}.{found['part']}"] = tensor
    return [
        Module(prefix.rstrip("./"), prefix, group, _layers, _unsupported(prefix, group))
        for prefix, group in groups.items()
        if any(key in group for key in ("hall.kernel", "h.kernel", "hn.kernel", "hi.kernel"))
    ]


def _unsupported(prefix: str, group: Mapping[str, Tensor]) -> str:
    gates = _gates(group)
    if gates == {"all"} or gates in ORDERS:
        return ""
    place = shown(prefix.rstrip("./")) if prefix else "the gates"
    return (
        "The cells must be an LSTMCell, GRUCell or SimpleCell of Flax. "
        f"Got {place} with {', '.join(sorted(gates))}."
    )


def _layers(module: Module, answers: Answers) -> list[Layer]:
    group = module.tensors
    whole = any(key.startswith(("hall.", "iall.")) for key in group)
    order = _order_of_whole(group) if whole else ORDERS[_gates(group)]
    gates = "all" if whole else order
    b_hn = None
    if _gates(group) == frozenset("rzn") and {"hr.bias", "hz.bias"}.isdisjoint(group):
        b_hn = group.get("hn.bias")
    blocks = GateBlocks(
        _kernel(module, "i", gates),
        _kernel(module, "h", gates),
        _together(module, "i", gates, "bias"),
        None if b_hn else _together(module, "h", gates, "bias"),
        b_hn,
        units_first=False,
    )
    told = Told(kind="gru" if order == "rzn" else None, notes=() if order else (RESIDUAL,))
    source = Source(told, order, "assumed from the names, which are Flax's")
    return [layer_of(module.name, blocks, answers, source)]


def _gates(group: Iterable[str]) -> frozenset[str]:
    """The gates that tensors of their own have."""
    return frozenset(key[1:].split(".")[0] for key in group)


def _order_of_whole(group: Mapping[str, Tensor]) -> str:
    """The order of the gates that one kernel has side by side; "" where it is that of no cell."""
    kernel = group.get("hall.kernel")
    if kernel is None or len(kernel.shape) != 2 or not kernel.shape[0]:
        return ""
    return ORDER_BY_GATES.get(kernel.shape[1] // kernel.shape[0], "")


def _kernel(module: Module, side: str, gates: str) -> Tensor:
    kernel = _together(module, side, gates, "kernel")
    if kernel is None:
        raise ValueError(
            f"{module.label(f'{side}.kernel')} must be in the file beside its layer's weights."
        )
    return kernel


def _together(module: Module, side: str, gates: str, part: str) -> Tensor | None:
    """The tensors of all gates side by side; None where no gate has one."""
    keys = [f"{side}{gate}.{part}" for gate in ([gates] if gates in ("all", "") else gates)]
    found = [module.tensors[key] for key in keys if key in module.tensors]
    if not found:
        return None
    missing = next((key for key in keys if key not in module.tensors), None)
    if missing is not None:
        raise ValueError(
            f"{module.label(missing)} must be in the file, as {shown(found[0].name)} is."
        )
    return found[0] if len(found) == 1 else joined(f"{module.label(side)} {part}", found)
