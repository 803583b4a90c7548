"""The recurrent modules of a file by all naming schemes, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gradflow.weights.contents import Contents
from gradflow.weights.flax import flax_modules
from gradflow.weights.keras import keras_modules
from gradflow.weights.layers import Module
from gradflow.weights.mlx import mlx_modules
from gradflow.weights.pytorch import pytorch_modules
from gradflow.weights.refusals import check_no_peepholes, nothing_found
from gradflow.weights.said_names import short_named_modules
from gradflow.weights.tensors import ChoiceError, listed, shown


def modules_in(contents: Contents) -> list[Module]:
    """The modules of a file by all naming schemes.

    Raises
    ------
    ValueError
        If there are none.
    """
    tensors = contents.tensors
    modules = [
        *contents.modules,
        *pytorch_modules(tensors, contents.told),
        *keras_modules(tensors, contents.graph),
        *flax_modules(tensors),
        *mlx_modules(tensors),
        *short_named_modules(tensors),
    ]
    if not modules:
        check_no_peepholes(tensors)
        raise ValueError(nothing_found(tensors))
    return modules


def chosen_modules(modules: Sequence[Module], prefix: Any, contents: Contents) -> list[Module]:
    """The modules to read, in order."""
    stacks = [_one_stack(modules, part, contents) for part in _prefixes(prefix)]
    told = contents.graph is not None or contents.modules
    for below, above in pairwise(stacks):
        pair = [below[-1].name, above[0].name]
        if told and contents.chain(pair) != [0, 1]:
            raise ValueError(
                "prefix must name layers that feed each other, with nothing between. "
                f"Got {shown(pair[0])} and {shown(pair[1])}, which the model's graph does not join."
            )
    return [module for stack in stacks for module in stack]


def _prefixes(prefix: Any) -> Sequence[str | None]:
    if prefix is None or isinstance(prefix, str):
        return [prefix]
    names = isinstance(prefix, Sequence) and all(isinstance(part, str) for part in prefix)
    if not names or not prefix:
        raise ValueError(f"prefix must be a name, or several. Got {prefix!r}.")
    return prefix


def _one_stack(modules: Sequence[Module], prefix: str | None, contents: Contents) -> list[Module]:
    """The modules under a prefix, which must be one or feed each other by the model's graph."""
    found = [module for module in modules if prefix is None or _is_under(module.name, prefix)]
    for module in found:
        if module.unsupported:
            raise ValueError(module.unsupported)
    names = [module.name for module in found]
    order = [0] if len(found) == 1 else None
    if len(found) > 1:
        order = contents.chain(names)
    if order is None:
        choices = names or [module.name for module in modules]
        shown_choices = listed((name or '""' for name in choices), "or")
        raise ChoiceError(
            f"prefix must name one recurrent module: {shown_choices}. Got {prefix!r}.",
            "prefix",
            choices,
        )
    return [found[place] for place in order]


def _is_under(name: str, prefix: str) -> bool:
    path = prefix.rstrip("./_")
    return name == path or (bool(path) and name.startswith((f"{path}.", f"{path}/")))
