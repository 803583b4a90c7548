"""What a pass through a network leaves as it was, its loss, and the gradients of that."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch


@contextlib.contextmanager
def left_as_it_was(network: torch.nn.Module, layers: Sequence[Any]) -> Iterator[None]:
    """Nothing drawn, dropped, compiled or cast; afterwards all is as before.

    Recurrent layers stay in training mode, as cuDNN has no way back otherwise, without dropout.
    """
    devices = {w.device for w in network.parameters()}
    training = {module: module.training for module in network.modules()}
    dropout = {module: module.dropout for module in layers}
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
            for module in layers:
                module.training, module.dropout = True, 0.0
            yield
        finally:
            for module, mode in training.items():
                module.training = mode
            for module, share in dropout.items():
                module.dropout = share


def check_loss(loss: Any) -> None:
    """Raise ValueError unless the loss of a probe is one number that has a gradient."""
    is_tensor = isinstance(loss, torch.Tensor)
    if not is_tensor or loss.numel() != 1 or not loss.requires_grad:
        said = f"a tensor of shape {tuple(loss.shape)}" if is_tensor else type(loss).__name__
        raise ValueError(f"probe must return one number that has a gradient. Got {said}.")


def gradients_of(loss: Any, groups: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """The gradients of groups of tensors, asked for together: none is added up anywhere.

    Parameters
    ----------
    loss : Tensor
        The loss of a probe.
    groups : iterable of iterables of Tensor

    Returns
    -------
    list of lists of Tensor or None
        Group by group; None where the loss does not depend on a tensor.
    """
    kept = [list(group) for group in groups]
    asked = [tensor for group in kept for tensor in group]
    found = iter(torch.autograd.grad(loss, asked, allow_unused=True))
    return [[next(found) for _ in group] for group in kept]
