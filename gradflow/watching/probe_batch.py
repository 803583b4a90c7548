"""A fixed batch that a network under watch is asked about at every pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradflow.numerics.validation import shown, whole_number


@dataclass(frozen=True, eq=False)
class Probe:
    """A fixed batch and its loss, the same at every pass.

    Parameters
    ----------
    inputs : tuple
        What the network is called with.
    loss : callable
        From what the network returns to one number, as in training.
    lengths : sequence of int, optional
        Steps of each sequence before its padding, where the recurrent layers read padded batches.
        The target of a sequence is then not in its padding. Packed sequences and masks tell their
        lengths.

    Examples
    --------
    >>> import torch
    >>> from gradflow.torch import Probe
    >>> x, y = torch.zeros(4, 30, 3), torch.zeros(4, dtype=torch.long)
    >>> probe = Probe((x,), lambda o: torch.nn.functional.cross_entropy(o, y), [30, 30, 20, 10])
    """

    inputs: tuple[Any, ...]
    loss: Callable[[Any], Any]
    lengths: Any = None

    def __call__(self, network: Any) -> Any:
        """The loss of a network."""
        return self.loss(network(*self.inputs))


def probe_lengths(probe: Any) -> list[int] | None:
    """The lengths that a probe tells.

    Raises
    ------
    ValueError
        If it cannot be called, or a length is no whole number from 1 on.
    """
    if not callable(probe):
        raise ValueError(f"probe must be a Probe, or a callable to the loss. Got {shown(probe)}.")
    given = getattr(probe, "lengths", None)
    if given is None:
        return None
    return [whole_number("lengths", int(length), 1) for length in given]
