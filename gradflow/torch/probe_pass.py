"""One pass forward and backward through a network, which leaves no trace in it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.nn.parallel import DataParallel, DistributedDataParallel

from gradflow.torch.module_calls import ModuleCall, call_of
from gradflow.torch.recurrent_parts import RecurrentPart
from gradflow.watching.probed_module import ProbedModule


def bare_network(model: torch.nn.Module) -> torch.nn.Module:
    """The network inside what `torch.compile` and data parallelism wrap around it."""
    inner: Any = model
    while True:
        if isinstance(inner, DataParallel | DistributedDataParallel):
            inner = inner.module
        elif hasattr(inner, "_orig_mod"):
            inner = inner._orig_mod
        else:
            return inner


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
    with _left_as_it_was(network, modules), _calls(modules) as calls:
        loss = loss_of(network)
        _check_loss(loss)
        asked = [leaf for call in calls for leaf in call.leaves]
        asked += [w for module in modules for w in weights[module].values()]
        found = iter(torch.autograd.grad(loss, asked, allow_unused=True))
    # In the order in which they were asked for.
    back = {call: (next(found), next(found)) for call in calls}
    own = {module: {name: next(found) for name in weights[module]} for module in modules}
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
            probed.append(ProbedModule(part.layers, cell, sequences, gradients))
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


@contextlib.contextmanager
def _left_as_it_was(network: torch.nn.Module, modules: Sequence[Any]) -> Iterator[None]:
    """Nothing drawn, dropped, compiled or cast; afterwards all is as before.

    Recurrent modules stay in training mode, as cuDNN has no way back otherwise, without dropout.
    """
    devices = {w.device for w in network.parameters()}
    training = {module: module.training for module in network.modules()}
    dropout = {module: module.dropout for module in modules}
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng([d for d in devices if d.type == "cuda"]))
        stack.enter_context(torch.enable_grad())
        for kind in {"cpu", *(device.type for device in devices)}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        # Nothing is compiled unless that is loaded, which takes seconds.
        if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            network.eval()
            for module in modules:
                module.training, module.dropout = True, 0.0
            yield
        finally:
            for module, mode in training.items():
                module.training = mode
            for module, share in dropout.items():
                module.dropout = share


def _check_loss(loss: Any) -> None:
    is_tensor = isinstance(loss, torch.Tensor)
    if not is_tensor or loss.numel() != 1 or not loss.requires_grad:
        said = f"a tensor of shape {tuple(loss.shape)}" if is_tensor else type(loss).__name__
        raise ValueError(f"probe must return one number that has a gradient. Got {said}.")
