"""One pass forward and backward through a network, which leaves no trace in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from gradflow.torch.module_calls import ModuleCall, call_of
from gradflow.torch.quiet_pass import check_loss, gradients_of, left_as_it_was
from gradflow.torch.recurrent_parts import RecurrentPart
from gradflow.watching.probed_module import ProbedModule


def probed_modules(
    network: torch.nn.Module,
    parts: Sequence[RecurrentPart],
    loss_of: Callable[[torch.nn.Module], Any],
    lengths: Sequence[int] | None,
) -> list[ProbedModule]:
    """Each recurrent module as one pass finds it; those that the pass does not come to are not in.

    Gradients are asked for and not added up: nobody's `.grad` is touched. Hooks are on modules, for
    as long as the pass takes.

    Parameters
    ----------
    network : torch.nn.Module
    parts : sequence of RecurrentPart
    loss_of : callable
        From the network to the loss of the probe.
    lengths : sequence of int, optional
        Steps of each sequence before its padding.

    Raises
    ------
    ValueError
        If the loss is not one number that has a gradient, or a weight is not finite.
    """
    modules = list(dict.fromkeys(part.module for part in parts))
    weights = {
        module: {name: w for name, w in module.named_parameters() if w.requires_grad}
        for module in modules
    }
    with left_as_it_was(network, modules), _calls(modules) as calls:
        loss = loss_of(network)
        check_loss(loss)
        of_weights = [weights[module].values() for module in modules]
        found = gradients_of(loss, [*(call.leaves for call in calls), *of_weights])
    back = dict(zip(calls, found, strict=False))
    own = {
        module: dict(zip(weights[module], gradients, strict=True))
        for module, gradients in zip(modules, found[len(calls) :], strict=True)
    }
    probed = []
    for part in parts:
        own_calls = [call for call in calls if call.module is part.module]
        if own_calls:
            cell = part.cell()
            sequences = tuple(
                sequence
                for call in own_calls
                for sequence in call.sequences(part, cell, back[call], lengths)
            )
            gradients = part.own_gradients(cell, own[part.module])
            unseen = max(call.unseen(part, back[call]) for call in own_calls)
            probed.append(ProbedModule(part.layers, cell, sequences, gradients, unseen))
    return probed


@contextlib.contextmanager
def _calls(modules: Sequence[torch.nn.Module]) -> Iterator[list[ModuleCall]]:
    """The calls of modules, in the order in which they come."""
    calls: list[ModuleCall] = []

    def keep(module: Any, arguments: Any, named: Any, output: Any) -> Any:
        call, handed_on = call_of(module, arguments, named, output)
        calls.append(call)
        return handed_on

    handles = [module.register_forward_hook(keep, with_kwargs=True) for module in modules]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
