"""Train the models that ship: `python -m gradflow.models.make_models`, in a minute or two.

Needs PyTorch and safetensors. The same versions on the same kind of machine give the same files.
"""

import json

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

from gradflow.models import tasks

FORGET = 1  # the place of the forget gate among PyTorch's gates


class ReadLSTM(nn.Module):
    """An LSTM and a linear layer that reads it."""

    def __init__(self, inputs: int, hidden: int, outputs: int, forget_bias: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, outputs)
        gate = slice(FORGET * hidden, (FORGET + 1) * hidden)
        with torch.no_grad():
            self.lstm.bias_ih_l0[gate] = forget_bias
            self.lstm.bias_hh_l0[gate] = 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.readout(self.lstm(x)[0])


def inputs_of(numbers: np.ndarray, size: int) -> torch.Tensor:
    """Ones at the given places, as a tensor."""
    return torch.from_numpy(tasks.one_hot(numbers, size))


def step(optimiser: torch.optim.Optimizer, model: nn.Module, loss: torch.Tensor) -> None:
    """One step down, with the gradient clipped."""
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()


def train_character(steps: int = 700, window: int = 80, batch: int = 24) -> dict[str, object]:
    """Train the character model and return what was measured."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    size = len(tasks.ALPHABET)
    model = ReadLSTM(size, hidden=48, outputs=size, forget_bias=1.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    text, held_out = tasks.alice_parts()
    for _ in range(steps):
        starts = generator.integers(len(text) - window - 1, size=(batch, 1))
        pieces = text[starts + np.arange(window + 1)]
        o = model(inputs_of(pieces[:, :-1], size))
        step(
            optimiser, model, cross_entropy(o.flatten(0, 1), torch.tensor(pieces[:, 1:]).flatten())
        )
    save(model, "character")
    return {
        "training steps": steps,
        "loss": {"training text": loss_on(model, text), "held-out text": loss_on(model, held_out)},
        "accuracy": {
            "training text": accuracy_on(model, text),
            "held-out text": accuracy_on(model, held_out),
        },
    }


@torch.no_grad()
def loss_on(model: nn.Module, text: np.ndarray) -> float:
    """Mean cross-entropy of the next character, in nats."""
    o = model(inputs_of(text[None, :-1], len(tasks.ALPHABET)))[0]
    return cross_entropy(o, torch.from_numpy(text[1:])).item()


@torch.no_grad()
def accuracy_on(model: nn.Module, text: np.ndarray) -> float:
    """How many of the next characters are the likeliest by the model."""
    o = model(inputs_of(text[None, :-1], len(tasks.ALPHABET)))[0]
    return (o.argmax(1) == torch.from_numpy(text[1:])).double().mean().item()


def train_recall(
    name: str, forget_bias: float, steps: int = 1500, batch: int = 32
) -> dict[str, object]:
    """Train a recall model and return what was measured."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    size = len(tasks.SYMBOLS)
    model = ReadLSTM(size, hidden=16, outputs=tasks.CLASSES, forget_bias=forget_bias)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        sequences, answers = tasks.recall(generator, batch)
        o = model(inputs_of(sequences, size))[:, -1]
        step(optimiser, model, cross_entropy(o, torch.from_numpy(answers)))
    save(model, name)
    sequences, answers = tasks.recall_held_out()
    with torch.no_grad():
        o = model(inputs_of(sequences, size))[:, -1]
    return {
        "training steps": steps,
        "forget bias at the start": forget_bias,
        "loss": cross_entropy(o, torch.from_numpy(answers)).item(),
        "accuracy": (o.argmax(1) == torch.from_numpy(answers)).double().mean().item(),
    }


def save(model: nn.Module, name: str) -> None:
    """Write a model beside this file."""
    save_file(model.state_dict(), tasks.FOLDER / f"{name}.safetensors")


def text_of(numbers: np.ndarray, symbols: str) -> str:
    """Numbers of symbols as the symbols."""
    return "".join(symbols[number] for number in numbers)


def main() -> None:
    """Train all, and write models.json: what each is, and what was measured when it was trained."""
    torch.set_num_threads(1)
    text = text_of(tasks.alice()[:300], tasks.ALPHABET)
    recall = text_of(tasks.recall_held_out()[0][0], tasks.SYMBOLS)
    models = {
        "character": {
            "title": "Next character of Alice",
            "symbols": tasks.ALPHABET,
            "example": text,
            "measured": train_character(),
        },
        "recall_learned": {
            "title": "Recall task, learned",
            "symbols": tasks.SYMBOLS,
            "example": recall,
            "measured": train_recall("recall_learned", forget_bias=5.0),
        },
        "recall_not_learned": {
            "title": "Recall task, not learned",
            "symbols": tasks.SYMBOLS,
            "example": recall,
            "measured": train_recall("recall_not_learned", forget_bias=0.0),
        },
    }
    (tasks.FOLDER / "models.json").write_text(json.dumps(models, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
