"""The order in which modules of a file feed each other."""

from __future__ import annotations

from collections.abc import Sequence, Set


def in_a_row(names: Sequence[str | None], feeds: Set[tuple[str, str]]) -> list[int] | None:
    """The order in which modules feed each other one by one.

    Parameters
    ----------
    names : sequence of str or None
        The modules.
    feeds : set of pairs
        Modules of which the first is the only input of the second, step by step.

    Returns
    -------
    list of int or None
        Places in `names`; None if they are not one row.
    """
    after = {a: b for a, b in feeds if a in names and b in names}
    if len(after) != len([pair for pair in feeds if set(pair) <= set(names)]):
        return None
    starts = [name for name in names if name not in after.values()]
    order = starts[:1] if len(starts) == 1 else []
    while order and order[-1] in after and len(order) < len(names):
        order.append(after[order[-1]])
    return [names.index(name) for name in order] if len(order) == len(names) else None
