"""The fall and the tail of one target's terms."""

from __future__ import annotations

from gradflow.flow import GradientFlow, requires_flow
from gradflow.numerics.falls_and_tails import FallAndTail, fall_and_tail_of


@requires_flow
def fall_and_tail(
    flow: GradientFlow, t: int, layer: int | None = None, *, parameter: str = "b"
) -> FallAndTail:
    """What falls away near the target, and what is carried on from there.

    Parameters
    ----------
    flow : GradientFlow
        Terms of one cell on one sequence.
    t : int
        Target step, one of `flow.targets`.
    layer : int, optional
        The layer of a stack, 0 next to the input; may be left out where there is only one.
    parameter : str
        Whose terms, as for `GradientFlow.log10`.

    Returns
    -------
    FallAndTail
        By a line with at most one bend through log10 |term|, which a single dead step, a few exact
        zeros and the very last term do not draw away.

    Raises
    ------
    ValueError
        If t is not a target step, or the name or the layer is unknown.

    Examples
    --------
    One step is dead, and the 29 others carry all there is:

    >>> import gradflow as gf
    >>> rnn = gf.RNN(1.0, 1.0, activation="relu")
    >>> flow = gf.gradient_flow(rnn, [-1.0] + [1.0] * 29)
    >>> gf.memory.fall_and_tail(flow, 30)
    FallAndTail(t=30, bend=None, tail_decay=1, 'stable')
    """
    return fall_and_tail_of(flow.log10_row(parameter, t, layer))
