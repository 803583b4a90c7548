"""Recurrent layers as read from a file, and the cells they make."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradflow.cells import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    BidirectionalStack,
    Cell,
    ProjectedLSTM,
    Stack,
)
from gradflow.numerics.activations import ACTIVATIONS
from gradflow.numerics.scaled import Array
from gradflow.weights.tensors import ChoiceError, Tensor, listed, shown

GATED = ("lstm", "gru", "gru_reset_before")
# Activations by one name each.
ACTIVATION_NAMES = tuple(name for name in ACTIVATIONS if name != "identity")
RNN_KINDS = tuple(f"rnn_{name}" for name in ACTIVATION_NAMES)
# What a layer can be: the values of `cell=`.
KINDS = ("rnn_tanh", "rnn_relu", *GATED, *sorted({*RNN_KINDS} - {"rnn_tanh", "rnn_relu"}))
# What is said of a layer that runs backwards.
FROM_THE_END = (
    "Reads the sequence from its end: hand in x[::-1]. Step t is then the t-th element from the "
    "end, and lag k goes k - 1 elements towards the end."
)
# What a layer of so many gates can be.
KINDS_BY_GATES = {1: RNN_KINDS, 3: GATED[1:], 4: GATED[:1]}


@dataclass(frozen=True)
class Answers:
    """What a user says of a file: arguments of `load` that are None where nothing is said."""

    cell: str | None = None
    activation: str | None = None
    recurrent_activation: str | None = None
    gates: str | None = None
    names: Any = None
    direction: str | None = None
    merge: str | None = None


@dataclass(frozen=True)
class Told:
    """What is told of a layer beside its tensors; None and "" where nothing is.

    Attributes
    ----------
    source : str
        What tells it, fit for a sentence: "the configuration in the file".
    kind, activation, recurrent_activation
        As `Layer` has them.
    unsupported : str
        What of it is not supported, as a sentence.
    notes : tuple of str
        What else is to be known of it, sentences.
    merge : str or None
        How the directions of a bidirectional layer are joined; "apart" where they are not.
    """

    source: str = ""
    kind: str | None = None
    activation: str | None = None
    recurrent_activation: str | None = None
    unsupported: str = ""
    notes: tuple[str, ...] = ()
    merge: str | None = None


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
    activation, recurrent_activation : str
        Of an LSTM or a GRU.
    known_from : tuple of str
        Where its gates' order and its activations are known from, sentences.
    direction : {"forward", "reverse"}
        "reverse" if it reads the sequence from its end.
    start : mapping
        Starting states by their names in the cell, arrays of shape (H,); 0 where there is none.
    reverse : Layer or None
        The layer that reads the same inputs from their end, of a bidirectional layer.
    merge : str or None
        How both are joined, as `Bidirectional` has it.
    w_p : array of shape (P, H) or None
        The projection of an LSTM's hidden state; w_h has P columns then.
    """

    name: str
    kind: str
    dtype: str
    w_x: Array
    w_h: Array
    b: Array
    b_hn: Array | None = None
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    known_from: tuple[str, ...] = ()
    direction: str = "forward"
    start: Mapping[str, Array] = field(default_factory=dict)
    reverse: Layer | None = None
    merge: str | None = None
    w_p: Array | None = None

    @property
    def width(self) -> int:
        """How many numbers it hands on."""
        own = self.H if self.w_p is None else len(self.w_p)
        side_by_side = self.reverse is not None and self.merge == "concat"
        return own + (self.reverse.width if self.reverse and side_by_side else 0)

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
    stem : str
        How the names of its tensors begin, and of all that lies beside them.
    tensors : mapping
        Its tensors, by their names within it.
    layers : callable
        What reads them: from the module and the user's answers to its layers.
    unsupported : str
        What of it is not supported, as a sentence; "" where all is.
    told : Told
        What the file or the live module tells of it beside the tensors.
    """

    name: str
    stem: str
    tensors: Mapping[str, Tensor]
    layers: Callable[[Module, Answers], list[Layer]]
    unsupported: str = ""
    told: Told = field(default_factory=Told)

    @property
    def used(self) -> set[str]:
        """Names of all its tensors, and of the parts that they are made of."""
        return {name for tensor in self.tensors.values() for name in (tensor.name, *tensor.parts)}

    def label(self, name: str) -> str:
        """The full name of one of its tensors, fit for a sentence; also of one it lacks."""
        tensor = self.tensors.get(name)
        return shown(tensor.name if tensor else ".".join(filter(None, (self.name, name))))


def check_direction(layers: Sequence[Layer], answers: Answers) -> None:
    """Raise ValueError unless all layers run in one direction, and in the one that is said."""
    said = answers.direction or layers[0].direction
    for layer in layers:
        if layer.direction != said:
            raise ValueError(
                f'direction must be "{layer.direction}" for {shown(layer.name)}, which runs in '
                f"this direction alone. Got {said!r}."
            )


def initial_state_of(layers: Sequence[Layer]) -> dict[str, Array]:
    """The starting states by their names in the cell that `cell_of` makes of the layers."""
    if any(layer.reverse for layer in layers):
        return {
            f"{number}.{direction}.{name}": value
            for number, layer in enumerate(layers)
            for direction, part in (("forward", layer), ("reverse", layer.reverse))
            if part is not None
            for name, value in part.start.items()
        }
    return {
        f"{number}.{name}" if len(layers) > 1 else name: value
        for number, layer in enumerate(layers)
        for name, value in layer.start.items()
    }


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


def chosen_kind(
    name: str, kinds: Sequence[str], answers: Answers, told: Told, usual: Sequence[str] = ()
) -> str:
    """The kind of a layer: the only one its weights allow, the one that is told, or the user's.

    Parameters
    ----------
    name : str
        The layer.
    kinds : sequence of str
        What the weights allow.
    answers, told
        What the user and the file say.
    usual : sequence of str, optional
        What is offered, if not all that is allowed.

    Raises
    ------
    ChoiceError
        If the weights allow several and none is said, or if they do not allow the one that is.
    """
    said = told.kind or answers.cell
    if said is None and answers.activation is not None and kinds[0].startswith("rnn_"):
        said = f"rnn_{answers.activation}"
    kind = kinds[0] if said is None and len(kinds) == 1 else said
    if kind is None or kind not in kinds:
        offered = tuple(usual or kinds)
        choices = " or ".join(f'"{choice}"' for choice in offered)
        reason = "its weights do not tell which" if len(kinds) > 1 else "its weights say so"
        place = shown(name) if name else "the layer"
        message = f"cell must be {choices} for {place}: {reason}. Got {said!r}."
        raise ChoiceError(message, "cell", offered)
    return kind


def chosen_activations(
    name: str, answers: Answers, told: Told, assumed: str
) -> tuple[str, str, tuple[str, ...]]:
    """The activation and the recurrent activation of an LSTM or GRU, and where they are known from.

    Parameters
    ----------
    name : str
        The layer.
    answers, told
        What the user and the file say.
    assumed : str
        What tanh and sigmoid are assumed from where nothing is said; "" where the user is asked.

    Raises
    ------
    ChoiceError
        If one is not said.
    """
    found, known = [], []
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    for argument, name_of_usual in usual.items():
        from_file, from_user = getattr(told, argument), getattr(answers, argument)
        if from_file is None and from_user is None and not assumed:
            place = shown(name) if name else "the layer"
            raise ChoiceError(
                f"{argument} must be said for {place}, as the file does not: "
                f'"{name_of_usual}" if it was not set. It can be {listed(ACTIVATION_NAMES, "or")}.',
                argument,
                ACTIVATION_NAMES,
            )
        if from_file is not None and from_user not in (None, from_file):
            raise ValueError(
                f'{argument} must be "{from_file}" for {shown(name)}, as told by {told.source}. '
                f"Got {from_user!r}."
            )
        if from_file is not None:
            source = f"told by {told.source}"
        else:
            source = "as you said" if from_user is not None else f"assumed from {assumed}"
        found.append(from_file or from_user or name_of_usual)
        known.append(source)
    if known[0] == known[1]:
        return found[0], found[1], (f"Activations {found[0]} and {found[1]}: {known[0]}.",)
    sentences = (
        f"Activation {found[0]}: {known[0]}.",
        f"Recurrent activation {found[1]}: {known[1]}.",
    )
    return found[0], found[1], sentences


def check_shape(label: str, shape: tuple[int, ...], allowed: Sequence[tuple[int, ...]]) -> None:
    """Raise ValueError unless a tensor has one of the shapes that its neighbours ask for."""
    if shape not in allowed:
        rule = listed(map(str, allowed), "or")
        raise ValueError(f"{label} must have shape {rule} to match its layer. Got {shape}.")


def check_matrix(label: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a tensor is a matrix with something in it."""
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{label} must be a matrix. Got shape {shape}.")


def projected_units(w_h: Tensor, w_p: Tensor) -> int:
    """The units H of an LSTM, of which a projection (P, H) makes the P columns of w_h.

    Raises
    ------
    ValueError
        If the two do not fit.
    """
    check_matrix(shown(w_p.name), w_p.shape)
    P, H = w_p.shape
    check_shape(shown(w_h.name), w_h.shape, [(4 * H, P)])
    return H


def cell_of(layers: Sequence[Layer]) -> Cell | BidirectionalStack:
    """The cell of one layer, or the stack of several; of a bidirectional one always a stack.

    Raises
    ------
    ValueError
        If a layer does not take what the one before it gives.
    """
    for below, above in itertools.pairwise(layers):
        if below.width != above.D:
            raise ValueError(
                f"prefix must name layers that fit: {shown(above.name)} takes {above.D} inputs. "
                f"Got {below.width} from {shown(below.name)}."
            )
    if any(layer.reverse for layer in layers):
        return BidirectionalStack([_both(layer) for layer in layers])
    cells = [_cell(layer) for layer in layers]
    return cells[0] if len(cells) == 1 else Stack(cells)


def _both(layer: Layer) -> Cell | Bidirectional:
    if layer.reverse is None:
        return _cell(layer)
    return Bidirectional(_cell(layer), _cell(layer.reverse), layer.merge or "concat")


def _cell(layer: Layer) -> Cell:
    squashes = (layer.activation, layer.recurrent_activation)
    if layer.w_p is not None:
        return ProjectedLSTM(layer.w_x, layer.w_h, layer.b, layer.w_p, *squashes)
    if layer.kind == "lstm":
        return LSTM(layer.w_x, layer.w_h, layer.b, *squashes)
    if layer.kind.startswith("gru"):
        after = layer.kind == "gru"
        return GRU(layer.w_x, layer.w_h, layer.b, layer.b_hn, after, *squashes)
    activation = layer.kind.removeprefix("rnn_")
    return RNN(layer.w_x[0], layer.w_h[0], layer.b[0], activation)
