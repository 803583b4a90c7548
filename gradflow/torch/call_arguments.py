"""What recurrent modules of PyTorch are called with, and the states that they take and hand out."""

from __future__ import annotations

from typing import Any


def arguments_of(input: Any, hx: Any = None) -> tuple[Any, Any]:
    """The arguments of a recurrent module, by their places and names there."""
    return input, hx


def together(states: Any) -> tuple[Any, ...]:
    """States as a tuple: an LSTM has two of them, any other one."""
    return tuple(states) if isinstance(states, tuple | list) else (states,)


def as_given(states: tuple[Any, ...]) -> Any:
    """States as a module takes them: an LSTM two of them, any other the one."""
    return states if len(states) > 1 else states[0]
