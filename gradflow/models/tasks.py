"""What the models beside this file were trained on, in numpy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradflow.numerics.scaled import Array

FOLDER = Path(__file__).parent

# The character model: given the characters so far, which is next?
ALPHABET = " abcdefghijklmnopqrstuvwxyz,.'"
HELD_OUT = 0.1  # of the text, its end, which training does not see

# The recall task: which of four symbols came first, after many steps of two others in any order?
SYMBOLS = "ABCDxy"
CLASSES = 4
STEPS = 60


def alice() -> Array:
    """The text as numbers of its characters in ALPHABET, shape (characters,).

    The opening of Lewis Carroll's "Alice's Adventures in Wonderland" (1865), in lower case; what is
    not in ALPHABET is a space, and several spaces are one.
    """
    text = (FOLDER / "alice.txt").read_text(encoding="utf-8").lower()
    kept = "".join(letter if letter in ALPHABET else " " for letter in text)
    return np.array([ALPHABET.index(letter) for letter in " ".join(kept.split())])


def alice_parts() -> tuple[Array, Array]:
    """The text to train on, and the text held out."""
    text = alice()
    end = round(len(text) * (1 - HELD_OUT))
    return text[:end], text[end:]


def recall(generator: np.random.Generator, number: int) -> tuple[Array, Array]:
    """Sequences for the recall task, (number, STEPS), and their answers, (number,)."""
    answers = generator.integers(CLASSES, size=number)
    others = generator.integers(CLASSES, len(SYMBOLS), size=(number, STEPS - 1))
    return np.concatenate([answers[:, None], others], axis=1), answers


def recall_held_out() -> tuple[Array, Array]:
    """The sequences that the measures of the recall models are taken on."""
    return recall(np.random.default_rng(1), 512)


def one_hot(numbers: Array, size: int) -> Array:
    """Float32 ones at the given places, shape (*numbers.shape, size)."""
    return np.eye(size, dtype=np.float32)[numbers]
