"""A network whose parameters are sharded over several ranks, whole for as long as a pass takes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch


@contextlib.contextmanager
def whole_parameters(network: torch.nn.Module) -> Iterator[None]:
    """Every rank has all parameters, and no hook of PyTorch's gathers them; then all is as before.

    Gathering is a joint work: each rank has to come here. A network that is not sharded stays as it
    is, and needs no other rank.

    Parameters
    ----------
    network : torch.nn.Module
    """
    sharded = [
        (module, name, parameter)
        for module in network.modules()
        for name, parameter in module._parameters.items()
        if _is_sharded(parameter)
    ]
    if not sharded:
        yield
        return
    # A parameter that two modules share is one again.
    whole = {parameter: _gathered(parameter) for _, _, parameter in sharded}
    with contextlib.ExitStack() as stack:
        for module in network.modules():
            for hooks in (module._forward_pre_hooks, module._forward_hooks):
                stack.enter_context(_without_gathering(hooks))
        try:
            # An attribute, as a recurrent layer has a second list of its weights.
            for module, name, parameter in sharded:
                setattr(module, name, whole[parameter])
            yield
        finally:
            for module, name, parameter in sharded:
                setattr(module, name, parameter)


def check_sharding(network: torch.nn.Module) -> None:
    """Raise ValueError where parameters are sharded in a way that is not looked through."""
    if any(type(module).__name__ == "FullyShardedDataParallel" for module in network.modules()):
        raise ValueError(
            "model must be sharded with torch.distributed.fsdp.fully_shard, whose parameters can "
            "be gathered. Got FullyShardedDataParallel."
        )


def _is_sharded(parameter: Any) -> bool:
    # By its name: the module that has the type takes a second to load, and is there if it is used.
    return parameter is not None and type(parameter.data).__name__ == "DTensor"


def _gathered(parameter: Any) -> torch.nn.Parameter:
    return torch.nn.Parameter(parameter.detach().full_tensor(), parameter.requires_grad)


@contextlib.contextmanager
def _without_gathering(hooks: dict[int, Callable[..., Any]]) -> Iterator[None]:
    kept = dict(hooks)
    for key, hook in kept.items():
        if _is_of_pytorch(hook):
            del hooks[key]
    try:
        yield
    finally:
        hooks.clear()
        hooks.update(kept)


def _is_of_pytorch(hook: Any) -> bool:
    """Whether a hook is one of those by which torch.distributed shards a module."""
    while isinstance(hook, partial):
        hook = hook.func
    return str(getattr(hook, "__module__", "")).startswith("torch.distributed")
