"""The sequence a model reads: symbols, noise, or numbers from a file or a text field."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import gradflow as gf
from gradflow.numerics.scaled import Array
from gradflow.numerics.validation import frozen
from gradflow.ui.model.data_set import DataSet
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
    target : array of shape (T,), or None
        The target of each step, where there is one.
    weights : array of shape (T,), or None
        The weight of each step's loss, where the user's numbers have one.
    masked : int
        Steps that count for nothing and are not among the T.
    ids : int array of shape (T,), or None
        The tokens, where the inputs were looked up in an embedding.
    """

    x: Array
    words: tuple[str, ...] | None = None
    left_out: int = 0
    own: bool = False
    target: Array | None = None
    weights: Array | None = None
    masked: int = 0
    ids: Array | None = None

    def shortened(self, T: int) -> Sequence:
        """Its first steps."""
        return replace(
            self,
            x=self.x[:T],
            words=self.words and self.words[:T],
            weights=None if self.weights is None else self.weights[:T],
            ids=None if self.ids is None else self.ids[:T],
        )

    def without(self, skip: int, padding: bool) -> Sequence:
        """Those of its steps that count; the others keep the state, as if they were not there.

        Parameters
        ----------
        skip : int
            Steps at the beginning that do not count.
        padding : bool
            Whether steps whose inputs are all 0 do not count.

        Raises
        ------
        ValueError
            If none counts.
        """
        counts = np.arange(len(self.x)) >= skip
        if padding:
            counts &= self.x.any(axis=1)
        if not counts.any():
            raise ValueError(
                f"The mask must leave at least one step. Got {len(counts)} masked steps of "
                f"{len(counts)}."
            )
        return replace(
            self,
            x=self.x[counts],
            words=self.words and tuple(np.array(self.words)[counts].tolist()),
            target=None if self.target is None else self.target[counts],
            weights=None if self.weights is None else self.weights[counts],
            masked=int((~counts).sum()),
            ids=None if self.ids is None else self.ids[counts],
        )


def noise_read(T: int, D: int, seed: int) -> Sequence:
    """Independent standard normal numbers."""
    return Sequence(frozen(np.random.default_rng(seed).standard_normal((T, D))))


def tokens_read(T: int, seed: int, model: gf.Model) -> Sequence:
    """Independent token ids, any as likely as another, of a model with an embedding in front."""
    assert model.embedding is not None
    ids = np.random.default_rng(seed).integers(len(model.embedding), size=T)
    return _looked_up(model, Sequence(ids[:, None]))


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


def numbers_read(numbers: Array, target: bool = False, weights: bool = False) -> Sequence:
    """Numbers as they were read, up to the page's longest sequence.

    Parameters
    ----------
    numbers : array of shape (T, D), (T, D + 1) or (T, D + 2)
        A row a step: the inputs, then the target and the weight, where there are such.
    target, weights : bool
        Whether there are.
    """
    used = numbers[:LONGEST]
    D = used.shape[1] - target - weights
    return Sequence(
        used[:, :D],
        None,
        max(0, len(numbers) - LONGEST),
        own=True,
        target=used[:, D] if target else None,
        weights=used[:, -1] if weights else None,
    )


def chosen(
    settings: ModelSettings,
    shipped: Shipped | None,
    model: gf.Model,
    text: str,
    numbers: Array | None,
    many: DataSet | None,
) -> Sequence:
    """The sequence that the settings choose.

    While there is no text, it is the example; while there are no numbers that fit, noise, or token
    ids where an embedding lies in front.

    Parameters
    ----------
    settings : ModelSettings
        The page's settings.
    shipped : Shipped or None
        The model, if it is one of those that ship; another has no symbols.
    model : Model
        The model.
    text : str
        The user's own text.
    numbers : array of shape (T, D') or None
        The user's own numbers; token ids where an embedding lies in front.
    many : DataSet or None
        The user's own sequences, of such numbers.

    Raises
    ------
    ValueError
        If the text holds what is no symbol of the model, or a number is no token.
    """
    D = model.cell.D
    if shipped is not None and settings.sequence in ("example", "text"):
        own = text if settings.sequence == "text" else ""
        return symbols_read(own or shipped.example, shipped.symbols)
    beside = settings.has_targets, settings.has_weights
    fits = numbers is not None and numbers.shape[1] == columns(model) + sum(beside)
    if settings.sequence == "own" and numbers is not None and fits:
        read = numbers_read(numbers, *beside)
        return read if model.embedding is None else _looked_up(model, read)
    if is_survey(settings, model, many):
        assert many is not None
        place = many.place(settings.number)
        return one_of_many(model, many.sequences[place], many.targets[place])
    if model.embedding is not None:
        return tokens_read(settings.T, settings.seed, model)
    return noise_read(settings.T, D, settings.seed)


def is_survey(settings: ModelSettings, model: gf.Model, many: DataSet | None) -> bool:
    """Whether the user's own sequences are shown: they are chosen, and fit the model."""
    return settings.sequence == "many" and many is not None and columns(model) == many.D


def one_of_many(model: gf.Model, numbers: Array, target: Array | None) -> Sequence:
    """One of the user's sequences, (T, D), and its targets, (T,), as the model reads it."""
    read = numbers_read(numbers)
    read = replace(read, target=None if target is None else target[: len(read.x)])
    return read if model.embedding is None else _looked_up(model, read)


def columns(model: gf.Model) -> int:
    """Numbers of a step that a user gives: its inputs, or one token id."""
    return model.cell.D if model.embedding is None else 1


def _looked_up(model: gf.Model, read: Sequence) -> Sequence:
    """The vectors of token ids."""
    ids = read.x[:, 0].astype(int)
    if (ids != read.x[:, 0]).any():
        raise ValueError(
            f"Token ids must be whole numbers. Got {read.x[ids != read.x[:, 0], 0][0]:g}."
        )
    return replace(read, x=model.looked_up(ids), words=tuple(map(str, ids)), ids=ids)


def _symbol(character: str, symbols: str) -> str:
    for candidate in (character, character.lower(), character.upper(), " "):
        if candidate in symbols and len(candidate) == 1:
            return candidate
    raise ValueError(
        f"The text must be made of the model's symbols, {' '.join(symbols)}. Got {character!r}."
    )
