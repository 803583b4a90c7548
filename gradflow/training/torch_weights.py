"""A network's weights as PyTorch names them, in a file that it loads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from gradflow.cells import GRU, RNN
from gradflow.numerics.scaled import Array
from gradflow.training.networks import Layer, Network

_ALIGNED = 8


def save_weights(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a .safetensors file that PyTorch loads.

    Parameters
    ----------
    network : Network
    path : path
        Where to. "recurrent." and "readout." stand before PyTorch's own names of its `nn.RNN`,
        `nn.LSTM` or `nn.GRU` and of its `nn.Linear`; the metadata tells how both are made.

    References
    ----------
    The format: https://github.com/huggingface/safetensors#format

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import gradflow as gf
    >>> from gradflow import training
    >>> run = training.train(training.TrainingSettings(delay=5, hidden=4, updates=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "lstm.safetensors"
    ...     training.save_weights(run.checkpoints[-1].network, file)
    ...     gf.load(file)
    Model(LSTM(H=4, D=6), torch)
    """
    Path(path).write_bytes(weights_bytes(network))


def weights_bytes(network: Network) -> bytes:
    """The bytes of that file."""
    tensors = by_torch_name(network)
    header: dict[str, object] = {"__metadata__": _modules(network)}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F64", "shape": tensor.shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)  # so that the numbers begin where they may be mapped
    numbers = (np.ascontiguousarray(tensor, "<f8").tobytes() for tensor in tensors.values())
    return b"".join((len(text).to_bytes(8, "little"), text, *numbers))


def by_torch_name(network: Network) -> dict[str, Array]:
    """Every array by the name that PyTorch has for it, with a second bias for each gate."""
    cell, readout = network.cell, network.readout
    H = cell.H
    w_h = cell.w_s if isinstance(cell, RNN) else cell.w_h
    second = np.zeros(cell.b.size)
    if isinstance(cell, GRU) and cell.reset_after:
        second[2 * H :] = cell.b_hn
    return {
        "recurrent.weight_ih_l0": cell.w_x.reshape(-1, cell.D),
        "recurrent.weight_hh_l0": w_h.reshape(-1, H),
        "recurrent.bias_ih_l0": cell.b.reshape(-1),
        "recurrent.bias_hh_l0": second,
        "readout.weight": readout.w_o,
        "readout.bias": readout.b_o,
    }


def _modules(network: Network) -> dict[str, str]:
    """How the modules are made, beside the mark of files that PyTorch wrote."""
    cell = network.cell
    return {
        "format": "pt",
        "recurrent": f"torch.nn.{_class_name(cell)}, dtype=torch.float64)",
        "readout": f"torch.nn.Linear({cell.H}, {len(network.readout.w_o)}, dtype=torch.float64)",
    }


def _class_name(cell: Layer) -> str:
    kind = f"{type(cell).__name__}({cell.D}, {cell.H}"
    return f"{kind}, nonlinearity={cell.activation!r}" if isinstance(cell, RNN) else kind
