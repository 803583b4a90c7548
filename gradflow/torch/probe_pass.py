"""One pass forward and backward through a network, which leaves no trace in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from gradflow.cells import Cell
from gradflow.torch.bidirectional_stack import LayersOfStack
from gradflow.torch.module_calls import KeptCalls, ModuleCall, chains_of
from gradflow.torch.quiet_pass import check_loss, gradients_of, left_as_it_was
from gradflow.torch.recurrent_parts import RecurrentPart, is_cell
from gradflow.watching.probed_module import (
    ProbedModule,
    ProbedSequence,
    cell_as_read,
    joined,
)


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
    stacks = {part.module: LayersOfStack(part.module) for part in parts if part.layer is not None}
    parts = [_by_itself(part, stacks) for part in parts]
    modules = list(dict.fromkeys(part.module for part in parts))
    weights = {
        module: {name: w for name, w in module.named_parameters() if w.requires_grad}
        for module in modules
    }
    layers = [module for module in modules if not is_cell(module)]
    with left_as_it_was(network, layers), _calls(modules, stacks) as calls:
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
            cell = cell_as_read(part.cell(), [call.at_end(part, back[call]) for call in own_calls])
            chains = chains_of(own_calls)
            sequences = [
                sequence
                for chain in chains
                for sequence in _sequences(part, cell, [(c, back[c]) for c in chain], lengths)
            ]
            gradients = part.own_gradients(cell, own[part.module])
            not_followed = _why_not_followed(chains, sequences)
            probed.append(
                ProbedModule(part.layers, cell, tuple(sequences), gradients, not_followed)
            )
    return probed


def _sequences(
    part: RecurrentPart,
    cell: Cell,
    chain: Sequence[tuple[ModuleCall, Sequence[Any]]],
    lengths: Sequence[int] | None,
) -> Iterator[ProbedSequence]:
    """The sequences of calls that go on from each other, each with its gradients."""
    first, _ = chain[0]
    pieces = [list(call.sequences(part, cell, gradients)) for call, gradients in chain]
    whole = [joined(parts) for parts in zip(*pieces, strict=True)]
    # Read from its end, a sequence has its padding first.
    if lengths is None or first.tells_lengths or part.is_reverse:
        yield from whole
        return
    if len(lengths) != len(whole):
        raise ValueError(
            f"lengths must be of each of the n={len(whole)} sequences. Got {len(lengths)}."
        )
    for sequence, length in zip(whole, lengths, strict=True):
        yield replace(sequence, length=min(length, sequence.length))


def _why_not_followed(
    chains: Sequence[Sequence[ModuleCall]], sequences: Sequence[ProbedSequence]
) -> str:
    if len(chains) == 1 or any(len(sequence.x) > 1 for sequence in sequences):
        return ""
    return (
        "each call must go on from the states of the one before, as they were handed out. "
        f"Got {len(chains)} calls of one step each."
    )


def _by_itself(part: RecurrentPart, stacks: Mapping[Any, LayersOfStack]) -> RecurrentPart:
    """A part whose module is a single layer, where it is one of a stack."""
    if part.layer is None:
        return part
    return replace(part, module=stacks[part.module].layers[part.layer], layer=None)


@contextlib.contextmanager
def _calls(
    modules: Sequence[torch.nn.Module], stacks: Mapping[Any, LayersOfStack]
) -> Iterator[list[ModuleCall]]:
    """The calls of modules, in the order in which they come; those of a stack where it is called.

    Hooks on what modules make come before those that are there already, so that they have what the
    module itself made.
    """
    kept = KeptCalls()
    handles = []
    try:
        for module in modules:
            handles.append(module.register_forward_pre_hook(kept.begin, with_kwargs=True))
            handles.append(module.register_forward_hook(kept.end, prepend=True, with_kwargs=True))
        for stack, layers in stacks.items():
            handles.append(stack.register_forward_hook(layers.end, prepend=True, with_kwargs=True))
        yield kept.calls
    finally:
        for handle in handles:
            handle.remove()
