"""Bidirectional layers as read from a file: whole, or the direction that the user chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradflow.cells.bidirectional import DIRECTIONS, MERGES
from gradflow.numerics.validation import one_of
from gradflow.weights.layers import FROM_THE_END, Answers, Layer
from gradflow.weights.tensors import ChoiceError, listed, shown

# What is said of a direction of a bidirectional layer.
ONE_OF_TWO = "One direction of a bidirectional layer, by itself."
MERGE_WORDS = {
    "concat": "side by side, the forward one first",
    "sum": "added up",
    "mul": "multiplied",
    "ave": "averaged",
}


def paired(forward: Layer, reverse: Layer, merge: str | None) -> Layer:
    """Two layers that read the same inputs as one.

    Parameters
    ----------
    forward, reverse : Layer
        The layers, as they were read.
    merge : str or None
        How their states are joined, as the file has it; None where it does not tell.
    """
    known_from = tuple(dict.fromkeys(forward.known_from + reverse.known_from))
    return replace(forward, known_from=known_from, reverse=reverse, merge=merge)


def as_asked(layers: Sequence[Layer], answers: Answers) -> list[Layer]:
    """The layers, each bidirectional one whole or as one of its directions.

    Raises
    ------
    ChoiceError
        If it is not known how directions are joined.
    ValueError
        If one direction is asked of a stack, or the layers cannot be joined as the file has it.
    """
    if not any(layer.reverse for layer in layers):
        return list(layers)
    if answers.direction is None:
        aboves = [*layers[1:], None]
        return [_joined(one, above, answers) for one, above in zip(layers, aboves, strict=True)]
    one_of("direction", answers.direction, DIRECTIONS)
    if len(layers) > 1:
        raise ValueError(
            "direction must be left out for layers above one another: each reads both directions "
            f"of the one below. Got {answers.direction!r}."
        )
    return [_one_of_two(layers[0], answers.direction)]


def _one_of_two(layer: Layer, direction: str) -> Layer:
    notes = (ONE_OF_TWO, *((FROM_THE_END,) if direction == "reverse" else ()))
    part = layer.reverse if direction == "reverse" and layer.reverse is not None else layer
    known_from = part.known_from + notes
    return replace(part, reverse=None, direction=direction, known_from=known_from)


def _joined(layer: Layer, above: Layer | None, answers: Answers) -> Layer:
    if layer.reverse is None:
        return layer
    merge, source = layer.merge, ""
    if merge is None:
        merge, source = _said_merge(layer, above, answers)
    if merge not in MERGES:
        raise ValueError(
            f"{shown(layer.name)} must join its directions ({listed(MERGES, 'or')}). Its model "
            'keeps them apart: choose direction="forward" or "reverse".'
        )
    if answers.merge not in (None, merge):
        raise ValueError(
            f'merge must be "{merge}" for {shown(layer.name)}, as its file or the layer above it '
            f"tells. Got {answers.merge!r}."
        )
    note = f"Directions {MERGE_WORDS[merge]} ({merge}){source}."
    return replace(layer, merge=merge, known_from=(*layer.known_from, note))


def _said_merge(layer: Layer, above: Layer | None, answers: Answers) -> tuple[str, str]:
    """How directions are joined where the file does not tell, and what tells it instead."""
    if above is not None and above.D == 2 * layer.H:
        return "concat", f": {shown(above.name)} takes {above.D} inputs"
    choices = MERGES[1:] if above is not None else MERGES
    if answers.merge is None:
        place = shown(layer.name) if layer.name else "the layer"
        raise ChoiceError(
            f"merge must be said for {place}, as the file does not tell how its directions are "
            f'joined: "{choices[0]}" or another of {listed(choices)}.',
            "merge",
            choices,
        )
    return answers.merge, ": as you said"
