"""One sequence of a data set, with what belongs to it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gradflow.losses import Loss


@dataclass(frozen=True, eq=False)
class Sample:
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
    weights : array of shape (T,), optional
        w_t, by which the loss of each step is multiplied; 1 unless given.
    name : str, optional
        What it is called where it fails; unless given "sequence 1" and so on.

    See Also
    --------
    survey : Takes any number of them.

    Examples
    --------
    >>> import gradflow as gf
    >>> spoken = gf.Sample([1.0, 0.0, 2.0], loss=gf.SquaredError(1.0), name="spoken 3")
    >>> spoken
    Sample('spoken 3')
    >>> gf.survey(gf.RNN(0.5, 0.9), [spoken]).count
    1
    """

    x: Any
    loss: Loss | None = None
    targets: Any = None
    mask: Any = None
    name: str | None = None
    weights: Any = None

    def __repr__(self) -> str:
        return f"Sample({self.name!r})"


def samples_of(
    sequences: Iterable[Any], loss: Loss | None, targets: Any, mask: Any
) -> Iterator[Sample]:
    """Each sequence as a sample that lacks nothing, read as they come."""
    for number, given in enumerate(sequences, start=1):
        sample = given if isinstance(given, Sample) else Sample(given)
        yield replace(
            sample,
            loss=loss if sample.loss is None else sample.loss,
            targets=targets if sample.targets is None else sample.targets,
            mask=mask if sample.mask is None else sample.mask,
            name=f"sequence {number}" if sample.name is None else sample.name,
        )
