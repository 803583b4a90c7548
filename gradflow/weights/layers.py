"""Recurrent layers as read from a file, and the cells they make."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gradflow.cells import GRU, LSTM, RNN, Cell, Stack
from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import ChoiceError, Tensor, listed, shown

# What a layer can be: the values of `cell=`.
KINDS = ("rnn_tanh", "rnn_relu", "lstm", "gru", "gru_reset_before")
# What a layer of so many gates can be.
KINDS_BY_GATES = {1: KINDS[:2], 3: KINDS[3:], 4: KINDS[2:3]}


@dataclass(frozen=True, eq=False)
class Layer:
    """One recurrent layer, its gates on axis 0 in gradflow's order.

    The order is i, f, c, o for an LSTM and r, z, n for a GRU.

    Attributes
    ----------
    name : str
        Where it stands in the file.
    kind : str
        One of KINDS.
    dtype : str
        How its recurrent weights are stored.
    w_x : array of shape (gates, H, D)
        Input weights.
    w_h : array of shape (gates, H, H)
        Recurrent weights.
    b : array of shape (gates, H)
        Biases.
    b_hn : array of shape (H,) or None
        The bias inside the reset gate, of the kind "gru" alone.
    """

    name: str
    kind: str
    dtype: str
    w_x: Array
    w_h: Array
    b: Array
    b_hn: Array | None = None

    @property
    def H(self) -> int:
        """Hidden size."""
        return self.w_x.shape[1]

    @property
    def D(self) -> int:
        """Input size."""
        return self.w_x.shape[2]


@dataclass(frozen=True)
class Module:
    """The tensors of one recurrent module of a file, not yet read.

    Attributes
    ----------
    name : str
        Its name in the file, "" where there is none.
    family : str
        Modules of one family are layers of one stack, in the order of their names; "" for a module
        that has its layers inside it.
    tensors : mapping
        Its tensors, by their names within it.
    layers : callable
        What reads them: from the module and the user's `cell` to its layers.
    unsupported : str
        What of it is not supported, as a sentence; "" where all is.
    """

    name: str
    family: str
    tensors: Mapping[str, Tensor]
    layers: Callable[[Module, str | None], list[Layer]]
    unsupported: str

    def label(self, name: str) -> str:
        """The full name of one of its tensors, fit for a sentence; also of one it lacks."""
        tensor = self.tensors.get(name)
        return shown(tensor.name if tensor else ".".join(filter(None, (self.name, name))))


def one_direction(name: str) -> str:
    """What is said of a layer that runs backwards."""
    return (
        "The layers must run in one direction: bidirectional layers are not supported. "
        f"Got {shown(name)}."
    )


def gate_count(label: str, wide: int, H: int) -> int:
    """How many gates a recurrent weight of H columns and `wide` rows has.

    Raises
    ------
    ValueError
        If no cell has as many.
    """
    gates, rest = divmod(wide, H) if H else (0, 0)
    if rest or gates not in KINDS_BY_GATES:
        raise ValueError(
            f"{label} must be H by H, 3 H by H or 4 H by H, for an RNN, a GRU or an LSTM. "
            f"Got {wide} by {H}."
        )
    return gates


def chosen_kind(name: str, kinds: Sequence[str], cell: str | None) -> str:
    """The kind of a layer: the only one its weights allow, or the one the user says.

    Raises
    ------
    ChoiceError
        If the weights allow several and `cell` is None, or if they do not allow `cell`.
    """
    kind = kinds[0] if cell is None and len(kinds) == 1 else cell
    if kind is None or kind not in kinds:
        choices = " or ".join(f'"{choice}"' for choice in kinds)
        reason = "its weights do not tell which" if len(kinds) > 1 else "its weights say so"
        place = shown(name) if name else "the layer"
        message = f"cell must be {choices} for {place}: {reason}. Got {cell!r}."
        raise ChoiceError(message, "cell", kinds)
    return kind


def check_shape(label: str, shape: tuple[int, ...], allowed: Sequence[tuple[int, ...]]) -> None:
    """Raise ValueError unless a tensor has one of the shapes that its neighbours ask for."""
    if shape not in allowed:
        rule = listed(map(str, allowed), "or")
        raise ValueError(f"{label} must have shape {rule} to match its layer. Got {shape}.")


def check_matrix(label: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a tensor is a matrix with something in it."""
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{label} must be a matrix. Got shape {shape}.")


def cell_of(layers: Sequence[Layer]) -> Cell:
    """The cell of one layer, or the stack of several.

    Raises
    ------
    ValueError
        If a layer does not take what the one before it gives.
    """
    for below, above in itertools.pairwise(layers):
        if above.D != below.H:
            raise ValueError(
                f"prefix must name layers that fit: {shown(above.name)} takes {above.D} inputs. "
                f"Got {below.H} from {shown(below.name)}."
            )
    cells = [_cell(layer) for layer in layers]
    return cells[0] if len(cells) == 1 else Stack(cells)


def _cell(layer: Layer) -> Cell:
    if layer.kind == "lstm":
        return LSTM(layer.w_x, layer.w_h, layer.b)
    if layer.kind.startswith("gru"):
        after = layer.kind == "gru"
        return GRU(layer.w_x, layer.w_h, layer.b, layer.b_hn, reset_after=after)
    activation = layer.kind.removeprefix("rnn_")
    return RNN(layer.w_x[0], layer.w_h[0], layer.b[0], activation)
