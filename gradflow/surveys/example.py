"""One sequence of a data set, with what belongs to it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gradflow.losses import Loss


@dataclass(frozen=True, eq=False)
class Example:
    """A sequence of a data set. What is left out is as `survey` is told for all.

    Parameters
    ----------
    x : array of shape (T,) or (T, D)
        Inputs.
    loss : loss, optional
        L_t, with the targets of this sequence.
    targets : "last" or list of int, optional
        The steps that the loss counts.
    mask : bool array of shape (T,), optional
        The steps that count.
    name : str, optional
        What it is called where it fails; unless given "sequence 1" and so on.

    See Also
    --------
    survey : Takes any number of them.

    Examples
    --------
    >>> import gradflow as gf
    >>> spoken = gf.Example([1.0, 0.0, 2.0], loss=gf.SquaredError(1.0), name="spoken 3")
    >>> spoken
    Example('spoken 3')
    >>> gf.survey(gf.RNN(0.5, 0.9), [spoken]).count
    1
    """

    x: Any
    loss: Loss | None = None
    targets: Any = None
    mask: Any = None
    name: str | None = None

    def __repr__(self) -> str:
        return f"Example({self.name!r})"


def examples_of(
    sequences: Iterable[Any], loss: Loss | None, targets: Any, mask: Any
) -> Iterator[Example]:
    """Each sequence as an example that lacks nothing, read as they come."""
    for number, given in enumerate(sequences, start=1):
        example = given if isinstance(given, Example) else Example(given)
        yield replace(
            example,
            loss=loss if example.loss is None else example.loss,
            targets=targets if example.targets is None else example.targets,
            mask=mask if example.mask is None else example.mask,
            name=f"sequence {number}" if example.name is None else example.name,
        )
