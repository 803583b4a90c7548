"""The loss that the page looks at: what it is of, and what the model reads for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

import gradflow as gf
from gradflow.flow.forward import forward_pass
from gradflow.losses import Loss
from gradflow.numerics.scaled import Array
from gradflow.ui.model import long_runs
from gradflow.ui.model.sequence import Sequence
from gradflow.ui.model.settings import WITH_TARGETS, ModelSettings

Key = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss, and the sequence it is of.

    Attributes
    ----------
    given : Sequence
        What the model reads; a symbol that is a target alone is not in it.
    loss : Loss
        L_t as a function of the outputs.
    kind : str
        Which of the choices of the page it is.
    output : int or None
        The output that it is, where there are several.
    is_largest : bool
        Whether it is that output because it is the largest at the last step.
    first_choice : bool
        Whether the page has chosen it.
    outputs : int
        How many outputs the readout has.
    weights : array of shape (T,)
        w_t of the loss of all steps together.
    last_alone : bool
        Whether the last step alone has a loss, so that no other target is carried back.
    """

    given: Sequence
    loss: Loss
    kind: str
    output: int | None
    is_largest: bool
    first_choice: bool
    outputs: int
    weights: Array
    last_alone: bool = False

    @property
    def key(self) -> Key:
        """A key of the inputs and the loss, without the weights of the steps."""
        target = b"" if self.given.target is None else self.given.target.tobytes()
        digest = hashlib.sha256(self.given.x.tobytes() + target).hexdigest()
        return digest, self.given.x.shape, self.kind, self.output, self.last_alone


def kinds(model: gf.Model) -> tuple[str, ...]:
    """The losses that a model's readout can have."""
    outputs = output_count(model)
    if outputs == 1:
        return ("fits", "output", "squared", "binary")
    symbols = model.cell.D if model.embedding is None else len(model.embedding)
    return ("fits", "output", *(("next",) if outputs == symbols else ()), "classes")


def output_count(model: gf.Model) -> int:
    """Outputs of the model's readout."""
    return len(model.readout.w_o) if model.readout.w_o.ndim == 2 else 1


def chosen_objective(
    model: gf.Model, weights: Key, given: Sequence, settings: ModelSettings
) -> Objective:
    """The loss that the settings choose.

    Parameters
    ----------
    model : Model
        The model.
    weights : tuple
        A key of its weights and its readout.
    given : Sequence
        What there is to read; steps that the settings mask are left out of it.
    settings : ModelSettings
        The page's settings. A loss that the model or the sequence cannot have gives way to the
        first choice: the next symbol where that can be, and else the largest output of the last
        step. The outputs of a classifier are never added up: a softmax ignores their sum.

    Raises
    ------
    ValueError
        If no step counts, or the targets are not such as the loss takes.
    """
    given = given.without(settings.skip, settings.padding)
    outputs = output_count(model)
    kind, first_choice = _kind(model, given, settings)
    if kind == "next":
        target = gf.sequences.next_symbols(given.x) if given.ids is None else given.ids[1:]
        given = replace(given.shortened(len(target)), target=target)
    output, is_largest = None, False
    if kind == "output" and outputs > 1:
        is_largest = not 0 <= settings.output < outputs
        output = _largest_output(model, weights, given) if is_largest else settings.output
        first_choice = first_choice and is_largest
    loss, w_t = _loss(kind, output, given, model), _step_weights(given, settings)
    last = settings.steps == "last"
    return Objective(given, loss, kind, output, is_largest, first_choice, outputs, w_t, last)


def _loss(kind: str, output: int | None, given: Sequence, model: gf.Model) -> Loss:
    if kind == "output":
        return gf.UnitLoss(output)
    if kind in ("next", "classes"):
        return gf.SoftmaxCrossEntropy(given.target)
    loss = gf.SquaredError if kind == "squared" else gf.BinaryCrossEntropy
    target = np.asarray(given.target)
    return loss(target if model.readout.w_o.ndim < 2 else target[:, None])


def _kind(model: gf.Model, given: Sequence, settings: ModelSettings) -> tuple[str, bool]:
    """The kind of the loss, and whether it is the first choice."""
    possible = set(kinds(model)) - {"fits"}
    if given.target is None:
        possible -= set(WITH_TARGETS)
    if not _is_symbols(given):
        possible -= {"next"}
    if settings.loss in possible:
        return settings.loss, False
    return ("next" if "next" in possible else "output"), True


def _is_symbols(given: Sequence) -> bool:
    """Whether each step is a token, or a single 1 among zeros, and there is a next one."""
    x = given.x
    if given.ids is not None:
        return len(x) > 1
    return len(x) > 1 and bool(((x == 0) | (x == 1)).all() and (x.sum(axis=1) == 1).all())


def _largest_output(model: gf.Model, weights: Key, given: Sequence) -> int:
    """The output that is the largest at the last step."""

    def make() -> int:
        return int(np.argmax(forward_pass(model, given.x, None, gf.UnitLoss(), None).trace.o[-1]))

    key = (*weights, hashlib.sha256(given.x.tobytes()).hexdigest(), given.x.shape)
    return long_runs.kept("largest_output", key, make)


def _step_weights(given: Sequence, settings: ModelSettings) -> Array:
    T = len(given.x)
    if settings.steps == "last":
        return np.eye(T)[-1]
    if given.weights is not None:
        return given.weights
    return np.full(T, 1 / T if settings.weights == "mean" else 1.0)
