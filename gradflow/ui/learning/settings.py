"""The settings of the page Learning, which its links hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradflow.training import TrainingSettings
from gradflow.ui.shared.links import Form
from gradflow.ui.shared.setting_fields import LinkedSettings, setting

# About how many checkpoints a run has, the most updates, and the most seeds.
CHECKPOINTS = 15
MOST_UPDATES = 2000
MOST_SEEDS = 5

# What a start is, by the name that links have of it.
_RNN_STARTS: dict[str, dict[str, Any]] = {
    "default": {},
    "orthogonal": {"start": "orthogonal"},
    "identity": {"start": "identity", "activation": "relu"},
}
_LSTM_STARTS: dict[str, dict[str, Any]] = {
    "default": {},
    "orthogonal": {"start": "orthogonal"},
    "forget_bias_0": {"forget_bias": 0.0},
    "forget_bias_1": {"forget_bias": 1.0},
    "chrono": {"forget_bias": "chrono"},
}

# What they are called, here and beside their curves.
START_LABELS = {
    "default": "default",
    "orthogonal": "orthogonal",
    "identity": "identity, ReLU",
    "forget_bias_0": "forget bias 0",
    "forget_bias_1": "forget bias 1",
    "chrono": "chrono",
}


def _labelled(starts: dict[str, dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, START_LABELS[name]) for name in starts)


@dataclass(frozen=True)
class LearningSettings(LinkedSettings):
    """All settings of the page."""

    task: str = setting(
        "recall",
        "Task",
        "Each asks at the last step for what was read long before it.",
        choices=(
            ("recall", "Recall: which of four symbols came first?"),
            ("agreement", "Agreement: is the noun before the clause singular or plural?"),
            ("adding", "Adding: what is the sum of the two marked numbers?"),
        ),
    )
    checkpoint: int = setting(
        0,
        "Checkpoint",
        "Updates of the checkpoint at which the slider stands.",
        (0, MOST_UPDATES, 1),
    )
    delay: int = setting(
        30, "Delay", "Steps from the input that decides to the last step.", (3, 100, 1)
    )
    hidden: int = setting(16, "Hidden units", "Of each network.", (1, 64, 1))
    updates: int = setting(
        300, "Updates", "Of the weights, from batches of 32 sequences.", (10, MOST_UPDATES, 10)
    )
    optimiser: str = setting(
        "adam",
        "Optimiser",
        "What turns a gradient into new weights.",
        choices=(("adam", "Adam"), ("sgd", "Gradient descent, momentum 0.9")),
    )
    rate: float = setting(0.005, "Learning rate", "How far an update goes.", (0.00001, 10.0, 0.001))
    clip: float = setting(
        1.0,
        "Clip the norm at",
        "The most that the gradient's norm may be; 0: any.",
        (0.0, 1e6, 0.5),
    )
    seed: int = setting(0, "Seed", "Of the start and of the batches.", (0, 9999, 1))
    seeds: int = setting(
        1,
        "Number of seeds",
        "Trained one after the other, beginning with the seed above.",
        (1, MOST_SEEDS, 1),
    )
    rnn_start: str = setting(
        "default",
        "Start of the RNN",
        "Of its recurrent weights: even within $1/\\sqrt H$, as in PyTorch; orthogonal; or the "
        "identity, with ReLU for tanh (Le et al. 2015).",
        choices=_labelled(_RNN_STARTS),
    )
    lstm_start: str = setting(
        "chrono",
        "Start of the LSTM",
        "Default: all even within $1/\\sqrt H$, as in PyTorch. The others have orthogonal "
        "recurrent weights, or another forget bias: 0, 1, or drawn for the delay (chrono).",
        choices=_labelled(_LSTM_STARTS),
    )

    def training(self) -> dict[str, TrainingSettings]:
        """What an RNN and an LSTM are trained from, at the first seed."""
        common: dict[str, Any] = {
            "task": self.task,
            "delay": self.delay,
            "hidden": self.hidden,
            "optimiser": self.optimiser,
            "momentum": 0.9 if self.optimiser == "sgd" else 0.0,
            "rate": self.rate,
            "clip_norm": self.clip or None,
            "updates": self.updates,
            "every": -(-self.updates // CHECKPOINTS),
            "seed": self.seed,
        }
        return {
            "RNN": TrainingSettings(cell="rnn", **common | _RNN_STARTS[self.rnn_start]),
            "LSTM": TrainingSettings(cell="lstm", **common | _LSTM_STARTS[self.lstm_start]),
        }


FORM = Form({"1": LearningSettings()}, ("task",))
