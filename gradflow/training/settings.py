"""What a training run is made from: the same settings give the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradflow.numerics.validation import finite_number, one_of, shown, whole_number
from gradflow.training.optimisers import OPTIMISERS
from gradflow.training.tasks import TASKS, Task

CELLS = ("rnn", "lstm", "gru")
STARTS = ("default", "orthogonal", "identity")
ACTIVATIONS = ("tanh", "relu")
MOST_HIDDEN = 64


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that a run follows from.

    Attributes
    ----------
    task : {"agreement", "recall", "adding"}
    delay : int
        See the tasks.
    cell : {"rnn", "lstm", "gru"}
    hidden : int
        Hidden units, 1 to 64.
    activation : {"tanh", "relu"}
        Of an RNN.
    start : {"default", "orthogonal", "identity"}
        See `gradflow.training.starts.start`; the identity is for an RNN.
    forget_bias : number, "chrono" or None
        Bias of the gate that keeps the state, at the start: an LSTM's forget gate or a GRU's update
        gate. "chrono" draws ln U(1, T - 1) for each unit, and an LSTM's input bias is its negative.
        None leaves what `start` has.
    optimiser : {"adam", "sgd"}
    rate : float
        Learning rate, above 0.
    momentum : float
        Of "sgd", from 0 to below 1.
    clip_norm, clip_value : float or None
        The most that the norm of the whole gradient, or any of its numbers, may be; above 0.
    chunk : int or None
        Steps of the last chunk, before which the graph is cut. Only the last step has a loss, so
        that chunks before it have no gradient. None for the whole sequence.
    batch : int
        Sequences an update, from 1 on.
    updates : int
        Updates of the weights, from 1 on.
    every : int
        Updates from one checkpoint to the next, from 1 on.
    seed : int
        Of the start and of the batches, from 0 on.

    Raises
    ------
    ValueError
        If a value is not such.

    References
    ----------
    Tallec and Ollivier (2018), "Can recurrent neural networks warp time?", for "chrono".

    Examples
    --------
    >>> from gradflow import training
    >>> training.TrainingSettings(task="adding", cell="gru", delay=30).task_made()
    Task('adding', delay=30, T=31, D=2)
    """

    task: str = "recall"
    delay: int = 20
    cell: str = "lstm"
    hidden: int = 16
    activation: str = "tanh"
    start: str = "default"
    forget_bias: Any = None
    optimiser: str = "adam"
    rate: float = 0.01
    momentum: float = 0.0
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    chunk: int | None = None
    batch: int = 32
    updates: int = 1000
    every: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("task", TASKS),
            ("cell", CELLS),
            ("activation", ACTIVATIONS),
            ("start", STARTS),
            ("optimiser", OPTIMISERS),
        ):
            one_of(name, getattr(self, name), choices)
        whole_number("hidden", self.hidden, 1, MOST_HIDDEN)
        for name, least in (("batch", 1), ("updates", 1), ("every", 1), ("seed", 0)):
            whole_number(name, getattr(self, name), least)
        for name in ("rate", "clip_norm", "clip_value"):
            self._check_above_zero(name)
        if not 0.0 <= finite_number("momentum", self.momentum) < 1.0:
            raise ValueError(f"momentum must be from 0 to below 1. Got {self.momentum}.")
        T = self.task_made().T
        if self.chunk is not None:
            whole_number("chunk", self.chunk, 1, T)
        self._check_gates()

    def task_made(self) -> Task:
        """The task."""
        return TASKS[self.task](self.delay)

    def _check_above_zero(self, name: str) -> None:
        value = getattr(self, name)
        if value is None and name != "rate":
            return
        if finite_number(name, value) <= 0.0:
            raise ValueError(f"{name} must be above 0. Got {value}.")

    def _check_gates(self) -> None:
        if self.start == "identity" and self.cell != "rnn":
            raise ValueError(
                f"start must be default or orthogonal for cell {self.cell!r}. Got 'identity'."
            )
        if self.activation != "tanh" and self.cell != "rnn":
            raise ValueError(
                f"activation must be tanh for cell {self.cell!r}. Got {self.activation!r}."
            )
        if self.forget_bias is None:
            return
        if self.cell == "rnn":
            raise ValueError(f"forget_bias must be None for an RNN. Got {shown(self.forget_bias)}.")
        if isinstance(self.forget_bias, str):
            one_of("forget_bias", self.forget_bias, ("chrono",))
        else:
            finite_number("forget_bias", self.forget_bias)
