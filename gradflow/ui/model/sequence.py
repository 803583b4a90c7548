"""The sequence a model reads: symbols, noise, or numbers from a file or a text field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.shipped import Shipped
from gradflow.ui.shared.setting_fields import LONGEST


@dataclass(frozen=True, eq=False)
class Sequence:
    """What a model reads.

    Attributes
    ----------
    x : array of shape (T, D)
        Inputs.
    words : tuple of T str, or None
        The symbols, where it is made of them.
    left_out : int
        Steps beyond the longest sequence of the page.
    own : bool
        Whether it is the user's own numbers.
    """

    x: Array
    words: tuple[str, ...] | None = None
    left_out: int = 0
    own: bool = False


def noise_read(T: int, D: int, seed: int) -> Sequence:
    """Independent standard normal numbers."""
    return Sequence(frozen(np.random.default_rng(seed).standard_normal((T, D))))


def symbols_read(text: str, symbols: str) -> Sequence:
    """A text as ones at the places of its symbols.

    Parameters
    ----------
    text : str
        Letters in the other case stand for the symbols, and what is no symbol for a space, if that
        is one.
    symbols : str
        Input d is 1 where the text has symbol d.

    Raises
    ------
    ValueError
        If the text is empty or holds what is no symbol.
    """
    if not text:
        raise ValueError("The text must have at least one character. Got none.")
    found = [_symbol(character, symbols) for character in text[:LONGEST]]
    x = np.eye(len(symbols))[[symbols.index(symbol) for symbol in found]]
    words = tuple("␣" if symbol == " " else symbol for symbol in found)
    return Sequence(frozen(x), words, len(text) - len(found))


def numbers_read(numbers: Array) -> Sequence:
    """Numbers as they were read, of shape (T, D), up to the page's longest sequence."""
    return Sequence(numbers[:LONGEST], None, max(0, len(numbers) - LONGEST), own=True)


def chosen(
    settings: ModelSettings,
    shipped: Shipped | None,
    D: int,
    text: str,
    numbers: Array | None,
) -> Sequence:
    """The sequence that the settings choose.

    While there is no text, it is the example; while there are no numbers that fit, noise.

    Parameters
    ----------
    settings : ModelSettings
        The page's settings.
    shipped : Shipped or None
        The model, if it is one of those that ship; another has no symbols.
    D : int
        Its input size.
    text : str
        The user's own text.
    numbers : array of shape (T, D') or None
        The user's own numbers.

    Raises
    ------
    ValueError
        If the text holds what is no symbol of the model.
    """
    if shipped is not None and settings.sequence in ("example", "text"):
        own = text if settings.sequence == "text" else ""
        return symbols_read(own or shipped.example, shipped.symbols)
    if settings.sequence == "own" and numbers is not None and numbers.shape[1] == D:
        return numbers_read(numbers)
    return noise_read(settings.T, D, settings.seed)


def _symbol(character: str, symbols: str) -> str:
    for candidate in (character, character.lower(), character.upper(), " "):
        if candidate in symbols and len(candidate) == 1:
            return candidate
    raise ValueError(
        f"The text must be made of the model's symbols, {' '.join(symbols)}. Got {character!r}."
    )
